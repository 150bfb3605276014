import { Refusal } from '@consign/envelope'

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/
const FIXED_MAX = 2147483647n

/**
 * A decimal number as written ("25.7941") in a metric's fixed unit (`scale` units to one, a power of ten: 1e7 → 257941000), computed on the
 * digits, so that 40.0 is 40000 and nothing drifts. Digits finer than the unit are rounded, half away from zero.
 * Throws Refusal 'source.number' when it is no number or does not fit int32.
 */
export function fixedFromDecimal(text: string, scale: number): number {
  const match = DECIMAL.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (!match || whole + fraction === '')
    throw new Refusal('source.number', `"${text}" is not a decimal number`)
  const digits = BigInt(whole + fraction)
  const power = String(scale).length - 1 + Number(match[4] ?? 0) - fraction.length
  const magnitude =
    power >= 0 ? digits * 10n ** BigInt(power) : roundedQuotient(digits, 10n ** BigInt(-power))
  if (magnitude > FIXED_MAX) throw new Refusal('source.number', `"${text}" does not fit the metric's range`)
  const fixed = Number(magnitude)
  return match[1] === '-' && fixed !== 0 ? -fixed : fixed
}

function roundedQuotient(value: bigint, divisor: bigint): bigint {
  return (value + divisor / 2n) / divisor
}
