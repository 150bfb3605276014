/**
 * Key pairs of one signer under all three algorithms. The secrets are reachable by the providers only: printing or serialising a KeySet shows
 * its public keys and nothing else.
 */
import { sha256 } from '@consign/merkle/sha256'
import { concatBytes, equalBytes } from './bytes.ts'
import { FieldReader } from './fields.ts'
import { ML_DSA_KEY_BYTES, P256_KEY_BYTES, type PublicKeys } from './keys.ts'
import { Refusal } from './refusal.ts'

/** `p256` scalar 32 bytes; `mlDsa` seed 32 bytes; `slhDsa` private key 64 bytes, whose second half is the public key. */
export type SecretKeys = {
  readonly p256: Uint8Array
  readonly mlDsa: Uint8Array
  readonly slhDsa: Uint8Array
}

/** Keys of one signer; made by a provider or by importKeySet. */
export class KeySet {
  readonly public: PublicKeys
  readonly #secret: SecretKeys

  constructor(publicKeys: PublicKeys, secret: SecretKeys) {
    this.public = publicKeys
    this.#secret = secret
  }

  static secretOf(keys: KeySet): SecretKeys {
    return keys.#secret
  }
}

const VERSION = 1
const CHECKSUM_BYTES = 8
const EXPORT_BYTES = 1 + 32 + 32 + 64 + P256_KEY_BYTES + ML_DSA_KEY_BYTES + CHECKSUM_BYTES

/**
 * Secret bytes for a 0600 file or the device's database:
 * `version 1 ‖ P-256 scalar 32 ‖ ML-DSA seed 32 ‖ SLH-DSA private 64 ‖ P-256 public 64 ‖ ML-DSA public 1312 ‖ first 8 bytes of SHA-256`.
 */
export function exportKeySet(keys: KeySet): Uint8Array {
  const secret = KeySet.secretOf(keys)
  const content = concatBytes(
    Uint8Array.of(VERSION),
    secret.p256,
    secret.mlDsa,
    secret.slhDsa,
    keys.public.p256,
    keys.public.mlDsa,
  )
  return concatBytes(content, sha256(content).subarray(0, CHECKSUM_BYTES))
}

/** The KeySet of exported bytes, copied out of them; throws Refusal `keySet.length`, `keySet.version` or `keySet.checksum`. */
export function importKeySet(bytes: Uint8Array): KeySet {
  const reader = new FieldReader('keySet', bytes, EXPORT_BYTES)
  const version = reader.uint8()
  if (version !== VERSION)
    throw new Refusal('keySet.version', `Key file version ${version} is unknown; this program reads 1`)
  const secret = {
    p256: reader.bytes(32).slice(),
    mlDsa: reader.bytes(32).slice(),
    slhDsa: reader.bytes(64).slice(),
  }
  const p256 = reader.bytes(P256_KEY_BYTES).slice()
  const mlDsa = reader.bytes(ML_DSA_KEY_BYTES).slice()
  const checksum = sha256(bytes.subarray(0, EXPORT_BYTES - CHECKSUM_BYTES)).subarray(0, CHECKSUM_BYTES)
  if (!equalBytes(checksum, reader.bytes(CHECKSUM_BYTES)))
    throw new Refusal('keySet.checksum', 'The key file is damaged; restore it from its copy')
  return new KeySet({ p256, mlDsa, slhDsa: secret.slhDsa.slice(32) }, secret)
}
