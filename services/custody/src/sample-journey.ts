/** Signed records of one journey for tests: what payer and payee, the device and a carrier would have sent. Made once; SLH-DSA takes its time. */
import { hash } from 'node:crypto'
import {
  type Accept,
  type Cut,
  cutDigest,
  type Delegation,
  decodeSignedLegKeys,
  deviceId,
  encodeFrame,
  encodeSignedCut,
  encodeSignedLegKeys,
  encodeSignedOffer,
  encodeSignedSeal,
  FLAG,
  fromHex,
  type KeySet,
  keysBytes,
  legKeysDigest,
  native,
  type Offer,
  offerDigest,
  type Reading,
  type SignedAccept,
  type SignedLegKeys,
  sealEnvelope,
  signCut,
  signLegKeys,
  signOffer,
  signSeal,
  toHex,
} from '@consign/envelope'
import type { Hex } from '@consign/events'
import {
  acceptDigest,
  agreementAddress,
  device,
  type ManualCut,
  NO_NEXT_KEYS,
  type PartySignature,
  partyByWallet,
  partyIdentity,
  partyKeysFromSeed,
  payee,
  payer,
  signAccept,
  signAgreement,
  signDelegation,
  signManualCut,
  signTenderRefusal,
  termsHash,
} from '@consign/terms'
import { type SampleAgreement, sampleAgreement } from '@consign/terms/testing'
import type { Deployment } from './requests.ts'

export const DEPLOYMENT: Deployment = {
  chainId: 31_337,
  factory: `0x${'fa'.repeat(20)}`,
  implementation: `0x${'1a'.repeat(20)}`,
}

type ReplacementRequest = { device: { p256: Hex; mlDsaKey: Hex; slhDsaKey: Hex }; nextKeys: Hex }

const legKey = (leg: number): KeySet => native.keysFromSeed(new Uint8Array(32).fill(leg + 1))

/** Everything about one agreement of the sample's parties, from signed terms to signed cuts. */
export class SampleJourney {
  readonly sample: SampleAgreement
  readonly agreement: Hex
  readonly termsHash: Hex
  readonly #legKeys = new Map<number, Promise<SignedLegKeys>>()

  constructor(sample: SampleAgreement = sampleAgreement()) {
    this.sample = sample
    this.termsHash = termsHash(sample.terms)
    this.agreement = agreementAddress({ ...DEPLOYMENT, ...this.#message() })
  }

  wallet(name: string): Hex {
    return this.#party(name).wallet.address.toLowerCase() as Hex
  }

  ref(leg: number) {
    return { chainId: DEPLOYMENT.chainId, agreement: this.agreement, leg }
  }

  signature(name: string): Promise<PartySignature> {
    return signAgreement(native, this.#party(name), DEPLOYMENT, this.#message())
  }

  /** The request that founds the agreement. */
  async signedTerms() {
    const [payerSignature, payeeSignature] = [
      await this.signature('factory'),
      await this.signature('supplier'),
    ]
    return { terms: this.sample.terms, payerSignature, payeeSignature }
  }

  legKeys(leg: number): Promise<SignedLegKeys> {
    const known = this.#legKeys.get(leg)
    if (known !== undefined) return known
    const keys = legKey(leg).public
    const signer = leg === 0 ? this.sample.device : legKey(leg - 1)
    const signed = signLegKeys(native, signer, { ...this.ref(leg), keys: keysBytes(keys) }, keys)
    this.#legKeys.set(leg, signed)
    return signed
  }

  async legKeysFrame(leg: number): Promise<Uint8Array> {
    return encodeFrame('legKeys', encodeSignedLegKeys(await this.legKeys(leg)))
  }

  async offer(leg: number, changes: Partial<Offer> = {}): Promise<{ digest: Hex; frame: Uint8Array }> {
    const own = device(this.sample.terms).deviceId
    const nextKeysHash = legKeysDigest((await this.legKeys(leg + 1)).record)
    const empty = { head: new Uint8Array(32), nonce: new Uint8Array(16).fill(leg) }
    const record = {
      ...this.ref(leg),
      device: own.slice(2),
      m: 2,
      ttlEnvelopes: 10,
      nextKeysHash,
      ...empty,
      ...changes,
    }
    const frame = encodeFrame('offer', encodeSignedOffer(await signOffer(native, legKey(leg), record)))
    return { digest: toHex(offerDigest(record)), frame }
  }

  acceptRecord(name: string, offer: Hex, changes: Partial<Accept> = {}): Accept {
    const clause = partyByWallet(this.sample.terms, this.wallet(name))
    return {
      offerDigest: offer,
      party: this.wallet(name),
      termsHash: this.termsHash,
      amount: BigInt(clause?.amount ?? 0),
      penaltyMax: BigInt(clause?.penaltyCap ?? 0),
      reservationsHash: `0x${'00'.repeat(32)}`,
      ...changes,
    }
  }

  async accept(name: string, offer: Hex, changes: Partial<Accept> = {}) {
    const record = this.acceptRecord(name, offer, changes)
    const place = { chainId: DEPLOYMENT.chainId, agreement: this.agreement }
    const signed = await signAccept(native, this.#party(name), place, record)
    return { signed, digest: acceptDigest(place, record) }
  }

  /** The same by a driver: keys of its own, and what `name`, or another `signer`, let it do until `notAfterMs`. */
  async acceptByDriver(
    name: string,
    offer: Hex,
    { signer = name, ...changes }: Partial<Delegation> & { signer?: string } = {},
  ) {
    const driver = partyKeysFromSeed(new Uint8Array(32).fill(99))
    const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = driver.pq.public
    const { wallet: delegate } = partyIdentity(driver)
    const delegation = await signDelegation(native, this.#party(signer), DEPLOYMENT.chainId, {
      ...{ party: this.wallet(name), delegate, mlDsaKey, slhDsaKey },
      ...{ scope: this.termsHash, notAfterMs: Date.UTC(2026, 10, 3), ...changes },
    })
    const place = { chainId: DEPLOYMENT.chainId, agreement: this.agreement }
    const record = this.acceptRecord(name, offer)
    const signed = await signAccept(native, driver, place, record, delegation)
    return { signed, digest: acceptDigest(place, record), delegate }
  }

  async cut(leg: number, offer: Hex, accept: Hex, changes: Partial<Cut> = {}) {
    const binds = { offerDigest: fromHex(offer), acceptDigest: fromHex(accept) }
    const reached = { n: 3, head: new Uint8Array(32).fill(9), root: new Uint8Array(32).fill(8) }
    const record = { ...this.ref(leg), ...binds, ...reached, ...changes }
    const signed = await signCut(native, legKey(leg), record)
    return { signed, digest: toHex(cutDigest(record)), frame: encodeFrame('cut', encodeSignedCut(signed)) }
  }

  /** A request by which both custodians cut a leg by hand; without a replacement the goods go on unmeasured. */
  async manualCut(
    leg: number,
    from: string,
    to: string,
    { changes = {}, replacement }: { changes?: Partial<ManualCut>; replacement?: ReplacementRequest } = {},
  ) {
    const clause = partyByWallet(this.sample.terms, this.wallet(to))
    const shownKeys = replacement && decodeSignedLegKeys(fromHex(replacement.nextKeys)).record
    const record: ManualCut = {
      termsHash: this.termsHash,
      leg,
      n: 3,
      timeMs: BigInt(Date.UTC(2026, 10, 2)),
      to: this.wallet(to),
      nextKeysHash: shownKeys ? toHex(legKeysDigest(shownKeys)) : NO_NEXT_KEYS,
      amount: BigInt(clause?.amount ?? 0),
      penaltyMax: BigInt(clause?.penaltyCap ?? 0),
      reasonsHash: `0x${'0e'.repeat(32)}`,
      ...changes,
    }
    const place = { chainId: DEPLOYMENT.chainId, agreement: this.agreement }
    const sign = (name: string) => signManualCut(native, this.#party(name), place, record)
    const [fromSignature, toSignature] = [await sign(from), await sign(to)]
    const { timeMs, amount, penaltyMax } = record
    const numbers = { timeMs: String(timeMs), amount: String(amount), penaltyMax: String(penaltyMax) }
    return {
      agreement: this.agreement,
      manualCut: { ...record, ...numbers },
      ...{ fromSignature, toSignature },
      ...(replacement === undefined ? {} : { replacement }),
    }
  }

  /** A request by which a party refuses the tender of a leg. */
  async tenderRefusal(leg: number, by = 'factory', reasons = 'two pallets are wet') {
    const place = { chainId: DEPLOYMENT.chainId, agreement: this.agreement }
    const record = { termsHash: this.termsHash, leg, reasonsHash: `0x${hash('sha256', reasons)}` as const }
    const signature = await signTenderRefusal(native, this.#party(by), place, record)
    return { agreement: this.agreement, leg, reasons, signature }
  }

  /** Another device that has made the keys of `leg`, the same that the lost one would have made. */
  async replacement(leg: number): Promise<{ deviceId: string; shown: ReplacementRequest }> {
    const identity = native.keysFromSeed(new Uint8Array(32).fill(200))
    const keys = legKey(leg).public
    const record = { ...this.ref(leg), keys: keysBytes(keys) }
    const nextKeys = toHex(encodeSignedLegKeys(await signLegKeys(native, identity, record, keys)))
    const { p256, mlDsa, slhDsa } = identity.public
    const named = { p256: toHex(p256), mlDsaKey: toHex(mlDsa), slhDsaKey: toHex(slhDsa) }
    return { deviceId: deviceId(identity.public), shown: { device: named, nextKeys } }
  }

  async sealFrame(leg: number, n: number): Promise<Uint8Array> {
    const record = { ...this.ref(leg), n, root: new Uint8Array(32).fill(n), head: new Uint8Array(32) }
    return encodeFrame('seal', encodeSignedSeal(await signSeal(native, legKey(leg), record)))
  }

  /** A seal that nobody's key made. */
  async sealOfAnyone(leg: number, n: number): Promise<Uint8Array> {
    const record = { ...this.ref(leg), n, root: new Uint8Array(32).fill(n), head: new Uint8Array(32) }
    return encodeFrame('seal', encodeSignedSeal({ record, slhDsa: new Uint8Array(7856) }))
  }

  /** Envelope `seq` of a leg; the first one of a leg carries the handover that began it. */
  async envelope(
    leg: number,
    seq: number,
    handover?: { cut: Awaited<ReturnType<SampleJourney['cut']>>; accept: SignedAccept },
    {
      readings = [],
      clockState = 1,
      baseUtcMs = Date.UTC(2026, 10, 2),
    }: { readings?: Reading[]; clockState?: 0 | 1; baseUtcMs?: number } = {},
  ) {
    const { wire } = await sealEnvelope(native, legKey(leg), {
      ref: this.ref(leg),
      seq,
      previous: handover === undefined ? new Uint8Array(32) : fromHex(handover.cut.digest),
      flags: handover === undefined ? 0 : FLAG.handover,
      readings,
      seed: new Uint8Array(16),
      bootId: new Uint8Array(16),
      baseMonotonicMs: 0,
      baseUtcMs,
      clockState,
      ...(handover === undefined ? {} : { cut: handover.cut.signed, accept: handover.accept }),
    })
    return wire
  }

  #party(name: string) {
    const keys = this.sample.parties[name]
    if (keys === undefined) throw new Error(`no party ${name} in the sample`)
    return keys
  }

  #message() {
    const { terms } = this.sample
    return { termsHash: this.termsHash, payer: payer(terms).wallet, payee: payee(terms).wallet }
  }
}
