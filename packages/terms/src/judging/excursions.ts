/**
 * Excursions of one metric: the first sample outside begins one, the first sample inside ends it, and so does the end of the leg. The bound is
 * inside. Missing values, and those of the start-up, are as if they were not there.
 * An instantaneous limit makes every excursion a case; a single one those whose time outside reaches the duration.
 */
import { type MetricName, MISSING } from '@consign/envelope'
import type { CostlyClause, InstantaneousLimitClause, SingleLimitClause } from '../clauses.ts'
import { type Between, countedMs, SampleClock } from './counted.ts'
import { type Docket, type JudgedEnvelope, type LegFold, utcOf } from './judgement.ts'
import { Schedule } from './schedule.ts'

/** `measure`: whether depth (in the unit of the metric) or time outside is what a case exceeds its limit by. */
export type ExcursionRule = {
  clause: CostlyClause
  metric: MetricName
  /** 1 above, -1 below. */
  sign: 1 | -1
  bound: number
  durationMs: number
  startUpMs: number
  gapMsMax: number
  between: Between
  measure: 'depth' | 'time'
}

type Excursion = {
  startSeq: number
  startIndex: number
  runFromSeq: number
  runToSeq: number
  fromMs: number
  toMs: number
  depthMax: number
  readings: number
  outsideMs: number
  /** Steps that `runToSeq` shows; -1 before it is a case. */
  steps: number
}

export const instantaneousRule = (clause: InstantaneousLimitClause, leg: number): ExcursionRule => ({
  clause,
  metric: clause.metric,
  sign: clause.side === 'above' ? 1 : -1,
  bound: clause.bound,
  durationMs: 0,
  startUpMs: leg === 0 ? clause.startUpMs : 0,
  gapMsMax: 0,
  between: 'hold',
  measure: 'depth',
})

export const singleRule = (clause: SingleLimitClause, leg: number): ExcursionRule => ({
  clause,
  metric: clause.metric,
  sign: clause.side === 'above' ? 1 : -1,
  bound: clause.bound,
  durationMs: clause.durationMs,
  startUpMs: leg === 0 ? clause.startUpMs : 0,
  gapMsMax: clause.gapMsMax,
  between: clause.between,
  measure: 'time',
})

export class ExcursionFold implements LegFold {
  readonly #rule: ExcursionRule
  readonly #schedule: Schedule
  readonly #clock: SampleClock
  #lastInsideSeq = 0
  #lastDepth = 0
  #open: Excursion | undefined

  constructor(rule: ExcursionRule) {
    this.#rule = rule
    this.#schedule = new Schedule(rule.clause.penalty)
    this.#clock = new SampleClock(rule.gapMsMax)
  }

  take(envelope: JudgedEnvelope, docket: Docket): void {
    const values = envelope.columns.get(this.#rule.metric)
    if (values !== undefined) this.takeColumn(envelope, values, docket)
  }

  takeColumn(envelope: JudgedEnvelope, values: Int32Array, docket: Docket): void {
    const { sign, bound, startUpMs } = this.#rule
    const { seq, baseMonotonicMs, timesMs } = envelope
    const clock = this.#clock
    clock.enter(envelope.bootId)
    for (let index = 0; index < timesMs.length; index++) {
      const value = values[index] as number
      const timeMs = timesMs[index] as number
      if (value === MISSING || baseMonotonicMs + timeMs < startUpMs) continue
      const depth = sign * (value - bound)
      if (depth > 0) this.#outside(envelope, index, depth, docket)
      else {
        if (this.#open !== undefined) this.#inside(envelope, index, depth, docket)
        this.#lastInsideSeq = seq
      }
      clock.tick(baseMonotonicMs, timeMs)
      this.#lastDepth = depth
    }
  }

  end(docket: Docket): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined || open.steps < 0) return
    const { depthMax, steps: _, outsideMs, ...shown } = open
    const { clause, sign, bound, measure, durationMs } = this.#rule
    const worst = bound + sign * depthMax
    const [extent, excess] = measure === 'depth' ? [worst, depthMax] : [outsideMs, outsideMs - durationMs]
    docket.judge({ clause, ...shown, extent, worst, penalty: this.#schedule.costOf(excess) })
  }

  #outside(envelope: JudgedEnvelope, index: number, depth: number, docket: Docket): void {
    const { seq } = envelope
    const atMs = utcOf(envelope.baseUtcMs, envelope.timesMs[index] as number)
    this.#open ??= this.#begin(seq, index, atMs, depth, docket)
    const open = this.#open
    open.outsideMs += this.#countedMs(envelope, index, depth)
    open.toMs = atMs
    open.readings += 1
    if (depth > open.depthMax) open.depthMax = depth
    this.#show(open, seq)
  }

  #inside(envelope: JudgedEnvelope, index: number, depth: number, docket: Docket): void {
    const open = this.#open as Excursion
    open.outsideMs += this.#countedMs(envelope, index, depth)
    this.#show(open, envelope.seq)
    this.end(docket)
  }

  #begin(seq: number, index: number, atMs: number, depth: number, docket: Docket): Excursion {
    const { clause, sign, bound } = this.#rule
    const start = { startSeq: seq, startIndex: index, runFromSeq: this.#lastInsideSeq }
    docket.warn({ clause, ...start, atMs, value: bound + sign * depth })
    const nothing = { depthMax: 0, readings: 0, outsideMs: 0, steps: -1 }
    return { ...start, runToSeq: seq, fromMs: atMs, toMs: atMs, ...nothing }
  }

  #countedMs({ baseMonotonicMs, timesMs }: JudgedEnvelope, index: number, depth: number): number {
    if (this.#rule.measure === 'depth') return 0
    const elapsedMs = this.#clock.sinceMs(baseMonotonicMs, timesMs[index] as number)
    return countedMs(this.#rule.between, this.#lastDepth, depth, elapsedMs)
  }

  /** The run that a proof needs goes as far as its envelopes still raise the penalty. */
  #show(open: Excursion, seq: number): void {
    const { measure, durationMs } = this.#rule
    const excess = measure === 'depth' ? open.depthMax : open.outsideMs - durationMs
    if (excess < 0) return
    const steps = this.#schedule.stepsOf(excess)
    if (steps <= open.steps) return
    open.steps = steps
    open.runToSeq = seq
  }
}
