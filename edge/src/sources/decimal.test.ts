import { Refusal } from '@consign/envelope'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedFromDecimal } from './decimal.ts'

describe('decimal numbers in fixed units', () => {
  it.each([
    ['25.7941', 10_000_000, 257_941_000],
    ['40.0', 1000, 40_000],
    ['40', 1000, 40_000],
    ['40.001', 1000, 40_001],
    ['-30.3', 1000, -30_300],
    ['0.015', 1000, 15],
    ['1.005', 1000, 1005],
    ['8.2e-2', 1000, 82],
    ['1E2', 1, 100],
    ['-0', 1000, 0],
    ['.5', 1000, 500],
    ['-179.957001', 10_000_000, -1_799_570_010],
  ])('reads %s at scale %i as exactly %i', (text, scale, fixed) => {
    expect(fixedFromDecimal(text, scale)).toBe(fixed)
  })

  it('rounds digits finer than the unit to the nearest, half away from zero', () => {
    expect(fixedFromDecimal('40.0004', 1000)).toBe(40_000)
    expect(fixedFromDecimal('40.0005', 1000)).toBe(40_001)
    expect(fixedFromDecimal('-0.0005', 1000)).toBe(-1)
  })

  it.each(['', '.', '-', 'NA', '1,5', '0x10', '1.2.3', 'Infinity', '40 '])('refuses "%s"', (text) => {
    expect(() => fixedFromDecimal(text, 1000)).toThrow(Refusal)
  })

  it('refuses what does not fit 32 bits instead of wrapping', () => {
    expect(fixedFromDecimal('2147483.647', 1000)).toBe(2_147_483_647)
    expect(() => fixedFromDecimal('2147483.648', 1000)).toThrow('does not fit')
    expect(() => fixedFromDecimal('1e300', 1)).toThrow('does not fit')
  })

  it('gives back every integer number of units, however it is written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2_147_483_647, max: 2_147_483_647 }),
        fc.integer({ min: 0, max: 4 }),
        (fixed, zeros) => {
          const digits = String(Math.abs(fixed)).padStart(4, '0')
          const text = `${fixed < 0 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}${'0'.repeat(zeros)}`
          expect(fixedFromDecimal(text, 1000)).toBe(fixed)
        },
      ),
    )
  })
})
