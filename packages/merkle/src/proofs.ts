/**
 * Checks of RFC 9162 §2.1.3.2 and §2.1.4.2. They answer false for whatever does not fit and never throw.
 *
 * An inclusion proof alone binds neither index nor size (leaf 4 of 5 also verifies as leaf 2 of 3 under the same root): take both from
 * something signed or stored together with the root.
 */

import { MerkleFrontier } from './frontier.ts'
import { emptyRoot, equalHashes, leafHash, nodeHash } from './hashing.ts'

/** Claim that `leaf` (its data, not its hash) is number `index` of the `size` leaves under `root`. */
export type Inclusion = {
  leaf: Uint8Array
  index: number
  size: number
  proof: readonly Uint8Array[]
  root: Uint8Array
}

/** Claim that the tree of `size` leaves under `root` begins with the `oldSize` leaves under `oldRoot`. */
export type Consistency = {
  oldSize: number
  oldRoot: Uint8Array
  size: number
  root: Uint8Array
  proof: readonly Uint8Array[]
}

/** Whether the inclusion holds (RFC 9162 §2.1.3.2). */
export function verifyInclusion({ leaf, index, size, proof, root }: Inclusion): boolean {
  if (!isSize(size) || !isSize(index) || index >= size) return false
  let position = index
  let last = size - 1
  let hash = leafHash(leaf)
  for (const sibling of proof) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash)
      while (position % 2 === 0 && position !== 0) {
        position = half(position)
        last = half(last)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    position = half(position)
    last = half(last)
  }
  return last === 0 && equalHashes(hash, root)
}

/** Whether the consistency holds (RFC 9162 §2.1.4.2). The empty tree is a prefix of every tree; its proof is empty. */
export function verifyConsistency({ oldSize, oldRoot, size, root, proof }: Consistency): boolean {
  if (!isSize(oldSize) || !isSize(size) || oldSize > size) return false
  if (oldSize === size) return proof.length === 0 && equalHashes(oldRoot, root)
  if (oldSize === 0) return proof.length === 0 && equalHashes(oldRoot, emptyRoot)
  // When the old tree is one complete subtree, its root starts the path and is not repeated in the proof.
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  const [seed, ...siblings] = path
  if (seed === undefined) return false
  let position = oldSize - 1
  let last = size - 1
  while (position % 2 === 1) {
    position = half(position)
    last = half(last)
  }
  let oldHash = seed
  let hash = seed
  for (const sibling of siblings) {
    if (last === 0) return false
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(sibling, oldHash)
      hash = nodeHash(sibling, hash)
      while (position % 2 === 0 && position !== 0) {
        position = half(position)
        last = half(last)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    position = half(position)
    last = half(last)
  }
  return last === 0 && equalHashes(oldHash, oldRoot) && equalHashes(hash, root)
}

/** Root over a list of leaves' data. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const frontier = new MerkleFrontier()
  for (const leaf of leaves) frontier.append(leaf)
  return frontier.root()
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isPowerOfTwo(value: number): boolean {
  let odd = value
  while (odd % 2 === 0) odd = half(odd)
  return odd === 1
}

// Sizes go beyond 32 bits, where >> would cut them.
function half(value: number): number {
  return Math.floor(value / 2)
}
