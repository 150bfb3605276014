/**
 * The meaning of limits, as plainly as it can be said: all samples of a leg in one list, every sum made anew for every excursion. Slow on purpose;
 * the folds are tested against it, and the published vectors are its answers.
 */
import { MISSING } from '@consign/envelope'
import type {
  CumulativeLimitClause,
  InstantaneousLimitClause,
  Penalty,
  SingleLimitClause,
} from '../clauses.ts'

export type NaiveEnvelope = {
  seq: number
  bootId: string
  baseMonotonicMs: number
  baseUtcMs: number
  timesMs: readonly number[]
  values: readonly number[]
}

export type NaiveLimit = InstantaneousLimitClause | SingleLimitClause | CumulativeLimitClause

/** `outsideMs` 0 for instantaneous limits; `worst`: value farthest outside. */
export type NaiveCase = {
  startSeq: number
  startIndex: number
  outsideMs: bigint
  worst: number
  penalty: bigint
}

export type Sample = { seq: number; index: number; bootId: string; timeMs: bigint; value: number }

/** Cases of a limit in one leg; a cumulative one is judged for the leg alone. */
export function naiveCases(limit: NaiveLimit, leg: number, envelopes: readonly NaiveEnvelope[]): NaiveCase[] {
  const samples = samplesOf(limit, leg, envelopes)
  if (limit.kind === 'limit.cumulative') return naiveCumulative(limit, samples)
  const cases: NaiveCase[] = []
  samples.forEach((first, at) => {
    const before = samples[at - 1]
    if (!isOutside(limit, first) || (before !== undefined && isOutside(limit, before))) return
    const after = samples.findIndex((sample, index) => index > at && !isOutside(limit, sample))
    const end = after < 0 ? samples.length : after
    const outside = samples.slice(at, end)
    const worst = worstOf(limit, outside)
    const place = { startSeq: first.seq, startIndex: first.index, worst }
    if (limit.kind === 'limit.instantaneous') {
      const penalty = naiveCost(limit.penalty, BigInt(Math.abs(worst - limit.bound)))
      cases.push({ ...place, outsideMs: 0n, penalty })
      return
    }
    const shown = samples.slice(Math.max(0, at - 1), end + 1)
    const outsideMs = naiveOutsideMs(limit, shown)
    if (outsideMs < BigInt(limit.durationMs)) return
    const penalty = naiveCost(limit.penalty, outsideMs - BigInt(limit.durationMs))
    cases.push({ ...place, outsideMs, penalty })
  })
  return cases
}

/** Sum of what counts between each two consecutive samples. */
export function naiveOutsideMs(limit: SingleLimitClause | CumulativeLimitClause, samples: Sample[]): bigint {
  let outsideMs = 0n
  for (let at = 1; at < samples.length; at++) {
    outsideMs += naiveCounted(limit, samples[at - 1] as Sample, samples[at] as Sample)
  }
  return outsideMs
}

export function naiveCost({ base, perStep, step, caseMax }: Penalty, excess: bigint): bigint {
  const cost = BigInt(base) + (step > 0 ? (excess / BigInt(step)) * BigInt(perStep) : 0n)
  return cost < BigInt(caseMax) ? cost : BigInt(caseMax)
}

export function samplesOf(
  limit: Pick<NaiveLimit, 'startUpMs'>,
  leg: number,
  envelopes: readonly NaiveEnvelope[],
): Sample[] {
  return envelopes.flatMap(({ seq, bootId, baseMonotonicMs, timesMs, values }) =>
    values.flatMap((value, index): Sample[] => {
      const timeMs = BigInt(baseMonotonicMs) + BigInt(timesMs[index] as number)
      if (value === MISSING || (leg === 0 && timeMs < BigInt(limit.startUpMs))) return []
      return [{ seq, index, bootId, timeMs, value }]
    }),
  )
}

function naiveCumulative(limit: CumulativeLimitClause, samples: Sample[]): NaiveCase[] {
  const outsideMs = naiveOutsideMs(limit, samples)
  if (outsideMs < BigInt(limit.durationMs)) return []
  const worst = worstOf(
    limit,
    samples.filter((sample) => isOutside(limit, sample)),
  )
  const penalty = naiveCost(limit.penalty, outsideMs - BigInt(limit.durationMs))
  return [{ startSeq: 0xffff_ffff, startIndex: 0xffff, outsideMs, worst, penalty }]
}

function naiveCounted(limit: SingleLimitClause | CumulativeLimitClause, a: Sample, b: Sample): bigint {
  const elapsedMs = b.timeMs - a.timeMs
  if (a.bootId !== b.bootId || elapsedMs < 0n || elapsedMs > BigInt(limit.gapMsMax)) return 0n
  const [aOutside, bOutside] = [isOutside(limit, a), isOutside(limit, b)]
  switch (limit.between) {
    case 'hold':
      return aOutside ? elapsedMs : 0n
    case 'worstCase':
      return aOutside || bOutside ? elapsedMs : 0n
    case 'linear': {
      if (aOutside && bOutside) return elapsedMs
      if (!aOutside && !bOutside) return 0n
      const beyond = BigInt(Math.abs((aOutside ? a.value : b.value) - limit.bound))
      return (elapsedMs * beyond) / BigInt(Math.abs(b.value - a.value))
    }
  }
}

function worstOf({ side }: NaiveLimit, outside: Sample[]): number {
  const values = outside.map(({ value }) => value)
  return side === 'above' ? Math.max(...values) : Math.min(...values)
}

const isOutside = ({ side, bound }: NaiveLimit, { value }: Sample): boolean =>
  side === 'above' ? value > bound : value < bound
