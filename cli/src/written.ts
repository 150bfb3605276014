/** How amounts and times are written. */
import { formatTokens } from '@consign/terms'
import { formatEther } from 'viem'

export const tokensWritten = (units: bigint): string =>
  `${formatTokens(units)} ${units === 10n ** 18n ? 'token' : 'tokens'}`

export const etherWritten = (wei: bigint): string => `${formatEther(wei)} ether`

/** 1234567 as "1,234,567". */
export const grouped = (value: bigint | number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** "2026-11-02 08:30:00 UTC". */
export const timeWritten = (timeMs: number): string => {
  const written = new Date(timeMs).toISOString()
  return `${written.slice(0, 10)} ${written.slice(11, 19)} UTC`
}

/** From seconds since 1970, as the chain counts. */
export const secondsWritten = (seconds: bigint | number): string => timeWritten(Number(seconds) * 1000)

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
] as const

/** The largest unit that divides it: "90 minutes". */
export function durationWritten(ms: bigint | number): string {
  const whole = Number(ms)
  const [unitMs, noun] = UNITS.find(([unit]) => whole >= unit && whole % unit === 0) ?? [1, 'millisecond']
  return `${whole / unitMs} ${noun}${whole / unitMs === 1 ? '' : 's'}`
}

/** For JSON: bigint as decimal strings. */
export function machineReadable(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each), 2)
}

/** Rows under heads, padded. */
export function table(heads: string[], rows: string[][]): string[] {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
