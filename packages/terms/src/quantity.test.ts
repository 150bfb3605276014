import { METRICS } from '@consign/envelope'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatBound, formatQuantity, parseQuantity } from './quantity.ts'
import { formatTokens, parseTokens } from './tokens.ts'

it('reads everyday numbers exactly', () => {
  expect(parseQuantity('temperature', 40)).toBe(40_000)
  expect(parseQuantity('temperature', '-0.5')).toBe(-500)
  expect(parseQuantity('temperature', 4.35)).toBe(4350)
  expect(parseQuantity('latitude', '51.5072178')).toBe(515_072_178)
  expect(parseQuantity('door', 0)).toBe(0)
  expect(Object.is(parseQuantity('temperature', '-0.0'), 0)).toBe(true)
})

it.each(['40.0001', '', 'hot', '1e3', '+4', '0x10', '4,5', 'NaN', 'Infinity', ' 4'])(
  'refuses "%s" as a temperature',
  (value) => {
    expect(() => parseQuantity('temperature', value)).toThrow(
      expect.objectContaining({ code: 'quantity.value' }),
    )
  },
)

it('writes units as people do', () => {
  expect(formatBound('temperature', 40_000)).toBe('40.0 °C')
  expect(formatBound('temperature', -5)).toBe('-0.005 °C')
  expect(formatBound('gforce', 8_250)).toBe('8.25 g')
  expect(formatBound('tilt', 30_000)).toBe('30.0°')
  expect(formatBound('pressure', 101_325)).toBe('101325 Pa')
})

it('reads back whatever it writes, for every metric', () => {
  const metric = fc.constantFrom(...METRICS.map(({ name }) => name))
  fc.assert(
    fc.property(metric, fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), (name, fixed) => {
      expect(parseQuantity(name, formatQuantity(name, fixed))).toBe(fixed)
    }),
  )
})

it('reads tokens exactly, and never rounds', () => {
  expect(parseTokens('50')).toBe(50n * 10n ** 18n)
  expect(parseTokens(0.1)).toBe(10n ** 17n)
  expect(parseTokens('0.000000000000000001')).toBe(1n)
  expect(formatTokens(12_500_000_000_000_000_000n)).toBe('12.5')
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 70n }), (units) => {
      expect(parseTokens(formatTokens(units))).toBe(units)
    }),
  )
})

it.each(['-1', '', '1e21', '1.0000000000000000001', '.5', '5.', '0x10', '007', `${'9'.repeat(60)}`])(
  'refuses "%s" as tokens',
  (text) => {
    expect(() => parseTokens(text)).toThrow(expect.objectContaining({ code: 'tokens.amount' }))
  },
)
