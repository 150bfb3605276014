import type { MetricName, Reading } from '@consign/envelope'
import { isOutside, type LimitClause } from '@consign/terms'

/** A limit that a reading began to break (`began`) or, by a value inside again, ceased to. `value` in the metric's fixed unit. */
export type Crossing = { limitId: number; metric: MetricName; state: 'began' | 'ended'; value: number }

/**
 * Which limits a reading leaves broken, given which were broken before it. A metric that was not measured changes nothing: missing values
 * neither start nor end an excursion.
 */
export function crossLimits(
  limits: readonly LimitClause[],
  broken: readonly number[],
  values: Reading['values'],
): { broken: number[]; crossings: Crossing[]; outside: boolean } {
  const crossings: Crossing[] = []
  const now: number[] = []
  let outside = false
  for (const limit of limits) {
    const { limitId, metric } = limit
    const was = broken.includes(limitId)
    const value = values[metric]
    const is = value === undefined ? was : isOutside(limit, value)
    if (is) now.push(limitId)
    if (value === undefined) continue
    outside ||= is
    if (is !== was) crossings.push({ limitId, metric, state: is ? 'began' : 'ended', value })
  }
  return { broken: now, crossings, outside }
}
