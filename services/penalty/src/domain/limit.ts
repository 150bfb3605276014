import type { LimitClause } from '@consign/terms'
import { type InstantaneousState, instantaneous } from './instantaneous.ts'

/** One value of one metric. `value` undefined = not measured then: it is never compared. Times in ms, value in the metric's fixed unit. */
export type Sample = {
  seq: number
  index: number
  utcMs: number
  monotonicMs: number
  value: number | undefined
}

/** `runFromSeq`: first envelope that a proof of the start needs: the one with the last inside value before it, or 0. */
export type ExcursionStart = {
  startSeq: number
  startIndex: number
  runFromSeq: number
  atMs: number
  value: number
}

/** `fromMs`, `toMs`: first and last reading outside; `readings`: how many were outside; `worst`: farthest from the bound. */
export type Excursion = {
  startSeq: number
  startIndex: number
  runFromSeq: number
  fromMs: number
  toMs: number
  worst: number
  readings: number
}

export type Outcome = { kind: 'started'; start: ExcursionStart } | { kind: 'ended'; excursion: Excursion }

/**
 * How one kind of limit reads a leg, value after value in seq order; pure. A state belongs to one limit on one leg.
 * `step` reports at most one outcome per value; `end` closes what is open when the leg is over.
 */
export interface LimitEvaluator<State> {
  readonly initial: State
  step(state: State, sample: Sample): { state: State; outcome?: Outcome }
  end(state: State): Excursion | undefined
}

/** Limits over time bring their own state and join this union. */
export type LimitState = InstantaneousState

export function evaluatorFor(limit: LimitClause): LimitEvaluator<LimitState> {
  switch (limit.kind) {
    case 'limit.instantaneous':
      return instantaneous(limit)
  }
}
