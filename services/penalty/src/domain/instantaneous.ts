import { isOutside, type LimitClause } from '@consign/terms'
import type { Excursion, LimitEvaluator, Outcome, Sample } from './limit.ts'

/** `lastInsideSeq`: envelope of the last value seen inside, 0 before any (a proof then starts at envelope 0). */
export type InstantaneousState = { lastInsideSeq: number; open: Excursion | undefined }

/**
 * The first value outside starts an excursion, the first value inside ends it; the bound itself is inside.
 * A missing value does neither.
 */
export function instantaneous(limit: LimitClause): LimitEvaluator<InstantaneousState> {
  return {
    initial: { lastInsideSeq: 0, open: undefined },
    step(state, sample) {
      if (sample.value === undefined) return { state }
      if (isOutside(limit, sample.value)) return outside(limit, state, sample, sample.value)
      if (state.open === undefined && state.lastInsideSeq === sample.seq) return { state }
      const next = { lastInsideSeq: sample.seq, open: undefined }
      return state.open === undefined
        ? { state: next }
        : { state: next, outcome: { kind: 'ended', excursion: state.open } }
    },
    end: (state) => state.open,
  }
}

function outside(limit: LimitClause, state: InstantaneousState, sample: Sample, value: number) {
  const { open } = state
  if (open !== undefined) {
    const worst = limit.side === 'above' ? Math.max(open.worst, value) : Math.min(open.worst, value)
    return { state: { ...state, open: { ...open, toMs: sample.utcMs, worst, readings: open.readings + 1 } } }
  }
  const at = { startSeq: sample.seq, startIndex: sample.index, runFromSeq: state.lastInsideSeq }
  const excursion: Excursion = {
    ...at,
    fromMs: sample.utcMs,
    toMs: sample.utcMs,
    worst: value,
    readings: 1,
  }
  const outcome: Outcome = { kind: 'started', start: { ...at, atMs: sample.utcMs, value } }
  return { state: { ...state, open: excursion }, outcome }
}
