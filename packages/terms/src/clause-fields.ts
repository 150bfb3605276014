/** The shapes of which clauses are made. Hex is lower case, amounts are decimal strings in the smallest unit, times are milliseconds. */
import { METRICS, type MetricName } from '@consign/envelope'
import type { Hex } from 'viem'
import { z } from 'zod'

export const UINT256_MAX = 2n ** 256n - 1n
export const UINT128_MAX = 2n ** 128n - 1n
export const UINT96_MAX = 2n ** 96n - 1n
export const INT32_MAX = 2 ** 31 - 1
export const UINT32_MAX = 2 ** 32 - 1

const TIME_MS_MIN = Date.UTC(2020, 0, 1) // below it is a time in seconds or a mistake
const TIME_MS_MAX = Date.UTC(10000, 0, 1) - 1
export const DURATION_MS_MAX = 10 * 366 * 86_400_000 // ten years

const ZERO_ADDRESS = `0x${'0'.repeat(40)}`

const isHex = (value: unknown, bytes: number): value is Hex =>
  typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/.test(value)

export const hex = (bytes: number) =>
  z.custom<Hex>((value) => isHex(value, bytes), `must be 0x and ${2 * bytes} lower case hex digits`)

export const address = hex(20).refine((value) => value !== ZERO_ADDRESS, 'must not be the zero address')

export const integer = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.number(error).int(error).min(min, error).max(max, error)
}

const isWhole = (value: string): boolean => /^[0-9]{1,78}$/.test(value)

/** A decimal string of at most `bits` bits. */
const units = (bits: 96 | 128) => {
  const max = 2n ** BigInt(bits) - 1n
  return z
    .string('must be a decimal string')
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a decimal string without sign, point or leading zeros')
    .refine((value) => !isWhole(value) || BigInt(value) <= max, `must be below 2^${bits}`)
}

/** What a party is paid, or sums of it. */
export const amount = units(128)
/** What a breach costs. */
export const charge = units(96)
const BOND_WEI_MAX = 1000n * 10n ** 18n // more than anyone would stake on one claim, so a mistake
/** Wei, at most what somebody can be expected to have. */
export const bond = charge.refine(
  (value) => !isWhole(value) || BigInt(value) <= BOND_WEI_MAX,
  `must be at most ${BOND_WEI_MAX}, 1,000 ether: nobody could pay it`,
)
/** Wei, more than none. */
export const bondNotNone = bond.refine(
  (value) => value !== '0',
  'must be more than 0: claims would cost nothing',
)

const TEXT_ERROR = 'must be 1 to 200 printable characters without blanks around them'
/** No control, format or unassigned characters: nothing that renders as something else than it hashes. */
export const text = z
  .string(TEXT_ERROR)
  .min(1, TEXT_ERROR)
  .max(200, TEXT_ERROR)
  .regex(/^[^\p{C}]*$/u, TEXT_ERROR)
  .refine((value) => value === value.trim(), TEXT_ERROR)

const METRIC_NAMES = METRICS.map((metric) => metric.name) as [MetricName, ...MetricName[]]
export const metricName = z.enum(METRIC_NAMES, `must be a known metric: ${METRIC_NAMES.join(', ')}`)

export const salt = hex(32)
/** UTC milliseconds. */
export const time = integer(TIME_MS_MIN, TIME_MS_MAX)
/** Milliseconds, more than none. */
export const duration = integer(1, DURATION_MS_MAX)
const WINDOW_MS_MIN = 1000 // the chain counts seconds
/** Milliseconds in which somebody may act on chain. */
export const window = integer(WINDOW_MS_MIN, DURATION_MS_MAX)
/** Milliseconds, or none. */
export const durationOrNone = integer(0, DURATION_MS_MAX)
export const limitId = integer(0, 65_535)

/** The four edges of a box in 1e-7 degree, themselves inside. */
export const box = {
  latitudeMin: integer(-900_000_000, 900_000_000),
  latitudeMax: integer(-900_000_000, 900_000_000),
  longitudeMin: integer(-1_800_000_000, 1_800_000_000),
  longitudeMax: integer(-1_800_000_000, 1_800_000_000),
}

/** `limitMax` of a clause without such a cap: 2^96 - 1. */
export const UNLIMITED = String(UINT96_MAX)

/** What a breach costs: min(base + perStep × floor(excess / step), caseMax). Step 0: perStep never counts. */
export const penalty = z.strictObject({
  base: charge,
  perStep: charge,
  step: integer(0, Number.MAX_SAFE_INTEGER),
  caseMax: charge,
  limitMax: charge,
  beneficiary: address,
})
