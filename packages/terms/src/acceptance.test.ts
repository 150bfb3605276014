import {
  type Accept,
  ALL_AGREEMENTS,
  type Delegation,
  native,
  Refusal,
  type SignedAccept,
  type SignedDelegation,
} from '@consign/envelope'
import { portable } from '@consign/envelope/portable'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkNotExpired, signAccept, signDelegation, verifyAccept } from './acceptance.ts'
import { termsHash } from './hashing.ts'
import { generatePartyKeys, partyIdentity } from './party-keys.ts'
import { sampleAgreement } from './testing.ts'
import { acceptDigest, delegationDigest } from './typed-data.ts'
import { partyByName } from './views.ts'

const { terms, parties } = sampleAgreement()
const keysOf = (name: string) => parties[name] as NonNullable<(typeof parties)[string]>
const clauseOf = (name: string) => partyByName(terms, name) as NonNullable<ReturnType<typeof partyByName>>

const where = { chainId: 31_337, agreement: `0x${'a9'.repeat(20)}` as Hex }
const taker = clauseOf('shipper-x')
const accept: Accept = {
  offerDigest: `0x${'0f'.repeat(32)}`,
  party: taker.wallet,
  termsHash: termsHash(terms),
  amount: BigInt(taker.amount),
  penaltyMax: BigInt(taker.penaltyCap),
  reservationsHash: `0x${'00'.repeat(32)}`,
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'taken',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  )

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** The other signature of the same message: s negated, v flipped. */
function malleated(ecdsa: Hex): Hex {
  const s = SECP256K1_ORDER - BigInt(`0x${ecdsa.slice(66, 130)}`)
  return `${ecdsa.slice(0, 66)}${s.toString(16).padStart(64, '0')}${ecdsa.endsWith('1b') ? '1c' : '1b'}` as Hex
}
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

describe('an acceptance', () => {
  let signed: SignedAccept
  beforeAll(async () => {
    signed = await signAccept(native, keysOf('shipper-x'), where, accept)
  })
  const verify = (
    change: Partial<SignedAccept>,
    record: Partial<Accept> = {},
    place: Partial<typeof where> = {},
  ) =>
    code(
      verifyAccept(
        native,
        taker,
        { ...where, ...place },
        { ...signed, record: { ...accept, ...record }, ...change },
        0,
      ),
    )

  it('is taken and gives its digest, by either implementation', async () => {
    expect(await verifyAccept(native, taker, where, signed, 0)).toBe(acceptDigest(where, accept))
    expect(await verifyAccept(portable, taker, where, signed, 0)).toBe(acceptDigest(where, accept))
  })

  it('is refused from another party than the one it names', async () => {
    expect(await code(verifyAccept(native, clauseOf('shipper-y'), where, signed, 0))).toBe('accept.party')
    expect(await verify({}, { party: clauseOf('shipper-y').wallet })).toBe('accept.party')
  })

  it('is refused for another amount or penalty than the terms say', async () => {
    expect(await verify({}, { amount: accept.amount + 1n })).toBe('accept.amount')
    expect(await verify({}, { penaltyMax: accept.penaltyMax - 1n })).toBe('accept.penaltyMax')
  })

  it('is refused for another offer, other terms, other reservations, another agreement', async () => {
    const zeros: Hex = `0x${'11'.repeat(32)}`
    expect(await verify({}, { offerDigest: zeros })).toBe('accept.signature.ecdsa')
    expect(await verify({}, { termsHash: zeros })).toBe('accept.signature.ecdsa')
    expect(await verify({}, { reservationsHash: zeros })).toBe('accept.signature.ecdsa')
    expect(await verify({}, {}, { agreement: `0x${'aa'.repeat(20)}` })).toBe('accept.signature.ecdsa')
  })

  it('is refused when any of its signatures is altered', async () => {
    expect(await verify({ ecdsa: hexToBytes(malleated(bytesToHex(signed.ecdsa))) })).toBe(
      'accept.signature.ecdsa',
    )
    expect(await verify({ ecdsa: flipped(signed.ecdsa, 40) })).toBe('accept.signature.ecdsa')
    expect(await verify({ mlDsa: flipped(signed.mlDsa, 7) })).toBe('accept.signature.mlDsa')
    expect(await verify({ slhDsa: flipped(signed.slhDsa, 4000) })).toBe('accept.signature.slhDsa')
  })
})

describe('an acceptance by a driver', () => {
  const NOT_AFTER_MS = Date.UTC(2026, 10, 3)
  const driver = generatePartyKeys()
  const { wallet: delegate } = partyIdentity(driver)
  const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = driver.pq.public
  const record: Delegation = {
    ...{ party: taker.wallet, delegate, mlDsaKey, slhDsaKey },
    ...{ scope: accept.termsHash, notAfterMs: NOT_AFTER_MS },
  }
  const delegateTo = (change: Partial<Delegation> = {}, by = 'shipper-x', chainId = where.chainId) =>
    signDelegation(native, keysOf(by), chainId, { ...record, ...change })
  let delegation: SignedDelegation
  let signed: SignedAccept
  beforeAll(async () => {
    delegation = await delegateTo()
    signed = await signAccept(native, driver, where, accept, delegation)
  })
  const verify = (change: Partial<SignedAccept> = {}, atMs = NOT_AFTER_MS) =>
    code(verifyAccept(native, taker, where, { ...signed, ...change }, atMs))

  it('is taken up to the last millisecond and gives the digest that the party’s own would', async () => {
    for (const crypto of [native, portable])
      expect(await verifyAccept(crypto, taker, where, signed, NOT_AFTER_MS)).toBe(acceptDigest(where, accept))
    expect(await verify({}, NOT_AFTER_MS + 1)).toBe('delegation.expired')
    expect(() => checkNotExpired(record, NOT_AFTER_MS + 1)).toThrow(
      'the delegation ended at 2026-11-03T00:00:00.000Z, and it was 2026-11-03T00:00:00.001Z already',
    )
  })

  it('is taken under a delegation for all agreements, refused under one for another agreement', async () => {
    expect(await verify({ delegation: await delegateTo({ scope: ALL_AGREEMENTS }) })).toBe('taken')
    const other = await delegateTo({ scope: `0x${'11'.repeat(32)}` })
    expect(await verify({ delegation: other })).toBe('delegation.scope')
  })

  it('is refused without the delegation, and the party’s own with it', async () => {
    const { delegation: _, ...bare } = signed
    expect(await code(verifyAccept(native, taker, where, bare, 0))).toBe('accept.signature.ecdsa')
    const own = await signAccept(native, keysOf('shipper-x'), where, accept, delegation)
    expect(await code(verifyAccept(native, taker, where, own, 0))).toBe('delegation.delegate')
  })

  it('is refused under a delegation by another party, or one that another party signed', async () => {
    const { wallet } = clauseOf('shipper-y')
    const foreign = await delegateTo({ party: wallet }, 'shipper-y')
    expect(await verify({ delegation: foreign })).toBe('delegation.party')
    expect(await verify({ delegation: await delegateTo({}, 'shipper-y') })).toBe('delegation.signature.ecdsa')
  })

  it('is refused under a delegation for another delegate, whichever of its keys differs', async () => {
    const other = partyIdentity(keysOf('shipper-y'))
    const { mlDsa, slhDsa } = keysOf('shipper-y').pq.public
    const under = async (change: Partial<Delegation>) => verify({ delegation: await delegateTo(change) })
    expect(await under({ delegate: other.wallet })).toBe('delegation.delegate')
    expect(await under({ mlDsaKey: mlDsa })).toBe('accept.signature.mlDsa')
    expect(await under({ slhDsaKey: slhDsa })).toBe('accept.signature.slhDsa')
  })

  it('is refused when anything of the delegation is altered, or signed for another chain', async () => {
    const altered = (change: Partial<SignedDelegation>) =>
      verify({ delegation: { ...delegation, ...change } })
    const notAfterMs = NOT_AFTER_MS + 1
    expect(await altered({ record: { ...record, notAfterMs } })).toBe('delegation.signature.ecdsa')
    expect(await altered({ record: { ...record, mlDsaKey: flipped(mlDsaKey, 9) } })).toBe(
      'delegation.signature.ecdsa',
    )
    expect(await altered({ ecdsa: flipped(delegation.ecdsa, 40) })).toBe('delegation.signature.ecdsa')
    expect(await altered({ mlDsa: flipped(delegation.mlDsa, 7) })).toBe('delegation.signature.mlDsa')
    expect(await altered({ slhDsa: flipped(delegation.slhDsa, 4000) })).toBe('delegation.signature.slhDsa')
    const elsewhere = await delegateTo({}, 'shipper-x', 1)
    expect(await verify({ delegation: elsewhere })).toBe('delegation.signature.ecdsa')
    expect(delegationDigest(1, record)).not.toBe(delegationDigest(where.chainId, record))
  })
})
