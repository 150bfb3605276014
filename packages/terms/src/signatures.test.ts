import { native, Refusal } from '@consign/envelope'
import { portable } from '@consign/envelope/portable'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { termsHash } from './hashing.ts'
import {
  type PartySignature,
  signAcknowledgement,
  signAgreement,
  signManualCut,
  signTenderRefusal,
  verifyAcknowledgement,
  verifyAgreementSignature,
  verifyManualCut,
  verifyTenderRefusal,
} from './signatures.ts'
import { sampleAgreement } from './testing.ts'
import { type ManualCut, manualCutDigest } from './typed-data.ts'
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

describe('a manual cut', () => {
  const where = { chainId: 31_337, agreement: `0x${'a9'.repeat(20)}` as Hex }
  const taker = clauseOf('shipper-x')
  const cut: ManualCut = {
    termsHash: termsHash(terms),
    leg: 0,
    n: 12,
    timeMs: 1_793_600_000_000n,
    to: taker.wallet,
    nextKeysHash: `0x${'0d'.repeat(32)}`,
    amount: BigInt(taker.amount),
    penaltyMax: BigInt(taker.penaltyCap),
    reasonsHash: `0x${'0e'.repeat(32)}`,
  }
  let signature: PartySignature
  beforeAll(async () => {
    signature = await signManualCut(native, keysOf('supplier'), where, cut)
  })
  const verify = (what: Partial<ManualCut> = {}, change: Partial<PartySignature> = {}, signer = 'supplier') =>
    code(
      verifyManualCut(
        native,
        clauseOf(signer),
        taker,
        where,
        { ...cut, ...what },
        { ...signature, ...change },
      ),
    )

  it('is taken from both custodians and gives its digest', async () => {
    expect(await verifyManualCut(native, clauseOf('supplier'), taker, where, cut, signature)).toBe(
      manualCutDigest(where, cut),
    )
    const byTaker = await signManualCut(native, keysOf('shipper-x'), where, cut)
    expect(await verify({}, byTaker, 'shipper-x')).toBe('taken')
  })

  it('is refused from another party, to another taker, or for other amounts', async () => {
    expect(await verify({}, {}, 'shipper-y')).toBe('manualCut.signature.ecdsa')
    expect(await verify({ to: clauseOf('shipper-y').wallet })).toBe('manualCut.party')
    expect(await verify({ amount: cut.amount + 1n })).toBe('manualCut.amount')
    expect(await verify({ penaltyMax: cut.penaltyMax - 1n })).toBe('manualCut.penaltyMax')
  })

  it('binds every field and the agreement', async () => {
    const others: Partial<ManualCut>[] = [
      { termsHash: cut.reasonsHash },
      { leg: 1 },
      { n: 13 },
      { timeMs: cut.timeMs + 1n },
      { nextKeysHash: cut.reasonsHash },
      { reasonsHash: cut.nextKeysHash },
    ]
    for (const other of others) expect(await verify(other)).toBe('manualCut.signature.ecdsa')
    const elsewhere = { ...where, chainId: 1 }
    expect(await code(verifyManualCut(native, clauseOf('supplier'), taker, elsewhere, cut, signature))).toBe(
      'manualCut.signature.ecdsa',
    )
  })

  it('is refused when either signature is altered', async () => {
    expect(await verify({}, { ecdsa: malleated(signature.ecdsa) })).toBe('manualCut.signature.ecdsa')
    expect(await verify({}, { mlDsa: bytesToHex(flipped(hexToBytes(signature.mlDsa), 7)) })).toBe(
      'manualCut.signature.mlDsa',
    )
  })
})

describe('a refusal of a tender', () => {
  const where = { chainId: 31_337, agreement: `0x${'a9'.repeat(20)}` as Hex }
  const refusal = { termsHash: termsHash(terms), leg: 2, reasonsHash: `0x${'0e'.repeat(32)}` as Hex }

  it('is taken from the payer alone', async () => {
    const signature = await signTenderRefusal(native, keysOf('factory'), where, refusal)
    const verify = (by = payer(terms), what = refusal, signed = signature) =>
      code(verifyTenderRefusal(native, by, where, what, signed))
    expect(await verify()).toBe('taken')
    expect(await verify(payee(terms))).toBe('tenderRefusal.party')
    expect(await verify(payer(terms), { ...refusal, leg: 3 })).toBe('tenderRefusal.signature.ecdsa')
    const mlDsa = bytesToHex(flipped(hexToBytes(signature.mlDsa), 7))
    expect(await verify(payer(terms), refusal, { ...signature, mlDsa })).toBe('tenderRefusal.signature.mlDsa')
    const byPayee = await signTenderRefusal(native, keysOf('supplier'), where, refusal)
    expect(await verify(payer(terms), refusal, byPayee)).toBe('tenderRefusal.signature.ecdsa')
  })
})

describe('an acknowledgement', () => {
  const where = { chainId: 31_337, agreement: `0x${'a9'.repeat(20)}` as Hex }
  const acknowledgement = { party: payee(terms).wallet, cumulative: 5n }

  it('is taken from the party that was paid, for the sum that it signed', async () => {
    const signature = await signAcknowledgement(native, keysOf('supplier'), where, acknowledgement)
    const verify = (by = payee(terms), what = acknowledgement, signed = signature) =>
      code(verifyAcknowledgement(native, by, where, what, signed))
    expect(await verify()).toBe('taken')
    expect(await verify(clauseOf('shipper-x'))).toBe('acknowledgement.party')
    expect(await verify(payee(terms), { ...acknowledgement, cumulative: 6n })).toBe(
      'acknowledgement.signature.ecdsa',
    )
    const mlDsa = bytesToHex(flipped(hexToBytes(signature.mlDsa), 7))
    expect(await verify(payee(terms), acknowledgement, { ...signature, mlDsa })).toBe(
      'acknowledgement.signature.mlDsa',
    )
  })
})
