/** The clauses whose breach has a price, from a draft: everyday units become fixed ones, what is left out gets its documented default. */
import type { CostlyClause, LimitClause, PartyClause } from './clauses.ts'
import type { CompleteDraft } from './draft.ts'
import { millisecondsOf } from './draft-fields.ts'
import { type Amount, Pricing } from './draft-price.ts'
import { parseQuantity } from './quantity.ts'
import { parseEther, parseTokens } from './tokens.ts'

type WithoutSalt<C> = C extends unknown ? Omit<C, 'salt'> : never
type Unsalted<C = CostlyClause> = WithoutSalt<C>
type Unnumbered<C = CostlyClause> = C extends unknown ? Omit<C, 'salt' | 'limitId'> : never

const LOST_AFTER_HOURS = 336 // beyond the deadline

export const hours = (value: number): number => millisecondsOf(value, 'hours')
export const minutes = (value: number): number => millisecondsOf(value, 'minutes')

/** Numbered from 1 in this order; the clauses are not yet in that of the document. */
export function costlyClauses(draft: CompleteDraft, parties: PartyClause[], nowMs: number): Unsalted[] {
  const pricing = new Pricing(parties)
  const clauses: Unnumbered[] = [
    ...draft.limits.flatMap((limit) => limitClauses(limit, draft, pricing)),
    ...draft.geofences.map((fence) => geofenceClause(fence, draft, pricing)),
    deadlineClause(draft.deadline, pricing, nowMs),
    ...(draft.silence ? [silenceClause(draft.silence, draft, pricing)] : []),
    ...(draft.tamper ? [{ kind: 'tamper' as const, penalty: pricing.penalty(draft.tamper, 0) }] : []),
    ...draft.milestones.map((milestone) => milestoneClause(milestone, pricing, nowMs)),
  ]
  return clauses.map((clause, i): Unsalted => ({ ...clause, limitId: i + 1 }))
}

function limitClauses(
  limit: CompleteDraft['limits'][number],
  draft: CompleteDraft,
  pricing: Pricing,
): Unnumbered<LimitClause>[] {
  return (['above', 'below'] as const).flatMap((side) => {
    const bound = limit[side]
    if (bound === undefined) return []
    const common = {
      metric: limit.metric,
      side,
      bound: parseQuantity(limit.metric, bound),
      startUpMs: minutes(limit.startUpMinutes),
    }
    return limitOver(limit, draft, pricing, common)
  })
}

function limitOver(
  limit: CompleteDraft['limits'][number],
  draft: CompleteDraft,
  pricing: Pricing,
  common: Pick<LimitClause, 'metric' | 'side' | 'bound' | 'startUpMs'>,
): Unnumbered<LimitClause> {
  const valueStep = limit.step === undefined ? 0 : parseQuantity(limit.metric, limit.step)
  const timed = {
    durationMs: minutes(limit.minutes ?? 0),
    gapMsMax: minutes(limit.gapMinutesMax ?? draft.windows.silenceMinutesMax),
    between: limit.between ?? 'hold',
    penalty: pricing.penalty(limit, minutes(limit.stepMinutes ?? 0)),
  }
  switch (limit.kind) {
    case 'instantaneous':
      return { kind: 'limit.instantaneous', ...common, penalty: pricing.penalty(limit, valueStep) }
    case 'single':
      return { kind: 'limit.single', ...common, ...timed }
    case 'cumulative':
      return { kind: 'limit.cumulative', ...common, ...timed, scope: limit.scope ?? 'leg' }
    case 'meanKinetic':
      return {
        kind: 'limit.meanKinetic',
        ...common,
        metric: 'temperature',
        side: 'above',
        gapMsMax: timed.gapMsMax,
        penalty: pricing.penalty(limit, valueStep),
      }
  }
}

function geofenceClause(
  fence: CompleteDraft['geofences'][number],
  draft: CompleteDraft,
  pricing: Pricing,
): Unnumbered {
  return {
    kind: 'limit.geofence',
    rule: fence.rule,
    ...boxEdges(fence.box),
    durationMs: minutes(fence.minutes),
    gapMsMax: minutes(fence.gapMinutesMax ?? draft.windows.silenceMinutesMax),
    between: fence.between,
    penalty: pricing.penalty(fence, minutes(fence.stepMinutes ?? 0)),
  }
}

function deadlineClause(deadline: CompleteDraft['deadline'], pricing: Pricing, nowMs: number): Unnumbered {
  const { lostAfterHours = deadline.hours + LOST_AFTER_HOURS, lossPenaltyTokens } = deadline
  const penalty = pricing.penalty(deadline, minutes(deadline.stepMinutes ?? 0))
  const everything = pricing.everythingUpTo(penalty.limitMax)
  return {
    kind: 'deadline',
    deliverByMs: nowMs + hours(deadline.hours),
    lostAfterMs: nowMs + hours(lostAfterHours),
    lossPenalty: String(lossPenaltyTokens === undefined ? everything : parseTokens(lossPenaltyTokens)),
    penalty,
  }
}

function silenceClause(
  silence: NonNullable<CompleteDraft['silence']>,
  draft: CompleteDraft,
  pricing: Pricing,
): Unnumbered {
  return {
    kind: 'silence',
    silenceMsMax: minutes(silence.minutesMax ?? draft.windows.silenceMinutesMax),
    refuteMs: hours(silence.refuteHours),
    bondWei: String(parseEther(silence.bondEth)),
    penalty: pricing.penalty(silence, minutes(silence.stepMinutes ?? 0)),
  }
}

function milestoneClause(
  milestone: CompleteDraft['milestones'][number],
  pricing: Pricing,
  nowMs: number,
): Unnumbered {
  return {
    kind: 'milestone',
    party: pricing.walletOf(milestone.party),
    handOverByMs: nowMs + hours(milestone.hours),
    penalty: pricing.penalty(milestone, minutes(milestone.stepMinutes ?? 0)),
  }
}

/** Degrees to the fixed unit. */
export function boxEdges(box: Record<'south' | 'north' | 'west' | 'east', Amount>) {
  return {
    latitudeMin: parseQuantity('latitude', box.south),
    latitudeMax: parseQuantity('latitude', box.north),
    longitudeMin: parseQuantity('longitude', box.west),
    longitudeMax: parseQuantity('longitude', box.east),
  }
}
