import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleFrontier, MerkleLog, merkleRoot, verifyConsistency, verifyInclusion } from './index.ts'

const SIZE_MAX = 40

function sha256Of(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

// RFC 9162 §2.1.1, word for word: the slow definition that everything else must agree with.
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256Of()
  if (leaves.length === 1) return sha256Of(Uint8Array.of(0), leaves[0] as Uint8Array)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256Of(Uint8Array.of(1), definedRoot(leaves.slice(0, split)), definedRoot(leaves.slice(split)))
}

function leavesOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, index) => Uint8Array.of(index >> 8, index & 0xff))
}

function logOf(leaves: readonly Uint8Array[]): MerkleLog {
  const log = new MerkleLog()
  for (const leaf of leaves) log.append(leaf)
  return log
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

const leaves = leavesOf(SIZE_MAX)
const log = logOf(leaves)

describe('roots', () => {
  it('are those of RFC 9162 for every size up to 40, whatever the tree has grown to since', () => {
    for (let size = 0; size <= SIZE_MAX; size++)
      expect(hex(log.root(size)), `size ${size}`).toBe(hex(definedRoot(leaves.slice(0, size))))
  })

  it('are the ones that Certificate Transparency publishes for its eight test leaves', () => {
    const published = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const tree = logOf(published.map((digits) => new Uint8Array(Buffer.from(digits, 'hex'))))
    expect(hex(tree.root(1))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    expect(hex(tree.root(3))).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77')
    expect(hex(tree.root(8))).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  it('are the same from the frontier, the log and the list', () => {
    const frontier = new MerkleFrontier()
    for (const [index, leaf] of leaves.entries()) {
      expect(hex(frontier.root())).toBe(hex(log.root(index)))
      expect(hex(merkleRoot(leaves.slice(0, index)))).toBe(hex(log.root(index)))
      frontier.append(leaf)
    }
  })

  it('given out are copies, so that a caller cannot change the tree', () => {
    const tree = logOf(leavesOf(4))
    const before = hex(tree.root())
    tree.root().fill(0)
    for (const node of tree.inclusionProof(0)) node.fill(0)
    expect(hex(tree.root())).toBe(before)
  })
})

describe('inclusion proofs', () => {
  it('hold for every leaf of every size up to 40, and for no other leaf, index or root', () => {
    for (let size = 1; size <= SIZE_MAX; size++) {
      const root = log.root(size)
      for (let index = 0; index < size; index++) {
        const claim = {
          leaf: leaves[index] as Uint8Array,
          index,
          size,
          proof: log.inclusionProof(index, size),
          root,
        }
        const label = `leaf ${index} of ${size}`
        expect(verifyInclusion(claim), label).toBe(true)
        expect(verifyInclusion({ ...claim, leaf: Uint8Array.of(9) }), label).toBe(false)
        expect(verifyInclusion({ ...claim, root: log.root(size - 1) }), label).toBe(false)
        expect(verifyInclusion({ ...claim, proof: [...claim.proof, root] }), label).toBe(false)
        for (let other = 0; other < size; other++)
          expect(verifyInclusion({ ...claim, index: other }), `${label} as ${other}`).toBe(other === index)
      }
    }
  })

  it('fail when any node is altered, dropped or moved', () => {
    for (let size = 2; size <= 17; size++) {
      for (let index = 0; index < size; index++) {
        const proof = log.inclusionProof(index, size)
        const claim = { leaf: leaves[index] as Uint8Array, index, size, root: log.root(size) }
        for (let node = 0; node < proof.length; node++) {
          const altered = proof.map((hash) => hash.slice())
          ;(altered[node] as Uint8Array)[node] = ((altered[node] as Uint8Array)[node] as number) ^ 1
          expect(verifyInclusion({ ...claim, proof: altered })).toBe(false)
          expect(verifyInclusion({ ...claim, proof: proof.toSpliced(node, 1) })).toBe(false)
        }
        if (proof.length > 1) expect(verifyInclusion({ ...claim, proof: proof.toReversed() })).toBe(false)
      }
    }
  })

  it('bind no size: leaf 4 of 5 also verifies as leaf 2 of 3, which is why size and index come from something signed', () => {
    const claim = { leaf: leaves[4] as Uint8Array, proof: log.inclusionProof(4, 5), root: log.root(5) }
    expect(verifyInclusion({ ...claim, index: 2, size: 3 })).toBe(true)
  })

  it('are refused for an index or a size that is none', () => {
    const claim = { leaf: leaves[0] as Uint8Array, index: 0, size: 1, proof: [], root: log.root(1) }
    expect(verifyInclusion(claim)).toBe(true)
    for (const bad of [-1, 0.5, 1, Number.NaN, 2 ** 60])
      expect(verifyInclusion({ ...claim, index: bad })).toBe(false)
    for (const bad of [-1, 0, 0.5, Number.NaN, 2 ** 60])
      expect(verifyInclusion({ ...claim, size: bad })).toBe(false)
  })
})

describe('consistency proofs', () => {
  it('hold for every pair of sizes up to 40, and for no other old root or size', () => {
    for (let size = 1; size <= SIZE_MAX; size++) {
      for (let oldSize = 0; oldSize <= size; oldSize++) {
        const claim = {
          oldSize,
          oldRoot: log.root(oldSize),
          size,
          root: log.root(size),
          proof: log.consistencyProof(oldSize, size),
        }
        const label = `${oldSize} in ${size}`
        expect(verifyConsistency(claim), label).toBe(true)
        expect(
          verifyConsistency({ ...claim, oldRoot: Uint8Array.from(claim.oldRoot, (b) => b ^ 1) }),
          label,
        ).toBe(false)
        expect(verifyConsistency({ ...claim, proof: [...claim.proof, claim.root] }), label).toBe(false)
        if (oldSize > 0 && oldSize < size)
          expect(verifyConsistency({ ...claim, root: log.root(size - 1) }), label).toBe(false)
      }
    }
  })

  it('fail when any node is altered or dropped', () => {
    for (let size = 2; size <= 17; size++) {
      for (let oldSize = 1; oldSize < size; oldSize++) {
        const proof = log.consistencyProof(oldSize, size)
        const claim = { oldSize, oldRoot: log.root(oldSize), size, root: log.root(size) }
        for (let node = 0; node < proof.length; node++) {
          const altered = proof.map((hash) => hash.slice())
          ;(altered[node] as Uint8Array)[31] = ((altered[node] as Uint8Array)[31] as number) ^ 0x80
          expect(verifyConsistency({ ...claim, proof: altered })).toBe(false)
          expect(verifyConsistency({ ...claim, proof: proof.toSpliced(node, 1) })).toBe(false)
        }
      }
    }
  })

  it('are refused when the old tree is the larger one', () => {
    const [oldRoot, root] = [log.root(5), log.root(3)]
    expect(verifyConsistency({ oldSize: 5, oldRoot, size: 3, root, proof: [] })).toBe(false)
  })
})

describe('prefix proofs', () => {
  // The definition of a root once more, with what is not known taken from the proof.
  const rootFrom = (
    known: readonly Uint8Array[],
    start: number,
    end: number,
    rest: Uint8Array[],
  ): Uint8Array => {
    if (start >= known.length) return rest.shift() as Uint8Array
    if (end - start === 1) return sha256Of(Uint8Array.of(0), known[start] as Uint8Array)
    let split = 1
    while (split * 2 < end - start) split *= 2
    const left = rootFrom(known, start, start + split, rest)
    return sha256Of(Uint8Array.of(1), left, rootFrom(known, start + split, end, rest))
  }

  it('complete the first leaves of every tree up to 40 to its root, with no node to spare', () => {
    for (let size = 1; size <= SIZE_MAX; size++) {
      for (let count = 1; count <= size; count++) {
        const proof = log.prefixProof(count, size)
        const root = rootFrom(leaves.slice(0, count), 0, size, proof)
        expect(hex(root), `${count} of ${size}`).toBe(hex(log.root(size)))
        expect(proof).toEqual([])
      }
    }
  })

  it('are empty for the whole tree', () => {
    expect(log.prefixProof(SIZE_MAX)).toEqual([])
  })
})

describe('a tree that grew from two histories', () => {
  it('has no consistency proof between them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 200 }),
        fc.nat(),
        (oldSize, more, pick) => {
          const changed = pick % oldSize
          const honest = logOf(leavesOf(oldSize))
          const rewritten = leavesOf(oldSize + more)
          rewritten[changed] = Uint8Array.of(0xee)
          const other = logOf(rewritten)
          const proof = other.consistencyProof(oldSize)
          const claim = { oldSize, oldRoot: honest.root(), size: other.size, root: other.root(), proof }
          expect(verifyConsistency(claim)).toBe(false)
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('large trees', () => {
  const large = logOf(leavesOf(3000))

  it('prove any leaf and any earlier size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (size, pick) => {
        const index = pick % size
        const root = large.root(size)
        const leaf = Uint8Array.of(index >> 8, index & 0xff)
        expect(verifyInclusion({ leaf, index, size, proof: large.inclusionProof(index, size), root })).toBe(
          true,
        )
        const oldSize = 1 + index
        const oldRoot = large.root(oldSize)
        const proof = large.consistencyProof(oldSize, size)
        expect(verifyConsistency({ oldSize, oldRoot, size, root, proof })).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('have proofs of at most ceil(log2(size)) nodes', () => {
    for (const size of [2, 3, 1000, 2048, 2049, 3000])
      expect(large.inclusionProof(0, size).length).toBe(Math.ceil(Math.log2(size)))
  })
})

describe('what the tree does not hold', () => {
  it('is a RangeError that names it', () => {
    expect(() => log.root(SIZE_MAX + 1)).toThrow('The tree has 40 leaves; there is no root of 41')
    expect(() => log.inclusionProof(3, 3)).toThrow('Leaf 3 is not in a tree of 3 leaves')
    expect(() => log.inclusionProof(-1)).toThrow(RangeError)
    expect(() => log.consistencyProof(4, 3)).toThrow('A tree of 4 leaves is no prefix of a tree of 3 leaves')
    expect(() => log.prefixProof(4, 3)).toThrow('A tree of 3 leaves does not begin with 4')
    expect(() => log.prefixProof(0)).toThrow(RangeError)
    expect(() => log.root(1.5)).toThrow(RangeError)
  })
})
