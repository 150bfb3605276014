import { describe, expect, it } from 'vitest'
import { KeyCache } from './key-cache.ts'

function counted(entriesMax: number) {
  const imports: number[] = []
  const cache = new KeyCache<{ first: number }>(entriesMax, (key) => {
    imports.push(key[0] as number)
    return key[0] === 0 ? undefined : { first: key[0] as number }
  })
  return { cache, imports }
}

describe('the key cache', () => {
  it('imports a key once', () => {
    const { cache, imports } = counted(4)
    for (const first of [1, 2, 1, 2, 2, 1]) expect(cache.get(Uint8Array.of(first, 9))).toEqual({ first })
    expect(imports).toEqual([1, 2])
  })

  it('goes by the bytes: a buffer that is reused for another key gives that key', () => {
    const { cache } = counted(4)
    const buffer = Uint8Array.of(1)
    expect(cache.get(buffer)).toEqual({ first: 1 })
    buffer[0] = 2
    expect(cache.get(buffer)).toEqual({ first: 2 })
  })

  it('holds no more than its bound, and drops what was unused for longest', () => {
    const { cache, imports } = counted(3)
    for (const first of [1, 2, 3, 1, 4]) cache.get(Uint8Array.of(first))
    expect(cache.size).toBe(3)
    imports.length = 0
    for (const first of [1, 3, 4]) cache.get(Uint8Array.of(first))
    expect(imports).toEqual([])
    cache.get(Uint8Array.of(2))
    expect(imports).toEqual([2])
    for (let first = 10; first < 200; first++) cache.get(Uint8Array.of(first))
    expect(cache.size).toBe(3)
  })

  it('remembers a key that cannot be imported', () => {
    const { cache, imports } = counted(3)
    for (const first of [0, 1, 0, 1, 0])
      expect(cache.get(Uint8Array.of(first))).toEqual(first ? { first } : undefined)
    expect(imports).toEqual([0, 1])
  })
})
