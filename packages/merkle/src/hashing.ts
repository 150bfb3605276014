/** Node hashes of RFC 9162 §2.1.1: a leaf is SHA-256(0x00 ‖ data), an inner node SHA-256(0x01 ‖ left ‖ right), the empty tree SHA-256(). */
import { HASH_BYTES, sha256, sha256Into } from './sha256.ts'

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** Root of a tree without leaves. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0))

// One scratch for every inner node: hashing is synchronous, and the digest is copied out before the next one begins.
const scratch = new Uint8Array(1 + 2 * HASH_BYTES)

/** Hash of one leaf's data (any length). */
export function leafHash(data: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + data.length)
  prefixed[0] = LEAF_PREFIX
  prefixed.set(data, 1)
  return sha256(prefixed)
}

/** Writes the hash of the node over two 32-byte children into `target` at `offset`; the children may lie in `target`. */
export function nodeHashInto(left: Uint8Array, right: Uint8Array, target: Uint8Array, offset: number): void {
  scratch[0] = NODE_PREFIX
  scratch.set(left, 1)
  scratch.set(right, 1 + HASH_BYTES)
  sha256Into(scratch, target, offset)
}

/** Hash of the node over two 32-byte children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const digest = new Uint8Array(HASH_BYTES)
  nodeHashInto(left, right, digest, 0)
  return digest
}

/** Whether two hashes are the same bytes; roots and proofs are public, so this need not take constant time. */
export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
