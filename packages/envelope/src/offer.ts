/** Offer: the device shows whoever takes the goods what it would hand over, and the hash of the next leg's keys. Not a seal, and no change of custody. */
import { concatBytes } from './bytes.ts'
import { TAG, taggedDigest } from './digest.ts'
import { FieldReader } from './fields.ts'
import type { KeySet } from './key-set.ts'
import { ML_DSA_SIGNATURE_BYTES, P256_SIGNATURE_BYTES, type PublicKeys } from './keys.ts'
import { type LegRef, PREFIX_BYTES, readRecord, writeRecord } from './leg-ref.ts'
import type { CryptoProvider } from './provider.ts'
import { signUnder, verifyUnder } from './signatures.ts'

export const NONCE_BYTES = 16
export const OFFER_BYTES = PREFIX_BYTES + 32 + 4 + 32 + 32 + NONCE_BYTES + 4
export const SIGNED_OFFER_BYTES = OFFER_BYTES + P256_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES

/** `device` 64 hex digits; `m` next free seq; `head` digest of envelope m - 1; expires at seq m + ttlEnvelopes. */
export type Offer = LegRef & {
  device: string
  m: number
  head: Uint8Array
  nextKeysHash: Uint8Array
  nonce: Uint8Array
  ttlEnvelopes: number
}

export type SignedOffer = { record: Offer; p256: Uint8Array; mlDsa: Uint8Array }

/** 153 bytes. */
export function encodeOffer(record: Offer): Uint8Array {
  return writeRecord('offer', OFFER_BYTES, record)
    .hex('device', record.device, 32)
    .uint32('m', record.m)
    .bytes('head', record.head, 32)
    .bytes('nextKeysHash', record.nextKeysHash, 32)
    .bytes('nonce', record.nonce, NONCE_BYTES)
    .uint32('ttlEnvelopes', record.ttlEnvelopes)
    .finish()
}

/** Throws Refusal `offer.length`, `offer.suite` or `offer.field`. */
export function decodeOffer(bytes: Uint8Array): Offer {
  const { ref, reader } = readRecord('offer', bytes, OFFER_BYTES)
  return {
    ...ref,
    device: reader.hexDigits(32),
    m: reader.uint32(),
    head: reader.bytes(32),
    nextKeysHash: reader.bytes(32),
    nonce: reader.bytes(NONCE_BYTES),
    ttlEnvelopes: reader.uint32(),
  }
}

/** Digest of the record: what an Accept binds. */
export function offerDigest(record: Offer | Uint8Array): Uint8Array {
  return taggedDigest(TAG.offer, record instanceof Uint8Array ? record : encodeOffer(record))
}

/** Signs with the keys of the leg that is offered. */
export async function signOffer(
  crypto: CryptoProvider,
  legKeys: KeySet,
  record: Offer,
): Promise<SignedOffer> {
  const bytes = encodeOffer(record)
  return { record, ...(await signUnder(crypto, legKeys, { tag: TAG.offer, bytes }, ['p256', 'mlDsa'])) }
}

/** Returns the digest; throws Refusal `offer.signature.…`. */
export function verifyOffer(
  crypto: CryptoProvider,
  legPublic: PublicKeys,
  signed: SignedOffer,
): Promise<Uint8Array> {
  const { record, p256, mlDsa } = signed
  return verifyUnder(
    crypto,
    legPublic,
    { structure: 'offer', tag: TAG.offer, bytes: encodeOffer(record) },
    { p256, mlDsa },
  )
}

/** Frame 3: `Offer 153 ‖ P-256 64 ‖ ML-DSA 2420`. */
export function encodeSignedOffer(signed: SignedOffer): Uint8Array {
  return concatBytes(encodeOffer(signed.record), signed.p256, signed.mlDsa)
}

/** Throws Refusal `offer.length` and those of decodeOffer. */
export function decodeSignedOffer(bytes: Uint8Array): SignedOffer {
  const reader = new FieldReader('offer', bytes, SIGNED_OFFER_BYTES)
  return {
    record: decodeOffer(reader.bytes(OFFER_BYTES)),
    p256: reader.bytes(P256_SIGNATURE_BYTES),
    mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES),
  }
}
