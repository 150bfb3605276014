/** A device with its agreement, for tests: real keys and signatures, made once per process because SLH-DSA takes its time. */
import {
  cutDigest,
  deviceId,
  type EnvelopeDraft,
  encodeFrame,
  encodeSignedAccept,
  encodeSignedCut,
  encodeSignedLegKeys,
  encodeSignedOffer,
  encodeSignedSeal,
  FLAG,
  fromHex,
  type Hex,
  type KeySet,
  keysBytes,
  type LegRef,
  legKeysDigest,
  native,
  offerDigest,
  type Reading,
  type SignedAccept,
  type SignedCut,
  type SignedLegKeys,
  type SignedOffer,
  sealEnvelope,
  signCut,
  signLegKeys,
  signOffer,
  signSeal,
  toHex,
} from '@consign/envelope'
import type { ConsignEvent } from '@consign/events'
import { acceptDigest, deviceIdentity, signAccept, type Terms, termsHash } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'

export const CHAIN_ID = 31_337
export const BASE_UTC_MS = Date.UTC(2026, 10, 2)
const sample = sampleAgreement()

export const terms: Terms = sample.terms
export const deviceKeys: KeySet = sample.device
export const DEVICE_ID = deviceId(deviceKeys.public)
export const PARTIES = ['factory', 'supplier', 'shipper-x', 'shipper-y'].map(
  (name) => sample.parties[name]!.wallet.address.toLowerCase() as Hex,
)
export const SHIPMENT = sample.facts.shipment

/** Keys of further devices and legs: the same number gives the same keys. */
export function keysNumber(number: number): KeySet {
  return native.keysFromSeed(new Uint8Array(32).fill(number))
}

export const LEG_0_KEYS = keysNumber(10)
export const LEG_1_KEYS = keysNumber(11)

/** A leg as the device runs it: each call of `next` continues the chain. */
export class SampleLeg {
  readonly ref: LegRef
  readonly keys: KeySet
  seq = 0
  previous: Uint8Array

  constructor(ref: LegRef, keys: KeySet, previous: Uint8Array) {
    this.ref = ref
    this.keys = keys
    this.previous = previous
  }

  /** The next envelope of the chain, as wire and as frame. */
  async next(change: Partial<EnvelopeDraft> = {}) {
    const sealed = await sealEnvelope(native, this.keys, {
      ref: this.ref,
      seq: this.seq,
      previous: this.previous,
      flags: FLAG.checkpoint,
      readings: someReadings(2, this.seq),
      seed: new Uint8Array(16).fill(this.seq),
      bootId: new Uint8Array(16).fill(1),
      baseMonotonicMs: this.seq * 60_000,
      baseUtcMs: BASE_UTC_MS + this.seq * 60_000,
      clockState: 1,
      ...change,
    })
    this.seq = (change.seq ?? this.seq) + 1
    this.previous = sealed.digest
    return { ...sealed, frame: encodeFrame('envelope', sealed.wire) }
  }

  /** A second branch that begins where this one stands. */
  fork(): SampleLeg {
    const branch = new SampleLeg(this.ref, this.keys, this.previous)
    branch.seq = this.seq
    return branch
  }
}

export function someReadings(count: number, seq = 0): Reading[] {
  return Array.from({ length: count }, (_, i) => ({
    monotonicMs: seq * 60_000 + i * 1_000,
    utcMs: BASE_UTC_MS + seq * 60_000 + i * 1_000,
    values: { temperature: 4_000 + i, humidity: 50_000 },
  }))
}

export type SampleShipment = {
  agreement: Hex
  legKeys: SignedLegKeys
  legKeysFrame: Uint8Array
  leg: SampleLeg
  signed: ConsignEvent
}

const madeLegKeys = new Map<string, Promise<SignedLegKeys>>()

export function legKeysOf(ref: LegRef, signer: KeySet, keys: KeySet): Promise<SignedLegKeys> {
  const name = `${ref.agreement}.${ref.leg}.${toHex(keysBytes(signer.public))}.${toHex(keysBytes(keys.public))}`
  const made =
    madeLegKeys.get(name) ??
    signLegKeys(native, signer, { ...ref, keys: keysBytes(keys.public) }, keys.public)
  madeLegKeys.set(name, made)
  return made
}

/** Leg 0 of an agreement with its records; `number` makes the address. */
export async function sampleShipment(number = 1): Promise<SampleShipment> {
  const agreement: Hex = `0x${String(number).padStart(40, 'a')}`
  const ref = { chainId: CHAIN_ID, agreement, leg: 0 }
  const legKeys = await legKeysOf(ref, deviceKeys, LEG_0_KEYS)
  return {
    agreement,
    legKeys,
    legKeysFrame: encodeFrame('legKeys', encodeSignedLegKeys(legKeys)),
    leg: new SampleLeg(ref, LEG_0_KEYS, legKeysDigest(legKeys.record)),
    signed: signedEvent(agreement),
  }
}

/** The sample terms for another device. */
export function termsFor(device: KeySet): Terms {
  const identity = {
    ...deviceIdentity(device.public, sample.facts.device.provisioner),
    deviceId: `0x${deviceId(device.public)}` as const,
  }
  const clauses = terms.clauses.map((clause) =>
    clause.kind === 'device' ? { ...clause, ...identity } : clause,
  )
  return { ...terms, clauses }
}

export function signedEvent(agreement: Hex, document: Terms = terms): ConsignEvent {
  return {
    id: `signed-${agreement}`,
    type: 'custody.agreement.signed.v1',
    time: BASE_UTC_MS,
    data: {
      agreement,
      shipment: SHIPMENT,
      terms: document,
      termsHash: termsHash(document),
      payerSignature: { ecdsa: '0x', mlDsa: '0x' },
      payeeSignature: { ecdsa: '0x', mlDsa: '0x' },
    },
  }
}

export type SampleHandover = {
  nextKeysFrame: Uint8Array
  offer: SignedOffer
  offerFrame: Uint8Array
  accept: SignedAccept
  cut: SignedCut
  cutFrame: Uint8Array
  accepted: ConsignEvent
  next: SampleLeg
  /** The first envelope of the next leg. */
  handoverFrame: Uint8Array
}

/** Shipper X takes over where `leg` stands. */
export async function sampleHandover(leg: SampleLeg): Promise<SampleHandover> {
  const taker = sample.parties['shipper-x']!
  const { agreement, chainId } = leg.ref
  const nextRef = { ...leg.ref, leg: leg.ref.leg + 1 }
  const nextKeys = await legKeysOf(nextRef, leg.keys, LEG_1_KEYS)
  const offer = await signOffer(native, leg.keys, {
    ...leg.ref,
    device: DEVICE_ID,
    m: leg.seq,
    head: leg.previous,
    nextKeysHash: legKeysDigest(nextKeys.record),
    nonce: new Uint8Array(16).fill(leg.seq),
    ttlEnvelopes: 100,
  })
  const domain = { chainId, agreement }
  const accept = await signAccept(native, taker, domain, {
    offerDigest: toHex(offerDigest(offer.record)),
    party: taker.wallet.address.toLowerCase() as Hex,
    termsHash: termsHash(terms),
    amount: 50n * 10n ** 18n,
    penaltyMax: 50n * 10n ** 18n,
    reservationsHash: `0x${'0'.repeat(64)}`,
  })
  const cut = await signCut(native, leg.keys, {
    ...leg.ref,
    offerDigest: offerDigest(offer.record),
    acceptDigest: fromHex(acceptDigest(domain, accept.record)),
    n: leg.seq,
    head: leg.previous,
    root: new Uint8Array(32).fill(9),
  })
  const next = new SampleLeg(nextRef, LEG_1_KEYS, cutDigest(cut.record))
  const first = await next.next({ flags: FLAG.checkpoint | FLAG.handover, cut, accept })
  return {
    nextKeysFrame: encodeFrame('legKeys', encodeSignedLegKeys(nextKeys)),
    offer,
    offerFrame: encodeFrame('offer', encodeSignedOffer(offer)),
    accept,
    cut,
    cutFrame: encodeFrame('cut', encodeSignedCut(cut)),
    accepted: acceptedEvent(leg.ref, offer, accept),
    next,
    handoverFrame: first.frame,
  }
}

function acceptedEvent(ref: LegRef, offer: SignedOffer, accept: SignedAccept): ConsignEvent {
  return {
    id: `accepted-${toHex(offerDigest(offer.record))}`,
    type: 'custody.accepted.v1',
    time: BASE_UTC_MS,
    data: {
      agreement: ref.agreement,
      shipment: SHIPMENT,
      leg: ref.leg,
      party: accept.record.party,
      accept: toHex(encodeSignedAccept(accept)),
      acceptDigest: acceptDigest(ref, accept.record),
      offerDigest: toHex(offerDigest(offer.record)),
    },
  }
}

export async function sealFrame(leg: SampleLeg): Promise<Uint8Array> {
  const seal = await signSeal(native, leg.keys, {
    ...leg.ref,
    n: leg.seq,
    root: new Uint8Array(32).fill(7),
    head: leg.previous,
  })
  return encodeFrame('seal', encodeSignedSeal(seal))
}
