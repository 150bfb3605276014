/**
 * A growing RFC 9162 tree that keeps every level, so that any earlier size can be proven.
 *
 * Memory: two hashes (64 bytes) per leaf, in flat arrays that double. Appending costs O(1) hashes amortised, a root or a proof O(log² n)
 * at most, of which only the right edge is hashed anew.
 */
import { emptyRoot, leafHash, nodeHash, nodeHashInto } from './hashing.ts'
import { HASH_BYTES } from './sha256.ts'

const FIRST_CAPACITY_HASHES = 16

class HashRow {
  #bytes = new Uint8Array(FIRST_CAPACITY_HASHES * HASH_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  at(index: number): Uint8Array {
    return this.#bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  }

  push(hash: Uint8Array): void {
    const offset = this.#claim()
    this.#bytes.set(hash, offset)
  }

  pushNode(left: Uint8Array, right: Uint8Array): void {
    const offset = this.#claim()
    nodeHashInto(left, right, this.#bytes, offset)
  }

  #claim(): number {
    const offset = this.#length * HASH_BYTES
    if (offset === this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#length++
    return offset
  }
}

/** Tree with all its history. Throws RangeError for a size or an index outside what it holds. */
export class MerkleLog {
  // Row k holds the roots of all complete subtrees of 2^k leaves, left to right.
  readonly #rows: HashRow[] = [new HashRow()]

  /** Leaves so far. */
  get size(): number {
    return this.#row(0).length
  }

  /** Adds one leaf's data; returns its index. */
  append(data: Uint8Array): number {
    const index = this.size
    this.#row(0).push(leafHash(data))
    for (let level = 0; this.#row(level).length % 2 === 0; level++) {
      const row = this.#row(level)
      if (level + 1 === this.#rows.length) this.#rows.push(new HashRow())
      this.#row(level + 1).pushNode(row.at(row.length - 2), row.at(row.length - 1))
    }
    return index
  }

  /** Root over the first `size` leaves (RFC 9162 §2.1.1), a copy. */
  root(size: number = this.size): Uint8Array {
    this.#checkSize(size)
    return size === 0 ? emptyRoot.slice() : this.#range(0, size).slice()
  }

  /** Proof that leaf `index` is in the tree of the first `size` leaves (RFC 9162 §2.1.3.1), lowest node first. */
  inclusionProof(index: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size)
    if (!Number.isSafeInteger(index) || index < 0 || index >= size)
      throw new RangeError(`Leaf ${index} is not in a tree of ${size} leaves`)
    const proof: Uint8Array[] = []
    let start = 0
    let end = size
    while (end - start > 1) {
      const middle = start + splitOf(end - start)
      const inLeft = index < middle
      proof.push((inLeft ? this.#range(middle, end) : this.#range(start, middle)).slice())
      if (inLeft) end = middle
      else start = middle
    }
    return proof.reverse()
  }

  /** Proof that the tree of `oldSize` leaves is a prefix of the tree of `size` leaves (RFC 9162 §2.1.4.1); empty when the sizes are equal or oldSize is 0. */
  consistencyProof(oldSize: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size)
    if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > size)
      throw new RangeError(`A tree of ${oldSize} leaves is no prefix of a tree of ${size} leaves`)
    if (oldSize === 0 || oldSize === size) return []
    const proof: Uint8Array[] = []
    let start = 0
    let end = size
    while (end !== oldSize) {
      const middle = start + splitOf(end - start)
      const inLeft = oldSize <= middle
      proof.push((inLeft ? this.#range(middle, end) : this.#range(start, middle)).slice())
      if (inLeft) end = middle
      else start = middle
    }
    // Whoever checks knows the old root; a subtree that is not the whole old tree must be told.
    if (start > 0) proof.push(this.#range(start, end).slice())
    return proof.reverse()
  }

  /** Roots of the subtrees to the right of the first `count` leaves, from the left: with those leaves they give the root (RFC 9162 §2.1.1). */
  prefixProof(count: number, size: number = this.size): Uint8Array[] {
    this.#checkSize(size)
    if (!Number.isSafeInteger(count) || count < 1 || count > size)
      throw new RangeError(`A tree of ${size} leaves does not begin with ${count}`)
    const proof: Uint8Array[] = []
    let start = 0
    let end = size
    while (end > count) {
      const middle = start + splitOf(end - start)
      if (count <= middle) {
        proof.push(this.#range(middle, end).slice())
        end = middle
      } else {
        start = middle
      }
    }
    return proof.reverse()
  }

  #row(level: number): HashRow {
    return this.#rows[level] as HashRow
  }

  // Hash of leaves [start, end), where start is a multiple of the largest power of two that is not above end - start.
  #range(start: number, end: number): Uint8Array {
    const count = end - start
    const level = floorLog2(count)
    if (2 ** level === count) return this.#row(level).at(start / count)
    const middle = start + 2 ** level
    return nodeHash(this.#range(start, middle), this.#range(middle, end))
  }

  #checkSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size)
      throw new RangeError(`The tree has ${this.size} leaves; there is no root of ${size}`)
  }
}

// Largest power of two below count (RFC 9162: k < n <= 2k).
function splitOf(count: number): number {
  return 2 ** floorLog2(count - 1)
}

// Memory ends long before 2^32 leaves.
function floorLog2(count: number): number {
  return 31 - Math.clz32(count)
}
