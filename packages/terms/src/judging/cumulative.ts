/**
 * Time outside a limit, summed over all pairs of samples of a leg. Scope leg: the leg is one case when the sum reaches the duration. Scope
 * shipment: the sum runs on from leg to leg (no pair across); the leg that reaches the duration is a case, later legs are for the steps they add.
 */
import { MISSING } from '@consign/envelope'
import type { CumulativeLimitClause } from '../clauses.ts'
import { countedMs, SampleClock } from './counted.ts'
import {
  type Docket,
  type JudgedEnvelope,
  type Judgement,
  LEG_INDEX,
  LEG_SEQ,
  type LegFold,
  utcOf,
} from './judgement.ts'
import { Schedule } from './schedule.ts'

/** What a leg adds to a sum. `readings` outside; the rest is about them, and undefined while there is none. */
export type TimeOutside = {
  outsideMs: number
  readings: number
  worst: number | undefined
  fromMs: number
  toMs: number
  runFromSeq: number
  runToSeq: number
}

export class CumulativeFold implements LegFold {
  readonly #clause: CumulativeLimitClause
  readonly #schedule: Schedule
  readonly #clock: SampleClock
  readonly #sign: 1 | -1
  readonly #startUpMs: number
  readonly #sum = { outsideMs: 0, readings: 0, fromMs: 0, toMs: 0, runFromSeq: 0, runToSeq: 0 }
  #depthMax = 0
  #lastDepth = 0
  #lastSeq = 0
  #steps = -1

  constructor(clause: CumulativeLimitClause, leg: number) {
    this.#clause = clause
    this.#schedule = new Schedule(clause.penalty)
    this.#clock = new SampleClock(clause.gapMsMax)
    this.#sign = clause.side === 'above' ? 1 : -1
    this.#startUpMs = leg === 0 ? clause.startUpMs : 0
  }

  get sum(): TimeOutside {
    const { readings } = this.#sum
    const worst = readings === 0 ? undefined : this.#clause.bound + this.#sign * this.#depthMax
    return { ...this.#sum, worst }
  }

  take(envelope: JudgedEnvelope, docket: Docket): void {
    const values = envelope.columns.get(this.#clause.metric)
    if (values === undefined) return
    const { bound } = this.#clause
    const { seq, baseMonotonicMs, timesMs } = envelope
    const clock = this.#clock
    clock.enter(envelope.bootId)
    for (let index = 0; index < timesMs.length; index++) {
      const value = values[index] as number
      const timeMs = timesMs[index] as number
      if (value === MISSING || baseMonotonicMs + timeMs < this.#startUpMs) continue
      const depth = this.#sign * (value - bound)
      if (depth > 0) this.#outside(envelope, index, depth)
      if (depth > 0 || this.#lastDepth > 0) this.#count(envelope, index, depth, docket)
      clock.tick(baseMonotonicMs, timeMs)
      this.#lastDepth = depth
      this.#lastSeq = seq
    }
  }

  end(docket: Docket): void {
    const { scope, durationMs } = this.#clause
    if (scope === 'leg' && this.#sum.outsideMs >= durationMs) {
      docket.judge(judgementOf(this.#clause, this.sum, this.#sum.outsideMs, this.#schedule))
    }
  }

  #outside({ baseUtcMs, timesMs }: JudgedEnvelope, index: number, depth: number): void {
    const sum = this.#sum
    const atMs = utcOf(baseUtcMs, timesMs[index] as number)
    if (sum.readings === 0) sum.fromMs = atMs
    sum.toMs = atMs
    sum.readings += 1
    if (depth > this.#depthMax) this.#depthMax = depth
  }

  #count(envelope: JudgedEnvelope, index: number, depth: number, docket: Docket): void {
    const clause = this.#clause
    const { seq, baseMonotonicMs, baseUtcMs, timesMs } = envelope
    const timeMs = timesMs[index] as number
    const elapsedMs = this.#clock.sinceMs(baseMonotonicMs, timeMs)
    const addedMs = countedMs(clause.between, this.#lastDepth, depth, elapsedMs)
    if (addedMs === 0) return
    const sum = this.#sum
    if (sum.outsideMs === 0) sum.runFromSeq = this.#lastSeq
    sum.outsideMs = Math.min(sum.outsideMs + addedMs, Number.MAX_SAFE_INTEGER)
    if (clause.scope === 'shipment') {
      sum.runToSeq = seq
      return
    }
    if (sum.outsideMs < clause.durationMs) return
    if (this.#steps < 0) {
      const value = clause.bound + this.#sign * depth
      const { runFromSeq } = sum
      const atMs = utcOf(baseUtcMs, timeMs)
      docket.warn({ clause, startSeq: LEG_SEQ, startIndex: LEG_INDEX, runFromSeq, atMs, value })
    }
    const steps = this.#schedule.stepsOf(sum.outsideMs - clause.durationMs)
    if (steps > this.#steps) sum.runToSeq = seq
    this.#steps = Math.max(this.#steps, steps)
  }
}

/** Scope shipment: what a leg costs that found `beforeMs` on the account and added `sum`. Undefined when it costs nothing. */
export function judgeShipmentSum(
  clause: CumulativeLimitClause,
  beforeMs: number,
  sum: TimeOutside,
): Judgement | undefined {
  const schedule = new Schedule(clause.penalty)
  const afterMs = beforeMs + sum.outsideMs
  if (afterMs < clause.durationMs) return undefined
  const judgement = judgementOf(clause, sum, afterMs, schedule)
  if (beforeMs < clause.durationMs) return judgement
  const penalty = judgement.penalty - schedule.costOf(beforeMs - clause.durationMs)
  return penalty > 0n ? { ...judgement, penalty } : undefined
}

function judgementOf(
  clause: CumulativeLimitClause,
  sum: TimeOutside,
  totalMs: number,
  schedule: Schedule,
): Judgement {
  const { outsideMs: _, ...shown } = sum
  const place = { startSeq: LEG_SEQ, startIndex: LEG_INDEX }
  const penalty = schedule.costOf(totalMs - clause.durationMs)
  return { clause, ...place, ...shown, extent: totalMs, penalty }
}
