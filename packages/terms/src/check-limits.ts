/**
 * Whether limits can be kept, can be broken, and agree with each other. Codes: terms.bound (impossible in its unit), terms.unreachable
 * (can never be broken), terms.contradictory (can never be kept, or says one thing twice).
 */
import type { LimitClause } from './clauses.ts'
import { METRIC_RANGES } from './metric-ranges.ts'
import { type Placed, refuse } from './placed.ts'
import { formatBound } from './quantity.ts'

const GAP_MS_MIN = 1000 // below it no two samples are ever close enough to count

export function checkLimits(limits: Placed<LimitClause>[]): void {
  for (const { clause, at } of limits) {
    checkBound(clause, at)
    checkStep(clause, at)
    if ('gapMsMax' in clause) checkGap(clause.gapMsMax, at)
  }
  checkPermitted(limits)
  limits.forEach((each, i) => {
    for (const before of limits.slice(0, i)) checkPair(before, each)
  })
}

function checkBound({ metric, side, bound }: LimitClause, at: string): void {
  const { min, max } = METRIC_RANGES[metric]
  if (bound < min || bound > max) {
    const range = `${formatBound(metric, min)} to ${formatBound(metric, max)}`
    refuse(
      'bound',
      `${at}.bound`,
      `${formatBound(metric, bound)} is no ${metric}, which goes from ${range}; check the unit`,
    )
  }
  if (bound === (side === 'above' ? max : min)) {
    refuse(
      'unreachable',
      `${at}.bound`,
      `${metric} is never ${side} ${formatBound(metric, bound)}, so the limit cannot be broken`,
    )
  }
}

/** Steps in the metric's unit: one that is larger than all there is beyond the bound is never reached. */
function checkStep({ kind, metric, side, bound, penalty }: LimitClause, at: string): void {
  if (kind !== 'limit.instantaneous' && kind !== 'limit.meanKinetic') return
  const { min, max } = METRIC_RANGES[metric]
  const beyond = side === 'above' ? max - bound : bound - min
  if (penalty.step > beyond) {
    refuse(
      'unreachable',
      `${at}.penalty.step`,
      `${metric} is never ${formatBound(metric, penalty.step)} beyond the bound, so no step is ever reached; check the unit`,
    )
  }
}

export function checkGap(gapMsMax: number, at: string): void {
  if (gapMsMax < GAP_MS_MIN) {
    refuse(
      'unreachable',
      `${at}.gapMsMax`,
      `must be at least ${GAP_MS_MIN} ms, or no time between samples ever counts`,
    )
  }
}

/**
 * What instantaneous limits permit must be some value, and one that is inside every limit over time: else whatever keeps them breaks those, sooner
 * or later, and mean kinetic temperature is never below the coldest value. Two limits over time may leave no value: each permits excursions
 * that are short, as of a door that must be opened every hour and never stay open for ten minutes.
 */
function checkPermitted(limits: Placed<LimitClause>[]): void {
  limits.forEach(({ clause, at }, i) => {
    const { kind, metric, side, bound } = clause
    const opposite = limits
      .slice(0, i)
      .find(
        (other) =>
          other.clause.kind === 'limit.instantaneous' &&
          other.clause.metric === metric &&
          other.clause.side !== side &&
          (side === 'below' ? other.clause.bound < bound : other.clause.bound > bound),
      )
    if (!opposite) return
    const bounds = [bound, opposite.clause.bound]
    const [above, below] = side === 'above' ? bounds : bounds.toReversed()
    const reason =
      kind === 'limit.instantaneous'
        ? 'no value is permitted'
        : `whatever keeps ${opposite.at} breaks this limit`
    refuse(
      'contradictory',
      `${at}.bound`,
      `${metric} may not be above ${formatBound(metric, above as number)} nor below ${formatBound(metric, below as number)}, ` +
        `so ${reason}; change one bound`,
    )
  })
}

/** Two limits of one kind, metric, side and scope are grades of one: which is broken later must not cost less. */
function checkPair(one: Placed<LimitClause>, other: Placed<LimitClause>): void {
  const [a, b] = [one.clause, other.clause]
  if (a.kind !== b.kind || a.metric !== b.metric || a.side !== b.side || scopeOf(a) !== scopeOf(b)) return
  if (a.bound === b.bound && durationOf(a) === durationOf(b)) {
    refuse('contradictory', `${other.at}.bound`, `the limit is the same as in ${one.at}; keep one of them`)
  }
  const [milder, graver] = isGraver(b, a) ? [one, other] : isGraver(a, b) ? [other, one] : []
  if (milder === undefined || graver === undefined) return
  if (BigInt(graver.clause.penalty.base) < BigInt(milder.clause.penalty.base)) {
    refuse(
      'contradictory',
      `${graver.at}.penalty.base`,
      `what breaks this limit breaks that of ${milder.at} too, so it must not cost less than ${milder.clause.penalty.base}`,
    )
  }
}

/** Whether whatever breaks `limit` breaks `than` too. */
function isGraver(limit: LimitClause, than: LimitClause): boolean {
  const beyond = limit.side === 'above' ? limit.bound >= than.bound : limit.bound <= than.bound
  return beyond && durationOf(limit) >= durationOf(than)
}

const durationOf = (limit: LimitClause): number => ('durationMs' in limit ? limit.durationMs : 0)
const scopeOf = (limit: LimitClause): string => ('scope' in limit ? limit.scope : 'leg')
