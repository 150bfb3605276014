// A shipment as its parties hold it, from fixed seeds: terms, party signatures, leg keys, envelopes, handovers. It is made by the packages that
// services and devices use, so what the contracts accept or refuse of it is what they would of a real one.
import {
  type CryptoProvider,
  cutDigest,
  deviceId,
  encodeSignedAccept,
  encodeSignedCut,
  encodeSignedLegKeys,
  encodeSignedOffer,
  encodeSignedSeal,
  FLAG,
  type KeySet,
  keysBytes,
  type LegRef,
  legKeysDigest,
  native,
  offerDigest,
  type Reading,
  type SignedDelegation,
  sealEnvelope,
  signCut,
  signLegKeys,
  signOffer,
  signSeal,
} from '@consign/envelope'
import { portableProvider } from '@consign/envelope/portable'
import { merkleRoot } from '@consign/merkle'
import {
  acceptDigest,
  agreementAddress,
  type PartyKeys,
  partyByWallet,
  partyKeysFromSeed,
  payee,
  payer,
  signAccept,
  signAgreement,
  signDelegation,
  signManualCut,
  type TermsDraft,
  termsHash,
} from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { bytesToHex, type Hex, hexToBytes, sha256, stringToBytes } from 'viem'

/** Where the contracts are, as far as a shipment depends on it. */
export type Place = { chainId: number; factory: Hex; implementation: Hex; token?: Hex; anchorWriter?: Hex }

export type Shipment = Awaited<ReturnType<typeof makeShipment>>

/** A leg's keys, its signed LegKeys, and its envelopes so far. */
export type LegEvidence = {
  ref: LegRef
  keys: KeySet
  keysHash: Uint8Array
  signedKeys: Hex
  wires: Uint8Array[]
  digests: Uint8Array[]
  previous: Uint8Array
  /** UTC at which the leg began, and how long it has gone on */
  beganUtcMs: number
  lastsMs: number
}

/** A handover as both parties take it away; hex of the signed records, as their frames hold them. */
export type Handover = { offer: Hex; accept: Hex; cut: Hex; cutDigest: Uint8Array; next: LegEvidence }

export type Rows = Partial<Reading['values']>[]

// Signatures that reach the chain are the same in every run, and so are calldata and gas: noble signs P-256 by RFC 6979, and SLH-DSA, where
// asked, without hedging. That takes it seconds, so all other SLH-DSA signatures here are native.
const deterministic = portableProvider({ deterministic: true })
const crypto: CryptoProvider = { ...native, p256Sign: deterministic.p256Sign }

/** For what a delegate shows after a contest, whose gas is measured. */
const repeatable: CryptoProvider = { ...crypto, slhDsaSign: deterministic.slhDsaSign }

const DAY_MS = 86_400_000
const BASE_UTC_MS = Date.UTC(2026, 10, 2)
const SAMPLE_EVERY_MS = 300_000

const seedOf = (label: string) => sha256(stringToBytes(`consign shipment ${label}`), 'bytes')

/** Terms of a draft, signed by payer and payee, and the address that their agreement will have. */
export async function makeShipment(place: Place, draft: TermsDraft = SAMPLE_DRAFT) {
  const { chainId, token, anchorWriter } = place
  const overrides = { chainId, ...(token ? { token } : {}), ...(anchorWriter ? { anchorWriter } : {}) }
  const sample = sampleAgreement(draft, overrides, crypto)
  const { terms } = sample
  const message = { termsHash: termsHash(terms), payer: payer(terms).wallet, payee: payee(terms).wallet }
  const sign = (wallet: Hex) =>
    signAgreement(crypto, keysOf(Object.values(sample.parties), wallet), place, message)
  return {
    ...sample,
    ...message,
    chainId,
    agreement: agreementAddress({ ...place, ...message }),
    payerSignature: await sign(message.payer),
    payeeSignature: await sign(message.payee),
  }
}

/** Leg 0, whose keys the device signs. */
export function firstLeg(shipment: Shipment): Promise<LegEvidence> {
  return beginLeg(shipment, 0, shipment.device, BASE_UTC_MS)
}

/** Adds one envelope of the rows, a reading each five minutes, after a pause; what a row leaves out was not measured. */
export async function addEnvelope(leg: LegEvidence, rows: Rows, pauseMs = 0): Promise<void> {
  const seq = leg.wires.length
  const baseMonotonicMs = leg.lastsMs + pauseMs
  const readings = rows.map((values, index) => {
    const monotonicMs = baseMonotonicMs + index * SAMPLE_EVERY_MS
    return { monotonicMs, utcMs: leg.beganUtcMs + monotonicMs, values }
  })
  const { wire, digest } = await sealEnvelope(crypto, leg.keys, {
    ref: leg.ref,
    seq,
    previous: leg.previous,
    flags: FLAG.checkpoint,
    readings,
    seed: seedOf(`body ${leg.ref.agreement} ${leg.ref.leg} ${seq}`).subarray(0, 16),
    bootId: seedOf('boot').subarray(0, 16),
    baseMonotonicMs,
    baseUtcMs: leg.beganUtcMs + baseMonotonicMs,
    clockState: 1,
  })
  leg.wires.push(wire)
  leg.digests.push(digest)
  leg.previous = digest
  leg.lastsMs = baseMonotonicMs + Math.max(rows.length, 1) * SAMPLE_EVERY_MS
}

/** The signed seal of a leg's envelopes so far, as its frame holds it. */
export async function sealLeg({ ref, keys, digests, previous }: LegEvidence): Promise<Hex> {
  const record = { ...ref, n: digests.length, root: merkleRoot(digests), head: previous }
  return bytesToHex(encodeSignedSeal(await signSeal(deterministic, keys, record)))
}

/** The device's signed offer at the leg's present end, as its frame holds it. */
export async function offerLeg(shipment: Shipment, leg: LegEvidence): Promise<Hex> {
  const next = await beginLeg(shipment, leg.ref.leg + 1, leg.keys, leg.beganUtcMs + leg.lastsMs)
  return bytesToHex(encodeSignedOffer(await makeOffer(shipment, leg, next)))
}

/**
 * Offer, acceptance by `taker` and cut at the leg's present end; `changes` alter what the device or the taker would sign. With a `delegation` its
 * delegate accepts, whose keys are `driver`.
 */
export async function handOver(
  shipment: Shipment,
  leg: LegEvidence,
  taker: PartyKeys,
  changes: { m?: number; ttlEnvelopes?: number; amount?: bigint } = {},
  by?: { driver: PartyKeys; delegation: SignedDelegation },
): Promise<Handover> {
  const { ref, keys, digests } = leg
  const next = await beginLeg(shipment, ref.leg + 1, keys, leg.beganUtcMs + leg.lastsMs)
  const offer = await makeOffer(shipment, leg, next, changes)
  const accepted = await acceptOf(shipment, taker, offerDigest(offer.record), changes.amount, by)
  const cut = await signCut(crypto, keys, {
    ...ref,
    offerDigest: offerDigest(offer.record),
    acceptDigest: hexToBytes(acceptDigest(shipment, accepted.record)),
    n: digests.length,
    head: leg.previous,
    root: merkleRoot(digests),
  })
  const digest = cutDigest(cut.record)
  return {
    offer: bytesToHex(encodeSignedOffer(offer)),
    accept: bytesToHex(encodeSignedAccept(accepted)),
    cut: bytesToHex(encodeSignedCut(cut)),
    cutDigest: digest,
    next: { ...next, previous: digest },
  }
}

/** Both custodians hand over without the device; another one, with keys of its own, goes on. */
export async function handOverManually(shipment: Shipment, leg: LegEvidence, from: PartyKeys, to: PartyKeys) {
  const next = await beginLeg(shipment, leg.ref.leg + 1, shipment.device, leg.beganUtcMs + leg.lastsMs)
  const clause = partyByWallet(shipment.terms, walletOf(to))
  const cut = {
    termsHash: shipment.termsHash,
    leg: leg.ref.leg,
    n: leg.digests.length,
    timeMs: BigInt(next.beganUtcMs),
    to: walletOf(to),
    nextKeysHash: bytesToHex(next.keysHash),
    amount: BigInt(clause?.amount ?? 0),
    penaltyMax: BigInt(clause?.penaltyCap ?? 0),
    reasonsHash: sha256('0x'),
  }
  const sign = async (party: PartyKeys) => (await signManualCut(crypto, party, shipment, cut)).ecdsa
  return { cut, fromSignature: await sign(from), toSignature: await sign(to), next }
}

function makeOffer(
  shipment: Shipment,
  leg: LegEvidence,
  next: LegEvidence,
  changes: { m?: number; ttlEnvelopes?: number } = {},
) {
  const { ref, keys, digests } = leg
  const m = changes.m ?? digests.length
  return signOffer(crypto, keys, {
    ...ref,
    device: deviceId(shipment.device.public),
    m,
    head: digests[m - 1] ?? leg.previous,
    nextKeysHash: next.keysHash,
    nonce: seedOf(`offer ${ref.leg}`).subarray(0, 16),
    ttlEnvelopes: changes.ttlEnvelopes ?? 10,
  })
}

/** What `party` lets a driver do, whose keys are the same for every driver of this name. */
export async function delegateTo(
  shipment: Shipment,
  party: PartyKeys,
  name: string,
  {
    scope = shipment.termsHash,
    notAfterMs = BASE_UTC_MS + 30 * DAY_MS,
  }: { scope?: Hex; notAfterMs?: number } = {},
): Promise<{ driver: PartyKeys; delegation: SignedDelegation }> {
  const driver = partyKeysFromSeed(seedOf(`driver ${name}`), crypto)
  const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = driver.pq.public
  const record = {
    ...{ party: walletOf(party), delegate: walletOf(driver), mlDsaKey, slhDsaKey },
    ...{ scope, notAfterMs },
  }
  return { driver, delegation: await signDelegation(repeatable, party, shipment.chainId, record) }
}

async function acceptOf(
  shipment: Shipment,
  taker: PartyKeys,
  offered: Uint8Array,
  amount?: bigint,
  by?: { driver: PartyKeys; delegation: SignedDelegation },
) {
  const party = walletOf(taker)
  const clause = partyByWallet(shipment.terms, party)
  const record = {
    offerDigest: bytesToHex(offered),
    party,
    termsHash: shipment.termsHash,
    amount: amount ?? BigInt(clause?.amount ?? 0),
    penaltyMax: BigInt(clause?.penaltyCap ?? 0),
    reservationsHash: sha256('0x'),
  }
  if (by) return signAccept(repeatable, by.driver, shipment, record, by.delegation)
  return signAccept(crypto, taker, shipment, record)
}

async function beginLeg(
  shipment: Shipment,
  leg: number,
  signer: KeySet,
  beganUtcMs: number,
): Promise<LegEvidence> {
  const ref = { chainId: shipment.chainId, agreement: shipment.agreement, leg }
  const keys = crypto.keysFromSeed(seedOf(`leg ${shipment.agreement} ${leg}`))
  const record = { ...ref, keys: keysBytes(keys.public) }
  const signed = await signLegKeys(crypto, signer, record, keys.public)
  const keysHash = legKeysDigest(record)
  return {
    ref,
    keys,
    keysHash,
    signedKeys: bytesToHex(encodeSignedLegKeys(signed)),
    wires: [],
    digests: [],
    previous: keysHash,
    beganUtcMs,
    lastsMs: 0,
  }
}

function keysOf(parties: PartyKeys[], wallet: Hex): PartyKeys {
  const found = parties.find((party) => walletOf(party) === wallet)
  if (!found) throw new Error(`nobody here has the wallet ${wallet}`)
  return found
}

function walletOf(party: PartyKeys): Hex {
  return party.wallet.address.toLowerCase() as Hex
}
