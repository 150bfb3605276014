/** Keys from a seed, for tests and demonstrations: SHA-256(label ‖ seed ‖ counter) per key, then each standard's own key generation. */
import { sha256 } from '@consign/merkle/sha256'
import { p256 } from '@noble/curves/nist.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js'
import { concatBytes } from './bytes.ts'
import { KeySet, type SecretKeys } from './key-set.ts'
import { isScalar } from './p256-order.ts'
import { Refusal } from './refusal.ts'

const SEED_BYTES = 32

/** The same KeySet for the same 32 bytes, whatever the runtime; about 0.2 s, most of it the SLH-DSA root. Throws Refusal `keys.seed`. */
export function deriveKeySet(seed: Uint8Array): KeySet {
  if (seed.length !== SEED_BYTES)
    throw new Refusal('keys.seed', `A key seed has ${SEED_BYTES} bytes, not ${seed.length}`)
  const slhDsaSeed = concatBytes(expand('slh-dsa', seed, 0), expand('slh-dsa', seed, 1).subarray(0, 16))
  return keySetOf({
    p256: scalarOf(seed),
    mlDsa: expand('ml-dsa', seed, 0),
    slhDsa: slh_dsa_sha2_128s.keygen(slhDsaSeed).secretKey,
  })
}

/** The KeySet of secrets, public keys computed portably. */
export function keySetOf(secret: SecretKeys): KeySet {
  return new KeySet(
    {
      p256: p256.getPublicKey(secret.p256, false).slice(1),
      mlDsa: ml_dsa44.keygen(secret.mlDsa).publicKey,
      slhDsa: secret.slhDsa.slice(32),
    },
    secret,
  )
}

function scalarOf(seed: Uint8Array): Uint8Array {
  for (let counter = 0; ; counter++) {
    const scalar = expand('p256', seed, counter)
    if (isScalar(scalar)) return scalar
  }
}

function expand(label: string, seed: Uint8Array, counter: number): Uint8Array {
  return sha256(concatBytes(new TextEncoder().encode(`consign keys ${label}`), seed, Uint8Array.of(counter)))
}
