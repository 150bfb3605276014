/**
 * Silence: two consecutive envelopes of one boot begin further apart than agreed. One case for each gap, at the envelope before it; excess = gap -
 * silenceMsMax. Envelopes that never came lie in a gap like any other, and are judged when nothing more can come: before the first one that
 * did, between two, and after the last, where how long it was is not known and nothing is charged beyond the base.
 */
import type { SilenceClause } from '../clauses.ts'
import { type Docket, type JudgedEnvelope, type Judgement, LEG_INDEX, LEG_SEQ, utcOf } from './judgement.ts'
import { Schedule } from './schedule.ts'

/** What silence needs of an envelope. */
export type Beat = Pick<JudgedEnvelope, 'seq' | 'bootId' | 'baseMonotonicMs' | 'baseUtcMs'>

/** The gap between two envelopes that came, with nothing between them that did. Undefined when it is no longer than agreed. */
export function judgeGap(clause: SilenceClause, before: Beat, after: Beat): Judgement | undefined {
  const gapMs = after.baseMonotonicMs - before.baseMonotonicMs
  if (before.bootId !== after.bootId || gapMs <= clause.silenceMsMax) return undefined
  return silent(clause, { fromSeq: before.seq, toSeq: after.seq, fromMs: before.baseUtcMs, gapMs })
}

/** The first envelope that came is not the leg's first: monotonic time counts from the start of the leg. */
export function judgeMissingBeginning(clause: SilenceClause, first: Beat): Judgement | undefined {
  const gapMs = first.baseMonotonicMs
  if (first.seq === 0 || gapMs <= clause.silenceMsMax) return undefined
  const fromMs = Math.max(0, first.baseUtcMs - gapMs)
  return silent(clause, { fromSeq: LEG_SEQ, toSeq: first.seq, fromMs, gapMs })
}

/** The last envelopes of the leg never came. `last`: the last that did, undefined when none did. */
export function judgeMissingEnd(clause: SilenceClause, last: Beat | undefined): Judgement {
  const fromSeq = last?.seq ?? LEG_SEQ
  const fromMs = last?.baseUtcMs ?? 0
  return silent(clause, { fromSeq, toSeq: fromSeq, fromMs, gapMs: clause.silenceMsMax })
}

/** The gaps of a leg whose envelopes all came, one after another. */
export class SilenceFold {
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
