/**
 * Whether limits can be kept, can be broken, and agree with each other. Codes: terms.bound (impossible in its unit), terms.unreachable
 * (can never be broken), terms.contradictory (can never be kept, or says one thing twice), terms.box.
 */
import type { GeofenceClause, LimitClause, TenderClause } from './clauses.ts'
import { METRIC_RANGES } from './metric-ranges.ts'
import { ofKind, type Placed, refuse } from './placed.ts'
import { formatBound } from './quantity.ts'

const GAP_MS_MIN = 1000 // below it no two samples are ever close enough to count

export function checkLimits(limits: Placed<LimitClause>[]): void {
  for (const { clause, at } of limits) {
    checkBound(clause, at)
    if ('gapMsMax' in clause) checkGap(clause.gapMsMax, at)
  }
  checkPermitted(ofKind(limits, 'limit.instantaneous'))
  limits.forEach((each, i) => {
    for (const before of limits.slice(0, i)) checkPair(before, each)
  })
}

export function checkGeofences(fences: Placed<GeofenceClause>[]): void {
  for (const { clause, at } of fences) {
    checkBox(clause, at)
    checkGap(clause.gapMsMax, at)
    if (isWorld(clause)) {
      const [rule, reason] =
        clause.rule === 'stayInside'
          ? ['unreachable', 'nothing leaves the world']
          : ['contradictory', 'nothing is outside the world']
      refuse(rule, `${at}.rule`, `${reason}; draw a smaller box`)
    }
  }
  fences.forEach(({ clause, at }, i) => {
    const same = fences.slice(0, i).find((before) => sameFence(before.clause, clause))
    if (same) refuse('contradictory', at, `says the same as ${same.at}; keep one of them`)
  })
}

export function checkBox(box: GeofenceClause | TenderClause, at: string): void {
  if (box.latitudeMin >= box.latitudeMax) {
    refuse('box', `${at}.latitudeMax`, 'must be north of latitudeMin')
  }
  if (box.longitudeMin >= box.longitudeMax) {
    refuse('box', `${at}.longitudeMax`, 'must be east of longitudeMin; split a box that crosses 180°')
  }
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

function checkGap(gapMsMax: number, at: string): void {
  if (gapMsMax < GAP_MS_MIN) {
    refuse(
      'unreachable',
      `${at}.gapMsMax`,
      `must be at least ${GAP_MS_MIN} ms, or no time between samples ever counts`,
    )
  }
}

/** Some value must keep all instantaneous limits of its metric. */
function checkPermitted(limits: Placed<LimitClause>[]): void {
  limits.forEach(({ clause, at }, i) => {
    const { metric, side, bound } = clause
    const opposite = limits
      .slice(0, i)
      .find(
        (other) =>
          other.clause.metric === metric &&
          other.clause.side !== side &&
          (side === 'below' ? other.clause.bound < bound : other.clause.bound > bound),
      )?.clause
    if (!opposite) return
    const [above, below] = side === 'above' ? [bound, opposite.bound] : [opposite.bound, bound]
    refuse(
      'contradictory',
      `${at}.bound`,
      `${metric} may not be above ${formatBound(metric, above)} nor below ${formatBound(metric, below)}, ` +
        'so no value is permitted; change one bound',
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

const isWorld = (box: GeofenceClause): boolean =>
  box.latitudeMin === METRIC_RANGES.latitude.min &&
  box.latitudeMax === METRIC_RANGES.latitude.max &&
  box.longitudeMin === METRIC_RANGES.longitude.min &&
  box.longitudeMax === METRIC_RANGES.longitude.max

const FENCE_FIELDS = [
  'rule',
  'latitudeMin',
  'latitudeMax',
  'longitudeMin',
  'longitudeMax',
  'durationMs',
] as const
const sameFence = (a: GeofenceClause, b: GeofenceClause): boolean =>
  FENCE_FIELDS.every((field) => a[field] === b[field])
