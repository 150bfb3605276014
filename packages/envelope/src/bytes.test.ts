import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, fromHex, hexDigits, toHex, viewOf } from './bytes.ts'

describe('hexadecimal', () => {
  it('comes back as the same bytes, from either case, with 0x or without', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes)
        expect(fromHex(hexDigits(bytes).toUpperCase(), bytes.length)).toEqual(bytes)
        expect(toHex(bytes)).toBe(`0x${Buffer.from(bytes).toString('hex')}`)
      }),
    )
  })

  it.each(['0x0', 'abc', '0xzz', '0x 1', 'ab\n', '0x0x00', '-1'])('of %j is refused', (wrong) => {
    expect(() => fromHex(wrong)).toThrow(expect.objectContaining({ code: 'bytes.hex' }))
  })

  it('of another length than wanted is refused, and the message says how long it should be', () => {
    expect(() => fromHex('0x0011', 3)).toThrow('Expected 3 bytes in hexadecimal, got 4 characters')
  })
})

describe('bytes', () => {
  it('are joined in order, into memory of their own', () => {
    const part = Uint8Array.of(1, 2)
    const whole = concatBytes(part, new Uint8Array(0), Uint8Array.of(3))
    part[0] = 9
    expect(whole).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('are equal when all of them are', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    for (const other of [[1], [1, 3], [0, 2], [1, 2, 0]])
      expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.from(other))).toBe(false)
  })

  it('viewed in a Buffer are a plain Uint8Array, whose slice is a copy', () => {
    const buffer = Buffer.from([1, 2, 3, 4]).subarray(1)
    const view = viewOf(buffer, 1, 3)
    expect(Buffer.isBuffer(view)).toBe(false)
    expect(view).toEqual(Uint8Array.of(3, 4))
    view.slice().fill(0)
    expect(view).toEqual(Uint8Array.of(3, 4))
  })
})
