import { describe, expect, test } from 'vitest'
import type { DeadlineClause, MilestoneClause, SilenceClause, TamperClause } from '../clauses.ts'
import { type Judgement, LEG_INDEX, LEG_SEQ } from './judgement.ts'
import { judgeDeadline, judgeMilestone, LegClock } from './lateness.ts'
import { type Beat, judgeHole, SilenceFold } from './silence.ts'
import { judgeFork } from './tampering.ts'

const beneficiary = '0x00'
const penalty = { base: '10', perStep: '2', step: 100, caseMax: '17', limitMax: '99', beneficiary } as const
const common = { salt: '0x00', limitId: 1, penalty } as const
const silence: SilenceClause = {
  kind: 'silence',
  ...{ ...common, silenceMsMax: 1_000, refuteMs: 1, bondWei: '1' },
}
const deadline: DeadlineClause = {
  kind: 'deadline',
  ...{ ...common, deliverByMs: 5_000, lostAfterMs: 0, lossPenalty: '0' },
}
const milestone: MilestoneClause = { kind: 'milestone', ...common, party: '0xaa', handOverByMs: 5_000 }
const tamper: TamperClause = { kind: 'tamper', ...common }

const beat = (seq: number, baseMonotonicMs: number, bootId = 'b0'): Beat => ({
  ...{ seq, baseMonotonicMs, bootId, baseUtcMs: 1_000_000 + baseMonotonicMs },
})
const said = (judgements: Judgement[]) =>
  judgements.map(({ startSeq, extent, penalty: cost }) => [startSeq, extent, cost])

describe('silence', () => {
  function gapsOf(beats: Beat[]) {
    const fold = new SilenceFold(silence)
    const judgements: Judgement[] = []
    const docket = { warn: () => {}, judge: (judgement: Judgement) => void judgements.push(judgement) }
    for (const each of beats) {
      fold.take({ ...each, clockState: 1, timesMs: new Uint32Array(), columns: new Map() }, docket)
    }
    return said(judgements)
  }

  test('is a case for each gap that is too long, graded and capped', () => {
    const beats = [beat(0, 0), beat(1, 1_000), beat(2, 2_001), beat(3, 3_200), beat(4, 9_000)]
    expect(gapsOf(beats)).toEqual([
      [1, 1_001, 10n],
      [2, 1_199, 12n],
      [3, 5_800, 17n],
    ])
  })

  test('is not judged across a restart, nor across envelopes that may still come', () => {
    expect(gapsOf([beat(0, 0), beat(1, 9_000, 'b1'), beat(3, 90_000, 'b1')])).toEqual([])
  })

  const hole = { fromSeq: 3, toSeq: 5, before: beat(2, 1_000), after: beat(6, 4_500), come: [] }

  test('over a hole lies between the envelopes around it, and those that came after all', () => {
    expect(said(judgeHole(silence, hole))).toEqual([[2, 3_500, 17n]])
    expect(said(judgeHole(silence, { ...hole, come: [beat(4, 2_000)] }))).toEqual([[4, 2_500, 17n]])
    const all = [beat(3, 2_000), beat(4, 3_000), beat(5, 4_000)]
    expect(judgeHole(silence, { ...hole, come: all })).toEqual([])
    expect(judgeHole(silence, { ...hole, after: beat(6, 4_500, 'b1') })).toEqual([])
  })

  test('before the first envelope counts from the start of the leg', () => {
    const beginning = { fromSeq: 0, toSeq: 5, before: undefined, after: beat(6, 1_250), come: [] }
    expect(said(judgeHole(silence, beginning))).toEqual([[LEG_SEQ, 1_250, 14n]])
    expect(judgeHole(silence, { ...beginning, after: beat(6, 1_000) })).toEqual([])
    expect(judgeHole(silence, { ...beginning, come: [beat(0, 300)] })).toEqual([])
  })

  test('after the last envelope has no known length, and costs its base', () => {
    const end = { ...hole, after: undefined }
    expect(judgeHole(silence, end)).toMatchObject([
      { startSeq: 2, startIndex: LEG_INDEX, extent: 0, penalty: 10n, runFromSeq: 2, runToSeq: 2 },
    ])
    expect(said(judgeHole(silence, { ...end, come: [beat(4, 1_500)] }))).toEqual([[4, 0, 10n]])
    expect(judgeHole(silence, { ...end, come: [beat(5, 1_500)] })).toEqual([])
    expect(said(judgeHole(silence, { ...end, before: undefined }))).toEqual([[LEG_SEQ, 0, 10n]])
  })
})

/** A clock of envelopes at these times, in order of seq; undefined: the device's clock was not set. */
function clockOf(timesMs: (number | undefined)[], order = timesMs.map((_, seq) => seq)): LegClock {
  const clock = new LegClock()
  for (const seq of order) {
    const timeMs = timesMs[seq]
    clock.take({ seq, baseUtcMs: timeMs ?? 9e12, clockState: timeMs === undefined ? 0 : 1 })
  }
  return clock
}
const times = (clock: LegClock, before: LegClock[] = [], tenderedMs?: number) => ({
  clock,
  before,
  tenderedMs,
})

describe('lateness', () => {
  test('is the latest time by a set clock, beyond the time agreed', () => {
    expect(judgeDeadline(deadline, times(clockOf([4_000, 5_000])))).toBeUndefined()
    expect(judgeDeadline(deadline, times(clockOf([undefined])))).toBeUndefined()
    expect(judgeDeadline(deadline, times(clockOf([4_000, 5_250, undefined])))).toMatchObject({
      ...{ startSeq: LEG_SEQ, startIndex: LEG_INDEX, extent: 250, penalty: 14n },
      ...{ fromMs: 5_000, toMs: 5_250, runFromSeq: 1, runToSeq: 1 },
    })
  })

  test('is the same in whatever order envelopes came', () => {
    const timesMs = [5_100, 5_300, 5_300, 5_200]
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ]) {
      const clock = clockOf(timesMs, order)
      expect(clock.latest).toEqual({ utcMs: 5_300, seq: 1 })
      expect(clock.lastMs).toBe(5_200)
    }
  })

  test('of a deadline is held against the leg in which it passed', () => {
    const late = clockOf([6_000])
    expect(judgeDeadline(deadline, times(late, [clockOf([5_000])]))).toBeDefined()
    expect(judgeDeadline(deadline, times(late, [clockOf([5_001])]))).toBeUndefined()
    // A leg without a set clock says nothing; the one before it does.
    expect(judgeDeadline(deadline, times(late, [clockOf([4_000]), clockOf([undefined])]))).toBeDefined()
    expect(judgeDeadline(deadline, times(late, [clockOf([undefined])]))).toBeUndefined()
  })

  test('ends with a tender', () => {
    expect(judgeDeadline(deadline, times(clockOf([6_000]), [], 5_100))).toMatchObject({ extent: 100 })
    expect(judgeDeadline(deadline, times(clockOf([6_000]), [], 5_000))).toBeUndefined()
    expect(judgeDeadline(deadline, times(clockOf([6_000]), [], 7_000))).toMatchObject({ extent: 1_000 })
  })

  test('at a milestone is held against its party alone', () => {
    expect(judgeMilestone(milestone, '0xaa', times(clockOf([5_100])))).toMatchObject({
      extent: 100,
      penalty: 12n,
    })
    expect(judgeMilestone(milestone, '0xbb', times(clockOf([5_100])))).toBeUndefined()
    expect(judgeMilestone(milestone, '0xaa', times(clockOf([5_000])))).toBeUndefined()
  })
})

test('tampering is a case of the number that was signed twice', () => {
  expect(judgeFork(tamper, { seq: 7, baseUtcMs: 5 })).toMatchObject({
    ...{ startSeq: 7, startIndex: LEG_INDEX, runFromSeq: 7, runToSeq: 7, extent: 0, penalty: 10n },
  })
})
