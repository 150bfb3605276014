import { describe, expect, it } from 'vitest'
import { MerkleFrontier } from './index.ts'

function frontierOf(size: number): MerkleFrontier {
  const frontier = new MerkleFrontier()
  for (let index = 0; index < size; index++) frontier.append(Uint8Array.of(index))
  return frontier
}

describe('a frontier', () => {
  it('goes on after a crash at any size as if nothing had happened', () => {
    for (let size = 0; size <= 40; size++) {
      const restored = MerkleFrontier.restore(frontierOf(size).snapshot())
      expect(restored.size).toBe(size)
      expect(restored.root()).toEqual(frontierOf(size).root())
      restored.append(Uint8Array.of(size))
      expect(restored.root()).toEqual(frontierOf(size + 1).root())
    }
  })

  it('takes 8 bytes and 32 for each complete subtree', () => {
    expect(frontierOf(0).snapshot().length).toBe(8)
    expect(frontierOf(32).snapshot().length).toBe(8 + 32)
    expect(frontierOf(31).snapshot().length).toBe(8 + 5 * 32)
  })

  it('keeps what it restored when the snapshot is overwritten', () => {
    const snapshot = frontierOf(3).snapshot()
    const restored = MerkleFrontier.restore(snapshot)
    snapshot.fill(0)
    expect(restored.root()).toEqual(frontierOf(3).root())
  })

  it('refuses a snapshot whose length does not fit its size', () => {
    const snapshot = frontierOf(5).snapshot()
    expect(() => MerkleFrontier.restore(snapshot.subarray(0, 7))).toThrow(
      'A snapshot has at least 8 bytes, not 7',
    )
    expect(() => MerkleFrontier.restore(snapshot.subarray(0, 71))).toThrow('does not have 71 bytes')
    expect(() => MerkleFrontier.restore(new Uint8Array(8).fill(0xff))).toThrow(RangeError)
  })

  it('gives the root of one leaf as a copy', () => {
    const frontier = frontierOf(1)
    frontier.root().fill(0)
    expect(frontier.root()).toEqual(frontierOf(1).root())
  })
})
