import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expOfMinus, fraction, ln, ONE } from './fixed-point.ts'

const toNumber = (x: bigint) => Number(x) / 2 ** 96
const nearly = (value: number, expected: number) =>
  Math.abs(value - expected) <= 1e-14 * Math.max(1, Math.abs(expected))

test('e^-x is that of Math.exp', () => {
  expect(expOfMinus(0n)).toBe(ONE)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60_000_000 }), (millionths) => {
      const x = fraction(BigInt(millionths), 1_000_000n)
      expect(nearly(toNumber(expOfMinus(x)), Math.exp(-millionths / 1e6))).toBe(true)
    }),
  )
})

test('what is too small to be told from nothing is nothing', () => {
  expect(expOfMinus(100n * ONE)).toBe(0n)
  expect(expOfMinus(10n ** 12n * ONE)).toBe(0n)
})

test('ln x is that of Math.log', () => {
  expect(ln(ONE)).toBe(0n)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000_000_000 }), (millionths) => {
      expect(nearly(toNumber(ln(fraction(BigInt(millionths), 1_000_000n))), Math.log(millionths / 1e6))).toBe(
        true,
      )
    }),
  )
  expect(() => ln(0n)).toThrow(RangeError)
})

test('ln undoes exp to the last bits', () => {
  for (const x of [ONE / 7n, ONE / 3n, ONE, 3n * ONE, 5n * ONE]) {
    const error = ln(expOfMinus(x)) + x
    expect(error < 1n << 16n && error > -(1n << 16n)).toBe(true)
  }
})
