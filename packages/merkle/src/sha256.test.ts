import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'

async function withoutNode(): Promise<typeof import('./sha256.ts')> {
  vi.resetModules()
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)
  return import('./sha256.ts')
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.resetModules()
})

describe('sha256', () => {
  it('is the same with node:crypto and without it, for all lengths around the block size', async () => {
    const native = await import('./sha256.ts')
    const portable = await withoutNode()
    for (let length = 0; length <= 130; length++) {
      const data = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff)
      const expected = new Uint8Array(createHash('sha256').update(data).digest())
      expect(native.sha256(data)).toEqual(expected)
      expect(portable.sha256(data)).toEqual(expected)
    }
  })

  it('writes into place and touches nothing beside it', async () => {
    for (const { sha256, sha256Into } of [await import('./sha256.ts'), await withoutNode()]) {
      const target = new Uint8Array(40).fill(7)
      sha256Into(Uint8Array.of(1, 2, 3), target, 4)
      expect(target.subarray(0, 4)).toEqual(new Uint8Array(4).fill(7))
      expect(target.subarray(4, 36)).toEqual(sha256(Uint8Array.of(1, 2, 3)))
      expect(target.subarray(36)).toEqual(new Uint8Array(4).fill(7))
    }
  })

  it('hashes a view, not the memory around it', async () => {
    const { sha256 } = await import('./sha256.ts')
    const whole = Uint8Array.of(9, 1, 2, 3, 9)
    expect(sha256(whole.subarray(1, 4))).toEqual(sha256(Uint8Array.of(1, 2, 3)))
  })
})
