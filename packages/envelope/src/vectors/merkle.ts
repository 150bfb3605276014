/** Vectors of RFC 9162 trees: roots of every size, all inclusion and consistency proofs of the small ones. Leaves are SHA-256 of their index. */
import { MerkleLog } from '@consign/merkle'
import { sha256 } from '@consign/merkle/sha256'
import { toHex } from '../bytes.ts'

const SIZE_MAX = 9

/** Leaf data: SHA-256 of the index as one byte. */
export function merkleVectors(): Record<string, unknown> {
  const leaves = Array.from({ length: SIZE_MAX }, (_, index) => sha256(Uint8Array.of(index)))
  const log = new MerkleLog()
  for (const leaf of leaves) log.append(leaf)
  const sizes = Array.from({ length: SIZE_MAX + 1 }, (_, size) => size)
  return {
    leaves: leaves.map(toHex),
    roots: sizes.map((size) => ({ size, root: toHex(log.root(size)) })),
    inclusions: sizes.flatMap((size) =>
      sizes
        .slice(0, size)
        .map((index) => ({ index, size, proof: log.inclusionProof(index, size).map(toHex) })),
    ),
    consistencies: sizes.flatMap((size) =>
      sizes
        .slice(1, size)
        .map((oldSize) => ({ oldSize, size, proof: log.consistencyProof(oldSize, size).map(toHex) })),
    ),
  }
}
