/** What judging a leg takes in and gives out. */
import type { MetricName } from '@consign/envelope'
import type { CostlyClause } from '../clauses.ts'

/** The place of a case that is about a whole leg: (LEG_SEQ, LEG_INDEX); one that is about an envelope has (seq, LEG_INDEX). */
export const LEG_SEQ = 0xffff_ffff
export const LEG_INDEX = 0xffff

/** One envelope of a leg, as far as clauses judge it. Times in ms; `timesMs` count from the base; a missing value is MISSING. */
export type JudgedEnvelope = {
  seq: number
  bootId: string
  baseMonotonicMs: number
  baseUtcMs: number
  clockState: number
  timesMs: Uint32Array
  columns: ReadonlyMap<MetricName, Int32Array>
}

/**
 * A clause is broken, or about to be: the first reading outside, or the one with which the time outside of the leg reached the limit.
 * `runFromSeq`: first envelope that a proof needs; `atMs` UTC.
 */
export type Warning = {
  clause: CostlyClause
  startSeq: number
  startIndex: number
  runFromSeq: number
  atMs: number
  value: number | undefined
}

/**
 * One case. `extent`: worst value of an instantaneous limit, the mean kinetic temperature, else milliseconds (outside, silent, late).
 * `runFromSeq`, `runToSeq`: envelopes that show all it is charged for. `fromMs`, `toMs`: UTC of the first and last of it.
 * `worst`: value farthest outside, and `readings`: how many were outside, where readings are judged. `penalty` before the caps of clause and
 * party, in the smallest unit of the token.
 */
export type Judgement = {
  clause: CostlyClause
  startSeq: number
  startIndex: number
  runFromSeq: number
  runToSeq: number
  fromMs: number
  toMs: number
  extent: number
  worst: number | undefined
  readings: number | undefined
  penalty: bigint
}

/** Where folds tell what they find, in the order of the readings that show it. */
export interface Docket {
  warn(warning: Warning): void
  judge(judgement: Judgement): void
}

/**
 * How one clause reads a leg, envelope after envelope in order of seq: O(1) for each sample, and a function of the envelopes alone. `end` closes
 * what is open when the leg is over, or nothing after it counts any more.
 */
export interface LegFold {
  take(envelope: JudgedEnvelope, docket: Docket): void
  end(docket: Docket): void
}

/** UTC of a reading; what a device signs may lie beyond every date, and JSON holds safe integers only. */
export const utcOf = (baseUtcMs: number, offsetMs: number): number =>
  Math.min(baseUtcMs + offsetMs, Number.MAX_SAFE_INTEGER)
