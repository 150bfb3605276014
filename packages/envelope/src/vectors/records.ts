/** Vectors of the records: keys, LegKeys of two legs, Offer, Accept (bytes only), with and without a delegation, Cut, Seal, Receipt. */
import { merkleRoot } from '@consign/merkle'
import { type Accept, encodeAccept, encodeSignedAccept, type SignedAccept } from '../accept.ts'
import { fromHex, toHex } from '../bytes.ts'
import { type Cut, cutDigest, encodeCut, encodeSignedCut, type SignedCut, signCut } from '../cut.ts'
import { encodeDelegation, encodeSignedDelegation, pqKeyHash, type SignedDelegation } from '../delegation.ts'
import type { KeySet } from '../key-set.ts'
import {
  deviceId,
  keysBytes,
  ML_DSA_SIGNATURE_BYTES,
  type PublicKeys,
  SLH_DSA_SIGNATURE_BYTES,
} from '../keys.ts'
import { encodeLegKeys, encodeSignedLegKeys, type LegKeys, legKeysDigest, signLegKeys } from '../leg-keys.ts'
import { encodeOffer, encodeSignedOffer, type Offer, offerDigest, signOffer } from '../offer.ts'
import type { CryptoProvider } from '../provider.ts'
import { encodeReceipt, encodeSignedReceipt, type Receipt, receiptDigest, signReceipt } from '../receipt.ts'
import { encodeSeal, encodeSignedSeal, type Seal, sealDigest, signSeal } from '../seal.ts'
import { AGREEMENT, CHAIN_ID, filled, named } from './fixture.ts'

/** Keys as the vectors name them. */
export type VectorKeys = { device: KeySet; leg0: KeySet; leg1: KeySet; ingest: KeySet }

/** A record of leg 0 in every form it takes; signatures by algorithm. */
type RecordVector = Record<string, unknown> & { bytes: string; digest: string; signed: string }

/** Public keys in every form that records, terms and contracts hold them. */
export function keysVector(keys: KeySet): Record<string, string> {
  return {
    p256X: toHex(keys.public.p256.subarray(0, 32)),
    p256Y: toHex(keys.public.p256.subarray(32)),
    mlDsaKey: toHex(keys.public.mlDsa),
    mlDsaKeyHash: toHex(keysBytes(keys.public).subarray(64, 96)),
    slhDsaKey: toHex(keys.public.slhDsa),
    keys: toHex(keysBytes(keys.public)),
    deviceId: `0x${deviceId(keys.public)}`,
  }
}

/** LegKeys of leg `leg`, signed by the device or by the leg before. */
export async function legKeysVector(
  crypto: CryptoProvider,
  signer: KeySet,
  next: KeySet,
  leg: number,
): Promise<RecordVector> {
  const record: LegKeys = { chainId: CHAIN_ID, agreement: AGREEMENT, leg, keys: keysBytes(next.public) }
  const signed = await signLegKeys(crypto, signer, record, next.public)
  return {
    leg,
    keys: toHex(record.keys),
    bytes: toHex(encodeLegKeys(record)),
    digest: toHex(legKeysDigest(record)),
    ...signaturesOf(signed),
    slhDsa: toHex(signed.slhDsa),
    signed: toHex(encodeSignedLegKeys(signed)),
  }
}

/** An Accept whose signatures are placeholders: those are EIP-712 and have their vectors with the terms. */
export function acceptOf(offerDigestBytes: Uint8Array): SignedAccept {
  const record: Accept = {
    offerDigest: toHex(offerDigestBytes),
    party: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
    termsHash: toHex(named('terms hash')),
    amount: 50n * 10n ** 18n,
    penaltyMax: 10n * 10n ** 18n,
    reservationsHash: toHex(new Uint8Array(32)),
  }
  return {
    record,
    ecdsa: filled(0xec, 65),
    mlDsa: filled(0x3d, ML_DSA_SIGNATURE_BYTES),
    slhDsa: filled(0x51, SLH_DSA_SIGNATURE_BYTES),
  }
}

/** A Delegation, for one agreement, by the party of that Accept; its signatures are placeholders for the same reason. */
export function delegationOf(accept: SignedAccept, delegate: PublicKeys): SignedDelegation {
  const { party, termsHash } = accept.record
  const { mlDsa: mlDsaKey, slhDsa: slhDsaKey } = delegate
  return {
    record: {
      ...{ party, delegate: '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc', mlDsaKey, slhDsaKey },
      ...{ scope: termsHash, notAfterMs: Date.UTC(2026, 10, 3) },
    },
    ecdsa: filled(0xed, 65),
    mlDsa: filled(0x3e, ML_DSA_SIGNATURE_BYTES),
    slhDsa: filled(0x52, SLH_DSA_SIGNATURE_BYTES),
  }
}

/** What ends leg 0 after the envelopes with these digests: offer, accept, cut, seal, and the receipt of them. */
export async function handoverVectors(
  crypto: CryptoProvider,
  keys: VectorKeys,
  digests: readonly Uint8Array[],
  nextKeysHash: Uint8Array,
): Promise<{ vectors: Record<string, Record<string, unknown>>; cut: SignedCut; accept: SignedAccept }> {
  const ref = { chainId: CHAIN_ID, agreement: AGREEMENT, leg: 0 }
  const n = digests.length
  const head = digests[n - 1] as Uint8Array
  const root = merkleRoot(digests)
  const offer: Offer = {
    ...ref,
    device: deviceId(keys.device.public),
    m: n,
    head,
    nextKeysHash,
    nonce: filled(0x0f, 16),
    ttlEnvelopes: 30,
  }
  const signedOffer = await signOffer(crypto, keys.leg0, offer)
  const accept = acceptOf(offerDigest(offer))
  const delegation = delegationOf(accept, keys.ingest.public)
  const cut: Cut = {
    ...ref,
    offerDigest: offerDigest(offer),
    acceptDigest: named('accept digest'),
    n,
    head,
    root,
  }
  const signedCut = await signCut(crypto, keys.leg0, cut)
  const seal: Seal = { ...ref, n, root, head }
  const signedSeal = await signSeal(crypto, keys.leg0, seal)
  const receipt: Receipt = {
    ...ref,
    kind: 'envelope',
    status: 'stored',
    fromSeq: 0,
    seq: n - 1,
    digest: head,
  }
  const signedReceipt = await signReceipt(crypto, keys.ingest, receipt)
  const vectors = {
    offer: {
      ...jsonOf(offer),
      device: `0x${offer.device}`,
      bytes: toHex(encodeOffer(offer)),
      digest: toHex(offerDigest(offer)),
      ...signaturesOf(signedOffer),
      signed: toHex(encodeSignedOffer(signedOffer)),
    },
    accept: {
      ...jsonOf(accept.record),
      bytes: toHex(encodeAccept(accept.record)),
      digest: toHex(cut.acceptDigest),
      signed: toHex(encodeSignedAccept(accept)),
    },
    delegation: {
      ...jsonOf(delegation.record),
      bytes: toHex(encodeDelegation(delegation.record)),
      pqKeyHash: toHex(pqKeyHash(delegation.record)),
      signed: toHex(encodeSignedDelegation(delegation)),
    },
    delegatedAccept: { signed: toHex(encodeSignedAccept({ ...accept, delegation })) },
    cut: {
      ...jsonOf(cut),
      bytes: toHex(encodeCut(cut)),
      digest: toHex(cutDigest(cut)),
      ...signaturesOf(signedCut),
      signed: toHex(encodeSignedCut(signedCut)),
    },
    seal: {
      ...jsonOf(seal),
      bytes: toHex(encodeSeal(seal)),
      digest: toHex(sealDigest(seal)),
      slhDsa: toHex(signedSeal.slhDsa),
      signed: toHex(encodeSignedSeal(signedSeal)),
    },
    receipt: {
      ...jsonOf(receipt),
      bytes: toHex(encodeReceipt(receipt)),
      digest: toHex(receiptDigest(receipt)),
      mlDsa: toHex(signedReceipt.mlDsa),
      signed: toHex(encodeSignedReceipt(signedReceipt)),
    },
  }
  return { vectors, cut: signedCut, accept }
}

/** `r`, `s` and `mlDsa` in hexadecimal. */
export function signaturesOf({
  p256,
  mlDsa,
}: {
  p256: Uint8Array
  mlDsa?: Uint8Array
}): Record<string, string> {
  return {
    r: toHex(p256.subarray(0, 32)),
    s: toHex(p256.subarray(32)),
    ...(mlDsa === undefined ? {} : { mlDsa: toHex(mlDsa) }),
  }
}

/** Digest bytes of an earlier vector. */
export function digestOf(vector: { digest: string }): Uint8Array {
  return fromHex(vector.digest, 32)
}

// Bytes in hexadecimal, bigint as decimal strings, everything else as it is.
function jsonOf(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? value.toString() : value,
    ]),
  )
}
