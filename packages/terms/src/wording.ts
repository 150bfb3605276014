/** Amounts, times and places in words, for descriptions. */
import { formatQuantity } from './quantity.ts'
import { formatTokens } from './tokens.ts'

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** "10 tokens". */
export function tokens(units: string): string {
  return units === `1${'0'.repeat(18)}` ? '1 token' : `${formatTokens(BigInt(units))} tokens`
}

export const ether = (wei: string): string => `${formatTokens(BigInt(wei))} ether`

export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
export const minute = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
] as const

/** The largest unit that divides it: "7 days", "90 minutes". */
export function duration(ms: number): string {
  for (const [unitMs, noun] of UNITS) {
    if (ms >= unitMs && ms % unitMs === 0) return counted(ms / unitMs, noun)
  }
  return counted(ms, 'millisecond')
}

type Box = { latitudeMin: number; latitudeMax: number; longitudeMin: number; longitudeMax: number }

/** "latitudes 35.5° to 71.2° and longitudes -10.6° to 31.6°". */
export function place(box: Box): string {
  const degrees = (fixed: number) => `${formatQuantity('latitude', fixed)}°`
  return (
    `latitudes ${degrees(box.latitudeMin)} to ${degrees(box.latitudeMax)} ` +
    `and longitudes ${degrees(box.longitudeMin)} to ${degrees(box.longitudeMax)}`
  )
}
