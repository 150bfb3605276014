/** Public keys of a signer, and how they are named: `p256 x ‖ p256 y ‖ SHA-256(ML-DSA-44 key) ‖ SLH-DSA key`, 128 bytes. */
import { sha256 } from '@consign/merkle/sha256'
import { fromHex, type Hex, hexDigits } from './bytes.ts'
import { SUITE, TAG, taggedDigest } from './digest.ts'
import { FieldWriter } from './fields.ts'

export const P256_KEY_BYTES = 64
export const ML_DSA_KEY_BYTES = 1312
export const SLH_DSA_KEY_BYTES = 32
export const P256_SIGNATURE_BYTES = 64
/** Of wallets: r ‖ s ‖ v. */
export const ECDSA_SIGNATURE_BYTES = 65
export const ML_DSA_SIGNATURE_BYTES = 2420
export const SLH_DSA_SIGNATURE_BYTES = 7856
export const KEYS_BYTES = 128

/** `p256` x ‖ y, 64 bytes; `mlDsa` 1312 bytes (FIPS 204); `slhDsa` 32 bytes (FIPS 205). */
export type PublicKeys = {
  readonly p256: Uint8Array
  readonly mlDsa: Uint8Array
  readonly slhDsa: Uint8Array
}

/** The 128 bytes that stand for public keys in records and terms; throws Refusal `keys.field` for a key of another size. */
export function keysBytes(keys: PublicKeys): Uint8Array {
  return new FieldWriter('keys', KEYS_BYTES)
    .bytes('p256', keys.p256, P256_KEY_BYTES)
    .bytes('mlDsaKeyHash', sha256(keys.mlDsa), 32)
    .bytes('slhDsa', keys.slhDsa, SLH_DSA_KEY_BYTES)
    .finish()
}

/** Keys as terms and events write them, in hex. Throws Refusal `hex.…` for another length. */
export function namedKeys(named: { p256: Hex; mlDsaKey: Hex; slhDsaKey: Hex }): PublicKeys {
  return {
    p256: fromHex(named.p256, P256_KEY_BYTES),
    mlDsa: fromHex(named.mlDsaKey, ML_DSA_KEY_BYTES),
    slhDsa: fromHex(named.slhDsaKey, SLH_DSA_KEY_BYTES),
  }
}

/** Name of a device: SHA-256(tag ‖ suite ‖ keys) as 64 hex digits without 0x; CN of its certificate and its MQTT client id. */
export function deviceId(keys: PublicKeys): string {
  const bytes = new FieldWriter('keys', 1 + KEYS_BYTES)
    .uint8('suite', SUITE)
    .bytes('keys', keysBytes(keys), KEYS_BYTES)
    .finish()
  return hexDigits(taggedDigest(TAG.device, bytes))
}
