/**
 * What Consign needs of a cryptographic library. Two implementations, each of which accepts what the other signs: `native` (node:crypto)
 * and `portable` (noble: browser, verifier, other runtimes).
 *
 * Verifying answers false for everything that is not a valid signature, a malformed key included; it never throws for what came from outside.
 */
import type { KeySet } from './key-set.ts'

export interface CryptoProvider {
  readonly name: string
  /** New random keys. */
  generateKeys(): KeySet
  /** Keys from 32 bytes, the same with every provider; for tests and demonstrations. */
  keysFromSeed(seed: Uint8Array): KeySet
  /** ECDSA with SHA-256 over the message (tag ‖ bytes): 64 bytes r ‖ s, low s. */
  p256Sign(keys: KeySet, message: Uint8Array): Promise<Uint8Array>
  /** FIPS 204, pure, empty context, over a 32-byte digest: 2420 bytes. */
  mlDsaSign(keys: KeySet, digest: Uint8Array): Promise<Uint8Array>
  /** FIPS 205, pure, empty context, over a 32-byte digest: 7856 bytes. Takes a quarter of a second natively, seconds portably. */
  slhDsaSign(keys: KeySet, digest: Uint8Array): Promise<Uint8Array>
  /** Refuses high s, so that a signature cannot be altered into a second valid one. */
  p256Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
  mlDsaVerify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): Promise<boolean>
  slhDsaVerify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): Promise<boolean>
  p256VerifySync(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  mlDsaVerifySync(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean
}
