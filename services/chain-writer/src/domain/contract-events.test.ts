import { encodeAgreementCall, manualCutArguments } from '@consign/chain'
import { manualCutDigest, partyByWallet, termsHash } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { concatHex, type Hex, padHex } from 'viem'
import { expect, test } from 'vitest'
import { type ContractEvent, contractFact, isCut, manualCutIn } from './contract-events.ts'

const { terms, parties } = sampleAgreement(SAMPLE_DRAFT)
const of = { chainId: 31_337, agreement: `0x${'a1'.repeat(20)}` as Hex, termsHash: termsHash(terms) }
const taker = partyByWallet(terms, parties['shipper-x']!.wallet.address)!
const hash32 = (byte: string): Hex => `0x${byte.repeat(32)}`
const cut = {
  ...{ termsHash: of.termsHash, leg: 0, n: 3, timeMs: 1_790_000_000_000n, to: taker.wallet },
  ...{ amount: BigInt(taker.amount), penaltyMax: BigInt(taker.penaltyCap) },
  ...{ nextKeysHash: hash32('44'), reasonsHash: hash32('55') },
}
const digest = manualCutDigest(of, cut)
const signature: Hex = `0x${'01'.repeat(65)}`
const call = encodeAgreementCall({
  functionName: 'recordManualCut',
  args: manualCutArguments({ terms, cut, fromSignature: signature, toSignature: signature }),
})
const shown = { timeMs: 1_790_000_000_000, nextKeysHash: hash32('44'), reasonsHash: hash32('55') }
const selector = call.slice(0, 10) as Hex

test.each<[string, Hex]>([
  ['as the call itself', call],
  ['passed on by a wallet that is a contract', concatHex(['0x6a761202', padHex('0x20'), call, hash32('00')])],
  ['after the same four bytes in something else', concatHex(['0x6a761202', selector, hash32('ff'), call])],
])('finds the manual cut in calldata, %s', (_, input) => {
  expect(manualCutIn(input, of, digest)).toEqual(shown)
})

test.each<[string, Hex]>([
  ['another call', '0x6a761202'],
  ['nothing', '0x'],
  ['the call cut short', call.slice(0, 400) as Hex],
  ['the same bytes at half a byte', `0x0${call.slice(2)}0`],
])('finds none in %s', (_, input) => {
  expect(manualCutIn(input, of, digest)).toBeUndefined()
})

test('takes no cut for another, of other terms or of another agreement', () => {
  expect(manualCutIn(call, of, hash32('99'))).toBeUndefined()
  expect(manualCutIn(call, { ...of, termsHash: hash32('98') }, digest)).toBeUndefined()
  expect(manualCutIn(call, { ...of, agreement: `0x${'a2'.repeat(20)}` }, digest)).toBeUndefined()
})

test('a tender that the payer let pass is no cut, and needs no transaction to be read', () => {
  const at = { agreement: of.agreement, txHash: hash32('7a'), blockNumber: 5, logIndex: 1 }
  const passed: ContractEvent = {
    ...at,
    name: 'CustodyTransferred',
    args: { leg: 1, to: taker.wallet, n: 4, cutDigest: hash32('00') },
  }
  expect(isCut(passed)).toBe(false)
  expect(isCut({ ...passed, args: { ...passed.args, cutDigest: digest } })).toBe(true)
  const moved = { leg: 1, to: taker.wallet, n: 4, cutDigest: hash32('00') }
  expect(contractFact(passed)).toEqual({ type: 'chain.custody.moved.v1', data: { ...at, ...moved } })
})
