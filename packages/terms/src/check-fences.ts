/**
 * Whether boxes have an inside, and fences leave a place for the goods and a way to deliver them. Two boxes at a time, which is enough for those to stay
 * inside of: when each two of them overlap, all do. Codes: terms.box, terms.unreachable, terms.contradictory.
 */
import { checkGap } from './check-limits.ts'
import type { GeofenceClause, TenderClause } from './clauses.ts'
import type { Box } from './judging/geofence.ts'
import { METRIC_RANGES } from './metric-ranges.ts'
import { type Placed, refuse } from './placed.ts'

export function checkFences(
  fences: Placed<GeofenceClause>[],
  tender: Placed<TenderClause> | undefined,
): void {
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
    for (const before of fences.slice(0, i)) checkPlace(before, { clause, at })
  })
  if (tender) {
    checkBox(tender.clause, tender.at)
    for (const fence of fences) checkDestination(fence, tender)
  }
}

/** Some place must keep both. Durations do not help: they forgive a detour, but do not say where goods may be. */
function checkPlace(one: Placed<GeofenceClause>, other: Placed<GeofenceClause>): void {
  const within = [one, other].filter(({ clause }) => clause.rule === 'stayInside')
  const [first, second] = within
  if (first && second && !overlap(first.clause, second.clause)) {
    refuse(
      'contradictory',
      `${other.at}.rule`,
      `goods must stay inside the box of ${one.at} too, which lies apart, so no place is permitted; let the boxes overlap`,
    )
  }
  if (!first || second) return
  const outside = first === one ? other : one
  if (isWithin(first.clause, outside.clause)) {
    refuse(
      'contradictory',
      `${other.at}.rule`,
      `the box of ${first.at}, inside of which goods must stay, lies in that of ${outside.at}, outside of which they must stay, so no place is permitted`,
    )
  }
}

/** A fence with a duration permits what the last part of the way takes, or a short stay; one without is broken by arriving. */
function checkDestination({ clause, at }: Placed<GeofenceClause>, tender: Placed<TenderClause>): void {
  if (clause.durationMs > 0) return
  const [isBroken, where] =
    clause.rule === 'stayInside'
      ? [!overlap(clause, tender.clause), 'outside']
      : [isWithin(tender.clause, clause), 'inside']
  if (!isBroken) return
  refuse(
    'contradictory',
    `${at}.durationMs`,
    `the destination of ${tender.at} lies ${where} the box, so nobody can deliver without breaking this; say how long goods may be there, or move a box`,
  )
}

function checkBox(box: GeofenceClause | TenderClause, at: string): void {
  if (box.latitudeMin >= box.latitudeMax) {
    refuse('box', `${at}.latitudeMax`, 'must be north of latitudeMin')
  }
  if (box.longitudeMin >= box.longitudeMax) {
    refuse('box', `${at}.longitudeMax`, 'must be east of longitudeMin; split a box that crosses 180°')
  }
}

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

/** Edges belong to their box. */
const overlap = (a: Box, b: Box): boolean =>
  a.latitudeMin <= b.latitudeMax &&
  b.latitudeMin <= a.latitudeMax &&
  a.longitudeMin <= b.longitudeMax &&
  b.longitudeMin <= a.longitudeMax

const isWithin = (inner: Box, outer: Box): boolean =>
  inner.latitudeMin >= outer.latitudeMin &&
  inner.latitudeMax <= outer.latitudeMax &&
  inner.longitudeMin >= outer.longitudeMin &&
  inner.longitudeMax <= outer.longitudeMax
