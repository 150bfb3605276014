/**
 * The portable provider: `@noble/curves` and `@noble/post-quantum` (FIPS 204, FIPS 205). For browsers and offline verification, and as the
 * cross-check of the native one. Not independently audited, and not constant-time: devices and services sign natively.
 */
import { p256 } from '@noble/curves/nist.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js'
import { deriveKeySet, keySetOf } from './key-derivation.ts'
import { KeySet } from './key-set.ts'
import {
  ML_DSA_KEY_BYTES,
  ML_DSA_SIGNATURE_BYTES,
  P256_KEY_BYTES,
  P256_SIGNATURE_BYTES,
  SLH_DSA_KEY_BYTES,
  SLH_DSA_SIGNATURE_BYTES,
} from './keys.ts'
import type { CryptoProvider } from './provider.ts'

/** The portable provider; signatures are hedged with fresh randomness unless `deterministic` (published vectors need the same bytes). */
export function portableProvider({ deterministic = false } = {}): CryptoProvider {
  const hedging = deterministic ? { extraEntropy: false as const } : {}
  return {
    name: 'portable',
    generateKeys: () =>
      keySetOf({
        p256: p256.utils.randomSecretKey(),
        mlDsa: globalThis.crypto.getRandomValues(new Uint8Array(32)),
        slhDsa: slh_dsa_sha2_128s.keygen().secretKey,
      }),
    keysFromSeed: deriveKeySet,
    p256Sign: async (keys, message) => p256.sign(message, KeySet.secretOf(keys).p256, { lowS: true }),
    mlDsaSign: async (keys, digest) =>
      ml_dsa44.sign(digest, ml_dsa44.keygen(KeySet.secretOf(keys).mlDsa).secretKey, hedging),
    slhDsaSign: async (keys, digest) => slh_dsa_sha2_128s.sign(digest, KeySet.secretOf(keys).slhDsa, hedging),
    p256Verify: async (publicKey, message, signature) => verifyP256(publicKey, message, signature),
    mlDsaVerify: async (publicKey, digest, signature) => verifyMlDsa(publicKey, digest, signature),
    slhDsaVerify: async (publicKey, digest, signature) => verifySlhDsa(publicKey, digest, signature),
    p256VerifySync: verifyP256,
    mlDsaVerifySync: verifyMlDsa,
  }
}

/** The portable provider with hedged signatures. */
export const portable: CryptoProvider = portableProvider()

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== P256_KEY_BYTES || signature.length !== P256_SIGNATURE_BYTES) return false
  const point = new Uint8Array(1 + P256_KEY_BYTES)
  point[0] = 0x04
  point.set(publicKey, 1)
  return answers(() => p256.verify(signature, message, point, { lowS: true }))
}

function verifyMlDsa(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ML_DSA_KEY_BYTES || signature.length !== ML_DSA_SIGNATURE_BYTES) return false
  return answers(() => ml_dsa44.verify(signature, digest, publicKey))
}

function verifySlhDsa(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== SLH_DSA_KEY_BYTES || signature.length !== SLH_DSA_SIGNATURE_BYTES) return false
  return answers(() => slh_dsa_sha2_128s.verify(signature, digest, publicKey))
}

// noble throws for points off the curve and for r or s out of range; sizes were checked, so a throw is a signature that does not hold.
function answers(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false
  }
}
