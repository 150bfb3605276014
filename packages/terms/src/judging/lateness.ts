/**
 * Lateness, from the headers of envelopes whose device had its clock set. A deadline is charged to the custodian in whose leg it passed, a milestone to
 * the party that it names, in its own legs. excess = the latest such time of the leg, at most that of a tender, - the time agreed.
 */
import type { Hex } from 'viem'
import type { DeadlineClause, MilestoneClause } from '../clauses.ts'
import { type JudgedEnvelope, type Judgement, LEG_INDEX, LEG_SEQ } from './judgement.ts'
import { Schedule } from './schedule.ts'

type ClockTime = { utcMs: number; seq: number }

/** Times of a leg by the clock of its device, UTC ms, in whatever order envelopes come; undefined while it was not set. */
export class LegClock {
  #latest: ClockTime | undefined
  #last: ClockTime | undefined

  take({
    seq,
    clockState,
    baseUtcMs: utcMs,
  }: Pick<JudgedEnvelope, 'seq' | 'clockState' | 'baseUtcMs'>): void {
    if (clockState === 0) return
    if (this.#last === undefined || seq > this.#last.seq) this.#last = { utcMs, seq }
    const latest = this.#latest
    const isLater =
      latest === undefined || utcMs > latest.utcMs || (utcMs === latest.utcMs && seq < latest.seq)
    if (isLater) this.#latest = { utcMs, seq }
  }

  /** The latest time, and the first envelope that shows it. */
  get latest(): ClockTime | undefined {
    return this.#latest
  }

  /** Of the last envelope with a set clock. */
  get lastMs(): number | undefined {
    return this.#last?.utcMs
  }
}

/** `before`: clocks of the legs before, in order. `tenderedMs`: when the goods were offered at their destination in this leg. */
export type LegTimes = { clock: LegClock; before: readonly LegClock[]; tenderedMs: number | undefined }

export function judgeDeadline(clause: DeadlineClause, times: LegTimes): Judgement | undefined {
  const lastBeforeMs = times.before.findLast(({ lastMs }) => lastMs !== undefined)?.lastMs
  const passedInLeg = times.before.length === 0 || (lastBeforeMs ?? Infinity) <= clause.deliverByMs
  return passedInLeg ? late(clause, clause.deliverByMs, times) : undefined
}

export function judgeMilestone(
  clause: MilestoneClause,
  custodian: Hex,
  times: LegTimes,
): Judgement | undefined {
  return custodian === clause.party ? late(clause, clause.handOverByMs, times) : undefined
}

function late(
  clause: DeadlineClause | MilestoneClause,
  dueMs: number,
  { clock: { latest }, tenderedMs = Infinity }: LegTimes,
): Judgement | undefined {
  if (latest === undefined) return undefined
  const toMs = Math.min(latest.utcMs, tenderedMs)
  if (toMs <= dueMs) return undefined
  return {
    clause,
    startSeq: LEG_SEQ,
    startIndex: LEG_INDEX,
    runFromSeq: latest.seq,
    runToSeq: latest.seq,
    fromMs: dueMs,
    toMs,
    extent: toMs - dueMs,
    worst: undefined,
    readings: undefined,
    penalty: new Schedule(clause.penalty).costOf(toMs - dueMs),
  }
}
