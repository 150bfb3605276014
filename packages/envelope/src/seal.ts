/** Seal: the leg's SLH-DSA signature over size, root and head of its envelopes so far; a root alone binds no size. */
import { concatBytes } from './bytes.ts'
import { TAG, taggedDigest } from './digest.ts'
import { FieldReader } from './fields.ts'
import type { KeySet } from './key-set.ts'
import { type PublicKeys, SLH_DSA_SIGNATURE_BYTES } from './keys.ts'
import { type LegRef, PREFIX_BYTES, readRecord, writeRecord } from './leg-ref.ts'
import type { CryptoProvider } from './provider.ts'
import { signUnder, verifyUnder } from './signatures.ts'

export const SEAL_BYTES = PREFIX_BYTES + 4 + 32 + 32
export const SIGNED_SEAL_BYTES = SEAL_BYTES + SLH_DSA_SIGNATURE_BYTES

/** `n` envelopes; `root` over their digests (RFC 9162); `head` the digest of the last. */
export type Seal = LegRef & { n: number; root: Uint8Array; head: Uint8Array }

export type SignedSeal = { record: Seal; slhDsa: Uint8Array }

/** 101 bytes. */
export function encodeSeal(record: Seal): Uint8Array {
  return writeRecord('seal', SEAL_BYTES, record)
    .uint32('n', record.n)
    .bytes('root', record.root, 32)
    .bytes('head', record.head, 32)
    .finish()
}

/** Throws Refusal `seal.length`, `seal.suite` or `seal.field`. */
export function decodeSeal(bytes: Uint8Array): Seal {
  const { ref, reader } = readRecord('seal', bytes, SEAL_BYTES)
  return { ...ref, n: reader.uint32(), root: reader.bytes(32), head: reader.bytes(32) }
}

/** Digest of the record: what SLH-DSA signs. */
export function sealDigest(record: Seal | Uint8Array): Uint8Array {
  return taggedDigest(TAG.seal, record instanceof Uint8Array ? record : encodeSeal(record))
}

/** Signs with the keys of the leg. */
export async function signSeal(crypto: CryptoProvider, legKeys: KeySet, record: Seal): Promise<SignedSeal> {
  const bytes = encodeSeal(record)
  return { record, ...(await signUnder(crypto, legKeys, { tag: TAG.seal, bytes }, ['slhDsa'])) }
}

/** Returns the digest; throws Refusal `seal.signature.slhDsa`. */
export function verifySeal(
  crypto: CryptoProvider,
  legPublic: Pick<PublicKeys, 'slhDsa'>,
  signed: SignedSeal,
): Promise<Uint8Array> {
  const { record, slhDsa } = signed
  return verifyUnder(
    crypto,
    legPublic,
    { structure: 'seal', tag: TAG.seal, bytes: encodeSeal(record) },
    { slhDsa },
  )
}

/** Frame 5: `Seal 101 ‖ SLH-DSA 7856`. */
export function encodeSignedSeal(signed: SignedSeal): Uint8Array {
  return concatBytes(encodeSeal(signed.record), signed.slhDsa)
}

/** Throws Refusal `seal.length` and those of decodeSeal. */
export function decodeSignedSeal(bytes: Uint8Array): SignedSeal {
  const reader = new FieldReader('seal', bytes, SIGNED_SEAL_BYTES)
  return { record: decodeSeal(reader.bytes(SEAL_BYTES)), slhDsa: reader.bytes(SLH_DSA_SIGNATURE_BYTES) }
}
