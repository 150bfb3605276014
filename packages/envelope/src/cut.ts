/** Cut: where a leg ends. The device signs it once it has verified an Accept of its Offer; leg k is [0, n), and leg k + 1 starts from the digest of the Cut. */
import { concatBytes } from './bytes.ts'
import { TAG, taggedDigest } from './digest.ts'
import { FieldReader } from './fields.ts'
import type { KeySet } from './key-set.ts'
import { ML_DSA_SIGNATURE_BYTES, P256_SIGNATURE_BYTES, type PublicKeys } from './keys.ts'
import { type LegRef, PREFIX_BYTES, readRecord, writeRecord } from './leg-ref.ts'
import type { CryptoProvider } from './provider.ts'
import { signUnder, verifyUnder } from './signatures.ts'

export const CUT_BYTES = PREFIX_BYTES + 32 + 32 + 4 + 32 + 32
export const SIGNED_CUT_BYTES = CUT_BYTES + P256_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES

/** `leg` is the one that ends; `acceptDigest` the EIP-712 digest of the Accept; `n` its envelopes, `root` and `head` over them. */
export type Cut = LegRef & {
  offerDigest: Uint8Array
  acceptDigest: Uint8Array
  n: number
  head: Uint8Array
  root: Uint8Array
}

export type SignedCut = { record: Cut; p256: Uint8Array; mlDsa: Uint8Array }

/** 165 bytes. */
export function encodeCut(record: Cut): Uint8Array {
  return writeRecord('cut', CUT_BYTES, record)
    .bytes('offerDigest', record.offerDigest, 32)
    .bytes('acceptDigest', record.acceptDigest, 32)
    .uint32('n', record.n)
    .bytes('head', record.head, 32)
    .bytes('root', record.root, 32)
    .finish()
}

/** Throws Refusal `cut.length`, `cut.suite` or `cut.field`. */
export function decodeCut(bytes: Uint8Array): Cut {
  const { ref, reader } = readRecord('cut', bytes, CUT_BYTES)
  return {
    ...ref,
    offerDigest: reader.bytes(32),
    acceptDigest: reader.bytes(32),
    n: reader.uint32(),
    head: reader.bytes(32),
    root: reader.bytes(32),
  }
}

/** Digest of the record: the previous digest of envelope 0 of the next leg. */
export function cutDigest(record: Cut | Uint8Array): Uint8Array {
  return taggedDigest(TAG.cut, record instanceof Uint8Array ? record : encodeCut(record))
}

/** Signs with the keys of the leg that ends. */
export async function signCut(crypto: CryptoProvider, legKeys: KeySet, record: Cut): Promise<SignedCut> {
  const bytes = encodeCut(record)
  return { record, ...(await signUnder(crypto, legKeys, { tag: TAG.cut, bytes }, ['p256', 'mlDsa'])) }
}

/** Returns the digest; throws Refusal `cut.signature.…`. */
export function verifyCut(
  crypto: CryptoProvider,
  legPublic: PublicKeys,
  signed: SignedCut,
): Promise<Uint8Array> {
  const { record, p256, mlDsa } = signed
  return verifyUnder(
    crypto,
    legPublic,
    { structure: 'cut', tag: TAG.cut, bytes: encodeCut(record) },
    { p256, mlDsa },
  )
}

/** Frame 4: `Cut 165 ‖ P-256 64 ‖ ML-DSA 2420`. */
export function encodeSignedCut(signed: SignedCut): Uint8Array {
  return concatBytes(encodeCut(signed.record), signed.p256, signed.mlDsa)
}

/** Throws Refusal `cut.length` and those of decodeCut. */
export function decodeSignedCut(bytes: Uint8Array): SignedCut {
  const reader = new FieldReader('cut', bytes, SIGNED_CUT_BYTES)
  return {
    record: decodeCut(reader.bytes(CUT_BYTES)),
    p256: reader.bytes(P256_SIGNATURE_BYTES),
    mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES),
  }
}
