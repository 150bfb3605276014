/** Signing and checking of one record under several algorithms: P-256 over `tag ‖ bytes`, ML-DSA and SLH-DSA over the digest. */
import { tagged, taggedDigest } from './digest.ts'
import type { KeySet } from './key-set.ts'
import type { PublicKeys } from './keys.ts'
import { isHighS } from './p256-order.ts'
import type { CryptoProvider } from './provider.ts'
import { Refusal } from './refusal.ts'

/** Algorithms of suite 1. */
export type Algorithm = 'p256' | 'mlDsa' | 'slhDsa'

/** One signature per algorithm asked for. */
export async function signUnder<A extends Algorithm>(
  crypto: CryptoProvider,
  keys: KeySet,
  { tag, bytes }: { tag: Uint8Array; bytes: Uint8Array },
  algorithms: readonly A[],
): Promise<Record<A, Uint8Array>> {
  const digest = taggedDigest(tag, bytes)
  const signatures: Partial<Record<Algorithm, Uint8Array>> = {}
  for (const algorithm of algorithms) {
    if (algorithm === 'p256') signatures.p256 = await crypto.p256Sign(keys, tagged(tag, bytes))
    else if (algorithm === 'mlDsa') signatures.mlDsa = await crypto.mlDsaSign(keys, digest)
    else signatures.slhDsa = await crypto.slhDsaSign(keys, digest)
  }
  return signatures as Record<A, Uint8Array>
}

/**
 * Checks every signature given and returns the digest. Throws Refusal `<structure>.signature.p256`, `.highS`, `.mlDsa` or `.slhDsa`.
 */
export async function verifyUnder(
  crypto: CryptoProvider,
  keys: Partial<PublicKeys>,
  { structure, tag, bytes }: { structure: string; tag: Uint8Array; bytes: Uint8Array },
  signatures: Partial<Record<Algorithm, Uint8Array>>,
): Promise<Uint8Array> {
  const digest = taggedDigest(tag, bytes)
  const { p256, mlDsa, slhDsa } = signatures
  if (p256 && !(keys.p256 && (await crypto.p256Verify(keys.p256, tagged(tag, bytes), p256))))
    throw refusedP256(structure, p256)
  if (mlDsa && !(keys.mlDsa && (await crypto.mlDsaVerify(keys.mlDsa, digest, mlDsa))))
    throw refusedSignature(structure, 'mlDsa')
  if (slhDsa && !(keys.slhDsa && (await crypto.slhDsaVerify(keys.slhDsa, digest, slhDsa))))
    throw refusedSignature(structure, 'slhDsa')
  return digest
}

/** The refusal of a P-256 signature that did not verify; high s has its own code. */
export function refusedP256(structure: string, signature: Uint8Array): Refusal {
  if (signature.length === 64 && isHighS(signature))
    return new Refusal(`${structure}.signature.highS`, `${structure}: s is above n/2; sign with low s`)
  return refusedSignature(structure, 'p256')
}

/** The refusal of a signature that did not verify. */
export function refusedSignature(structure: string, algorithm: Algorithm): Refusal {
  return new Refusal(
    `${structure}.signature.${algorithm}`,
    `${structure}: the ${algorithm} signature does not hold under the expected key; quarantine it`,
  )
}
