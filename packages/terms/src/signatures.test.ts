import { type Accept, native, Refusal, type SignedAccept } from '@consign/envelope'
import { portable } from '@consign/envelope/portable'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { termsHash } from './hashing.ts'
import {
  type PartySignature,
  signAccept,
  signAgreement,
  verifyAccept,
  verifyAgreementSignature,
} from './signatures.ts'
import { sampleAgreement } from './testing.ts'
import { acceptDigest } from './typed-data.ts'
import { partyByName, payee, payer } from './views.ts'

const { terms, parties } = sampleAgreement()
const keysOf = (name: string) => parties[name] as NonNullable<(typeof parties)[string]>
const clauseOf = (name: string) => partyByName(terms, name) as NonNullable<ReturnType<typeof partyByName>>

const domain = { chainId: 31_337, factory: `0x${'fa'.repeat(20)}` as Hex }
const message = { termsHash: termsHash(terms), payer: payer(terms).wallet, payee: payee(terms).wallet }

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

describe('an agreement', () => {
  let signature: PartySignature
  beforeAll(async () => {
    signature = await signAgreement(native, keysOf('supplier'), domain, message)
  })
  const verify = (
    change: Partial<PartySignature>,
    party = 'supplier',
    where: Partial<typeof domain> = {},
    what: Partial<typeof message> = {},
  ) =>
    code(
      verifyAgreementSignature(
        native,
        clauseOf(party),
        { ...domain, ...where },
        { ...message, ...what },
        { ...signature, ...change },
      ),
    )

  it('is taken from payer and payee, by either implementation', async () => {
    expect(await verify({})).toBe('taken')
    const byPayer = await signAgreement(portable, keysOf('factory'), domain, message)
    expect(await code(verifyAgreementSignature(native, payer(terms), domain, message, byPayer))).toBe('taken')
    expect(await code(verifyAgreementSignature(portable, payer(terms), domain, message, byPayer))).toBe(
      'taken',
    )
  })

  it('is refused from anyone else', async () => {
    expect(await verify({}, 'factory')).toBe('terms.signature.ecdsa')
    expect(await verify({}, 'shipper-x')).toBe('terms.signature.party')
  })

  it('is refused for other terms, another factory, another chain', async () => {
    expect(await verify({}, 'supplier', {}, { termsHash: `0x${'00'.repeat(32)}` })).toBe(
      'terms.signature.ecdsa',
    )
    expect(await verify({}, 'supplier', { factory: `0x${'fb'.repeat(20)}` })).toBe('terms.signature.ecdsa')
    expect(await verify({}, 'supplier', { chainId: 1 })).toBe('terms.signature.ecdsa')
  })

  it('is refused with a signature the contract would refuse: high s, v of 0 or 1, no hex', async () => {
    expect(await verify({ ecdsa: malleated(signature.ecdsa) })).toBe('terms.signature.ecdsa')
    const v0 = `${signature.ecdsa.slice(0, 130)}${signature.ecdsa.endsWith('1b') ? '00' : '01'}` as Hex
    expect(await verify({ ecdsa: v0 })).toBe('terms.signature.ecdsa')
    expect(await verify({ ecdsa: '0x' })).toBe('terms.signature.ecdsa')
    expect(await verify({ ecdsa: `0x${'00'.repeat(64)}1b` })).toBe('terms.signature.ecdsa')
  })

  it('is refused without the right ML-DSA signature', async () => {
    const other = await signAgreement(native, keysOf('factory'), domain, message)
    expect(await verify({ mlDsa: other.mlDsa })).toBe('terms.signature.mlDsa')
    expect(await verify({ mlDsa: '0x' })).toBe('terms.signature.mlDsa')
    expect(await verify({ mlDsa: 'nonsense' as Hex })).toBe('terms.signature.mlDsa')
    expect(await verify({ mlDsa: bytesToHex(flipped(hexToBytes(signature.mlDsa), 1000)) })).toBe(
      'terms.signature.mlDsa',
    )
  })
})

describe('an acceptance', () => {
  const where = { chainId: 31_337, agreement: `0x${'a9'.repeat(20)}` as Hex }
  const taker = clauseOf('shipper-x')
  const accept: Accept = {
    offerDigest: `0x${'0f'.repeat(32)}`,
    party: taker.wallet,
    termsHash: message.termsHash,
    amount: BigInt(taker.amount),
    penaltyMax: BigInt(taker.penaltyCap),
    reservationsHash: `0x${'00'.repeat(32)}`,
  }
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
      ),
    )

  it('is taken and gives its digest, by either implementation', async () => {
    expect(await verifyAccept(native, taker, where, signed)).toBe(acceptDigest(where, accept))
    expect(await verifyAccept(portable, taker, where, signed)).toBe(acceptDigest(where, accept))
  })

  it('is refused from another party than the one it names', async () => {
    expect(await code(verifyAccept(native, clauseOf('shipper-y'), where, signed))).toBe('accept.party')
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
