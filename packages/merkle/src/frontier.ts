/**
 * The right edge of a growing RFC 9162 tree: appends and gives the root, proves nothing. For a device that must survive a crash with O(log n)
 * bytes: at most 53 hashes, since a size is a safe integer.
 */
import { emptyRoot, leafHash, nodeHash } from './hashing.ts'
import { HASH_BYTES } from './sha256.ts'

const SIZE_BYTES = 8

/** Tree that keeps only the roots of its complete subtrees, largest first. */
export class MerkleFrontier {
  #size = 0
  #peaks: Uint8Array[] = []

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** Adds one leaf's data. */
  append(data: Uint8Array): void {
    let node = leafHash(data)
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2)
      node = nodeHash(this.#peaks.pop() as Uint8Array, node)
    this.#peaks.push(node)
    this.#size++
  }

  /** Root over all leaves so far, a copy. */
  root(): Uint8Array {
    if (this.#size === 0) return emptyRoot.slice()
    return this.#peaks.reduceRight((right, left) => nodeHash(left, right)).slice()
  }

  /** State as bytes: `size 8, big-endian ‖ 32 for each complete subtree, largest first`. */
  snapshot(): Uint8Array {
    const bytes = new Uint8Array(SIZE_BYTES + this.#peaks.length * HASH_BYTES)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#size))
    for (const [index, peak] of this.#peaks.entries()) bytes.set(peak, SIZE_BYTES + index * HASH_BYTES)
    return bytes
  }

  /** The frontier that `snapshot` described; throws RangeError when size and length do not fit each other. */
  static restore(bytes: Uint8Array): MerkleFrontier {
    if (bytes.length < SIZE_BYTES)
      throw new RangeError(`A snapshot has at least ${SIZE_BYTES} bytes, not ${bytes.length}`)
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
    const peaks = onesIn(size)
    if (!Number.isSafeInteger(size) || bytes.length !== SIZE_BYTES + peaks * HASH_BYTES)
      throw new RangeError(`A snapshot of ${size} leaves does not have ${bytes.length} bytes`)
    const frontier = new MerkleFrontier()
    frontier.#size = size
    for (let index = 0; index < peaks; index++) {
      const offset = SIZE_BYTES + index * HASH_BYTES
      frontier.#peaks.push(bytes.slice(offset, offset + HASH_BYTES))
    }
    return frontier
  }
}

// A tree of n leaves has one complete subtree per 1 in the binary form of n.
function onesIn(size: number): number {
  let ones = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones
}
