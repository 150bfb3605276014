/** Tampering: the device of a leg signed two different envelopes under one number. Charged only where its keys cannot be copied. */
import type { TamperClause } from '../clauses.ts'
import { type JudgedEnvelope, type Judgement, LEG_INDEX } from './judgement.ts'
import { Schedule } from './schedule.ts'

/** `second`: the second envelope that was seen under its number. */
export function judgeFork(
  clause: TamperClause,
  { seq, baseUtcMs }: Pick<JudgedEnvelope, 'seq' | 'baseUtcMs'>,
): Judgement {
  return {
    clause,
    startSeq: seq,
    startIndex: LEG_INDEX,
    runFromSeq: seq,
    runToSeq: seq,
    fromMs: baseUtcMs,
    toMs: baseUtcMs,
    extent: 0,
    worst: undefined,
    readings: undefined,
    penalty: new Schedule(clause.penalty).costOf(0),
  }
}
