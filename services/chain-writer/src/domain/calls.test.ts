import { encodeAgreementCall, type Intent, type Transaction } from '@consign/chain'
import { general, payer } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { type Hex, numberToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { UNKNOWN_AGREEMENT } from './agreements.ts'
import {
  anchorCall,
  anchorOf,
  type CallEvent,
  callName,
  callsOf,
  settledBefore,
  witnessCall,
} from './calls.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const WORD: Hex = `0x${'0c'.repeat(32)}`
const { terms } = sampleAgreement()
const { chainId } = general(terms)
const place = { factory: `0x${'fa'.repeat(20)}` as Hex, chainId }
const event = (type: CallEvent['type'], data: object) =>
  ({
    id: '1',
    type,
    time: 1,
    data: { agreement: AGREEMENT, shipment: '340123450000000018', ...data },
  }) as CallEvent

const signed = event('custody.agreement.signed.v1', {
  terms,
  termsHash: WORD,
  payerSignature: { ecdsa: '0x01', mlDsa: '0x' },
  payeeSignature: { ecdsa: '0x02', mlDsa: '0x' },
})
const packed = event('custody.packed.v1', { leg: 0, keys: '0x' })
const transferred = event('custody.transferred.v1', { leg: 1, to: `0x${'0b'.repeat(20)}` })
const cutByHand = {
  ...{ leg: 1, n: 4, from: WORD, to: payer(terms).wallet, timeMs: 1, amount: '0', penaltyMax: '0' },
  ...{ nextKeysHash: WORD, reasonsHash: WORD, cutDigest: WORD },
  fromSignature: { ecdsa: '0x01', mlDsa: '0x' },
  toSignature: { ecdsa: '0x02', mlDsa: '0x' },
}
const transferredManually = event('custody.transferred.manually.v1', cutByHand)
const offered = event('custody.offered.v1', { leg: 1, m: 7 })
const charged = event('penalty.violation.charged.v1', {
  leg: 2,
  kind: 'instantaneous',
  caseId: WORD,
  metric: 'temperature',
  limitId: 9,
})

describe('an event', () => {
  it.each([
    [signed, `agreement:${AGREEMENT}`],
    [packed, `start:${AGREEMENT}`],
    [transferred, `cut:${AGREEMENT}:1`],
    [transferredManually, `cut:${AGREEMENT}:1`],
    [offered, `tender:${AGREEMENT}:1:7`],
    [event('custody.tender.refused.v1', { leg: 1, m: 7 }), `refusal:${AGREEMENT}:1:7`],
    [charged, `violation:${WORD}`],
  ])('has one key for ever: %#', (one, key) => {
    expect(callName(one).key).toBe(key)
  })

  it.each([
    ['terms of another chain', signed, { terms }, { ...place, chainId: chainId + 1 }, 'agreement.chainId'],
    ['terms that the log has not', packed, {}, place, 'agreement.unknown'],
    ['a taker who is no party', transferred, { terms }, place, 'agreement.party'],
    [
      'a taker by hand who is no party',
      event(transferredManually.type, { ...cutByHand, to: `0x${'0b'.repeat(20)}` }),
      { terms },
      place,
      'agreement.party',
    ],
    ['a limit that the terms have not', charged, { terms }, place, 'violation.limit'],
    [
      'keys that the log has not',
      event(charged.type, { ...charged.data, limitId: 1 }),
      { terms },
      place,
      'agreement.legKeys',
    ],
    [
      'a taker of a leg without keys',
      event(transferred.type, { leg: 1, to: payer(terms).wallet }),
      { terms },
      place,
      'agreement.legKeys',
    ],
  ])('has no transaction with %s', (_, one, known, where, code) => {
    expect(() => callsOf(one, { ...UNKNOWN_AGREEMENT, ...known }, where, [])).toThrowError(
      expect.objectContaining({ code }),
    )
  })
})

describe('a transaction', () => {
  const intent = (key: string, data: Hex = '0x'): Intent => ({
    key,
    data,
    to: AGREEMENT,
    what: '',
    agreement: AGREEMENT,
  })
  const limit = (limitId: number) => ({
    kind: 9,
    salt: WORD,
    body: numberToHex(limitId, { size: 32 }),
    index: 0n,
    size: 1n,
    proof: [],
  })
  const proof = (functionName: 'proveViolation' | 'advanceScan', leg: number, limitId = 1) => {
    const keys = { p256X: WORD, p256Y: WORD, mlDsaKeyHash: WORD, slhDsaKey: WORD }
    const args = [leg, keys, limit(limitId), [], 0n, 0, { r: WORD, s: WORD }] as const
    return encodeAgreementCall({ functionName, args })
  }
  const drop = (leg: number, limitId: number) =>
    encodeAgreementCall({ functionName: 'dropScan', args: [leg, limitId] })

  it.each([
    ['an agreement', intent(`agreement:${AGREEMENT}`), []],
    ['a start', intent(`start:${AGREEMENT}`), [`agreement:${AGREEMENT}`]],
    ['the first cut', intent(`cut:${AGREEMENT}:0`), [`start:${AGREEMENT}`]],
    ['a later cut', intent(`cut:${AGREEMENT}:3`), [`cut:${AGREEMENT}:2`]],
    ['a tender', intent(`tender:${AGREEMENT}:2:9`), [`cut:${AGREEMENT}:1`]],
    ['a delivery by tender', intent(`deliver:${AGREEMENT}:2:9`), [`tender:${AGREEMENT}:2:9`]],
    ['a refusal of a tender', intent(`refusal:${AGREEMENT}:2:9`), [`tender:${AGREEMENT}:2:9`]],
    ['a violation of leg 0', intent(`violation:${WORD}`, proof('proveViolation', 0)), [`start:${AGREEMENT}`]],
    [
      'a violation of a later leg',
      intent(`violation:${WORD}`, proof('proveViolation', 2)),
      [`cut:${AGREEMENT}:1`],
    ],
    [
      'the second part of a proof',
      intent(`violation:${WORD}:1`, proof('advanceScan', 2)),
      [`violation:${WORD}`],
    ],
    ['a later part of a proof', intent(`violation:${WORD}:2`, drop(2, 1)), [`violation:${WORD}:1`]],
    ['an anchor', anchorCall({ seq: 3, root: WORD, size: 9 }, AGREEMENT), []],
    ['a witness', witnessCall(AGREEMENT, 20_000, AGREEMENT), []],
  ])('waits for what it needs: %s', (_, one, keys) => {
    expect(settledBefore(one)).toEqual(keys)
  })

  it('that scans waits for scans of the same leg and limit before it, and for no other', () => {
    const other: Hex = `0x${'0d'.repeat(32)}`
    const scans = [
      intent(`violation:${other}`, proof('advanceScan', 2, 7)),
      intent(`violation:${other}:1`, drop(2, 7)),
      intent('violation:limit', proof('advanceScan', 2, 8)),
      intent('violation:leg', proof('advanceScan', 3, 7)),
      intent('violation:simple', proof('proveViolation', 2, 7)),
      intent(`violation:${WORD}`, proof('advanceScan', 2, 7)),
      intent('violation:later', proof('advanceScan', 2, 7)),
    ]
    const open = scans.map((one): Transaction => ({ intent: one, status: 'intended', attempts: [] }))
    expect(settledBefore(scans[5]!, open)).toEqual([
      `cut:${AGREEMENT}:1`,
      `violation:${other}`,
      `violation:${other}:1`,
    ])
  })

  it('that anchors tells what, before and after it is mined', () => {
    const anchor = { seq: 3, root: WORD, size: 9 }
    const open: Transaction = { intent: anchorCall(anchor, AGREEMENT), status: 'signed', attempts: [] }
    expect(anchorOf(open)).toEqual(anchor)
    const { data: _, ...kept } = open.intent
    const mined = {
      key: 'anchor:3',
      hash: WORD,
      blockNumber: 1,
      gasUsed: 1,
      ok: true,
      what: '',
      result: { event: 'Anchored', ...anchor },
    }
    expect(anchorOf({ intent: kept, status: 'finalized', attempts: [], mined })).toEqual(anchor)
  })
})
