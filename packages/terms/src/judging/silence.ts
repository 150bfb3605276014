/**
 * Silence: two consecutive envelopes of one boot begin further apart than agreed. One case for each gap, at the envelope before it; excess = gap -
 * silenceMsMax. Envelopes that never came lie in a gap like any other, and are judged when nothing more can come: before the first one that
 * did, between two, and after the last, where how long it was is not known: extent 0, and nothing beyond the base is charged.
 */
import type { SilenceClause } from '../clauses.ts'
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

/** What silence needs of an envelope. */
export type Beat = Pick<JudgedEnvelope, 'seq' | 'bootId' | 'baseMonotonicMs' | 'baseUtcMs'>

/**
 * Envelopes that were missing when those around them were judged: seq `fromSeq` to `toSeq`, of which some may have `come` since, in order of seq. `before` and
 * `after` are the envelopes around it, undefined at the beginning and at the end of the leg.
 */
export type Hole = {
  fromSeq: number
  toSeq: number
  before: Beat | undefined
  after: Beat | undefined
  come: readonly Beat[]
}

/** To be asked when nothing more can come. */
export function judgeHole(clause: SilenceClause, { toSeq, before, after, come }: Hole): Judgement[] {
  const beats = [before, ...come, after].filter((beat) => beat !== undefined)
  const [first, last] = [beats[0], beats.at(-1)]
  const judgements: (Judgement | undefined)[] = []
  if (before === undefined && first !== undefined) judgements.push(judgeMissingBeginning(clause, first))
  beats.forEach((beat, at) => {
    const next = beats[at + 1]
    if (next !== undefined) judgements.push(judgeGap(clause, beat, next))
  })
  if (after === undefined && last?.seq !== toSeq) judgements.push(judgeMissingEnd(clause, last))
  return judgements.filter((judgement) => judgement !== undefined)
}

function judgeGap(clause: SilenceClause, before: Beat, after: Beat): Judgement | undefined {
  const gapMs = after.baseMonotonicMs - before.baseMonotonicMs
  if (before.bootId !== after.bootId || gapMs <= clause.silenceMsMax) return undefined
  return silent(clause, { fromSeq: before.seq, toSeq: after.seq, fromMs: before.baseUtcMs, gapMs })
}

/** Monotonic time counts from the start of the leg. */
function judgeMissingBeginning(clause: SilenceClause, first: Beat): Judgement | undefined {
  const gapMs = first.baseMonotonicMs
  if (first.seq === 0 || gapMs <= clause.silenceMsMax) return undefined
  const fromMs = Math.max(0, first.baseUtcMs - gapMs)
  return silent(clause, { fromSeq: LEG_SEQ, toSeq: first.seq, fromMs, gapMs })
}

function judgeMissingEnd(clause: SilenceClause, last: Beat | undefined): Judgement {
  const fromSeq = last?.seq ?? LEG_SEQ
  const fromMs = last?.baseUtcMs ?? 0
  const judgement = silent(clause, { fromSeq, toSeq: fromSeq, fromMs, gapMs: clause.silenceMsMax })
  return { ...judgement, toMs: fromMs, extent: 0 }
}

/** The gaps between envelopes that came one after another; what lies around a hole is for judgeHole. */
export class SilenceFold implements LegFold {
  readonly #clause: SilenceClause
  #last: Beat | undefined

  constructor(clause: SilenceClause) {
    this.#clause = clause
  }

  take(envelope: JudgedEnvelope, docket: Docket): void {
    const last = this.#last
    this.#last = envelope
    if (last === undefined || last.seq + 1 !== envelope.seq) return
    const judgement = judgeGap(this.#clause, last, envelope)
    if (judgement !== undefined) docket.judge(judgement)
  }

  end(): void {}
}

type Gap = { fromSeq: number; toSeq: number; fromMs: number; gapMs: number }

function silent(clause: SilenceClause, { fromSeq, toSeq, fromMs, gapMs }: Gap): Judgement {
  return {
    clause,
    startSeq: fromSeq,
    startIndex: LEG_INDEX,
    runFromSeq: fromSeq === LEG_SEQ ? 0 : fromSeq,
    runToSeq: toSeq === LEG_SEQ ? 0 : toSeq,
    fromMs,
    toMs: utcOf(fromMs, gapMs),
    extent: gapMs,
    worst: undefined,
    readings: undefined,
    penalty: new Schedule(clause.penalty).costOf(gapMs - clause.silenceMsMax),
  }
}
