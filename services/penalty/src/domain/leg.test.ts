import type { InstantaneousLimitClause, SilenceClause, TamperClause } from '@consign/terms'
import { limitFold, SilenceFold } from '@consign/terms/judging'
import { expect, test } from 'vitest'
import { HELD_ENVELOPES_MAX, LegAssessment, type LegOutcome } from './leg.ts'
import type { StoredEnvelope } from './stored-envelope.ts'

const penalty = {
  base: '10',
  perStep: '1',
  step: 1000,
  caseMax: '99',
  limitMax: '99',
  beneficiary: '0x00',
} as const
const salt = '0x00'
const limit: InstantaneousLimitClause = {
  kind: 'limit.instantaneous',
  ...{ salt, limitId: 1, metric: 'temperature', side: 'above', bound: 40_000, startUpMs: 0, penalty },
}
const silence: SilenceClause = {
  kind: 'silence',
  ...{ salt, limitId: 2, silenceMsMax: 2500, refuteMs: 1, bondWei: '1', penalty },
}
const tamper: TamperClause = { kind: 'tamper', salt, limitId: 3, penalty }

function envelope(
  seq: number,
  temperatures: number[],
  changes: Partial<StoredEnvelope> = {},
): StoredEnvelope {
  return {
    leg: 0,
    seq,
    digest: `digest ${seq}`,
    previous: `digest ${seq - 1}`,
    flags: new Set(),
    bootId: 'boot',
    clockState: 1,
    count: temperatures.length,
    baseUtcMs: seq * 1000,
    baseMonotonicMs: seq * 1000,
    timesMs: Uint32Array.from(temperatures, (_, index) => index),
    columns: new Map([['temperature', Int32Array.from(temperatures)]]),
    ...changes,
  }
}

const begun = () => {
  const folds = [limitFold(limit, 0), new SilenceFold(silence)]
  const leg = new LegAssessment({ folds, silence, tamper, tender: undefined })
  leg.begin('digest -1')
  return leg
}

test('an envelope that comes early is held until those before it have come', () => {
  const leg = begun()
  expect(leg.receive(envelope(1, [45_000]))).toEqual([])
  expect(leg.receive(envelope(0, [30_000]))).toMatchObject([{ kind: 'warned', warning: { startSeq: 1 } }])
})

test('a hole neither ends nor starts an excursion, and is passed over when too much waits behind it', () => {
  const leg = begun()
  leg.receive(envelope(0, [45_000]))
  for (let seq = 2; seq <= HELD_ENVELOPES_MAX + 1; seq++)
    expect(leg.receive(envelope(seq, [46_000]))).toEqual([])
  expect(leg.gaps).toEqual([])
  const [ended] = leg.receive(envelope(HELD_ENVELOPES_MAX + 2, [30_000]))
  expect(leg.gaps).toEqual([{ fromSeq: 1, toSeq: 1 }])
  expect(ended).toMatchObject({ kind: 'judged', judgement: { startSeq: 0, worst: 46_000 } })
})

test('what was passed over counts as come when it comes, though it is no longer evaluated', () => {
  const leg = begun()
  for (let seq = 1; seq <= HELD_ENVELOPES_MAX + 1; seq++) leg.receive(envelope(seq, [30_000]))
  const n = HELD_ENVELOPES_MAX + 2
  leg.cut(n, `digest ${n - 1}`)
  expect(leg.complete).toBe(false)
  expect(leg.receive(envelope(0, [45_000]))).toEqual([])
  expect(leg.complete).toBe(true)
})

/** Seq of the envelopes after which there was silence, and by how much it was too long. */
const silences = (outcomes: LegOutcome[]) =>
  outcomes.flatMap((outcome) => {
    if (outcome.kind !== 'judged' || outcome.judgement.clause.kind !== 'silence') return []
    const { startSeq, extent, penalty } = outcome.judgement
    return [[startSeq, extent, penalty]]
  })

test('envelopes that come one after another further apart than agreed are silence, at once', () => {
  const leg = begun()
  leg.receive(envelope(0, [30_000]))
  expect(silences(leg.receive(envelope(1, [], { baseMonotonicMs: 2500 })))).toEqual([])
  expect(silences(leg.receive(envelope(2, [], { baseMonotonicMs: 6999 })))).toEqual([[1, 4499, 11n]])
  expect(silences(leg.receive(envelope(3, [], { baseMonotonicMs: 99_000, bootId: 'other' })))).toEqual([])
})

test('silence over envelopes that never came is judged when they are waited for no longer', () => {
  const leg = begun()
  for (const seq of [2, 3, 7, 8]) expect(leg.receive(envelope(seq, [30_000]))).toEqual([])
  leg.cut(12, 'digest 11')
  expect(leg.complete).toBe(false)
  expect(silences(leg.abandon())).toEqual([])
  expect(leg.complete).toBe(true)
  // Nothing before envelope 2, which began after 2000 ms: not too long. 4000 ms between 3 and 7. Nothing after 8, for how long is not known.
  expect(silences(leg.finish())).toEqual([
    [3, 4000, 11n],
    [8, 0, 10n],
  ])
  expect(leg.gaps).toEqual([
    { fromSeq: 0, toSeq: 1 },
    { fromSeq: 4, toSeq: 6 },
    { fromSeq: 9, toSeq: 11 },
  ])
})

test('an envelope that came too late to be judged still breaks the silence', () => {
  const leg = begun()
  leg.receive(envelope(0, [30_000]))
  for (let seq = 4; seq <= HELD_ENVELOPES_MAX + 4; seq++) leg.receive(envelope(seq, []))
  const n = HELD_ENVELOPES_MAX + 5
  leg.cut(n, `digest ${n - 1}`)
  leg.receive(envelope(2, [30_000]))
  leg.abandon()
  expect(silences(leg.finish())).toEqual([])
})

test('a leg that was cut by hand ends where its custodians say, whatever its last digest is', () => {
  const leg = begun()
  leg.receive(envelope(0, [30_000]))
  leg.receive(envelope(1, [45_000]))
  leg.cut(2)
  expect(leg.complete).toBe(true)
  expect(leg.forked).toBe(false)
  expect(leg.receive(envelope(2, [50_000]))).toEqual([])
  expect(leg.finish()).toMatchObject([{ judgement: { clause: limit, startSeq: 1, worst: 45_000 } }])
})

test('envelopes that a manual cut counts and that never came are the silence of who hands over', () => {
  const leg = begun()
  leg.receive(envelope(0, [30_000]))
  leg.cut(3)
  expect(leg.complete).toBe(false)
  leg.abandon()
  expect(silences(leg.finish())).toEqual([[0, 0, 10n]])
})

test('a leg of which nothing came at all is one silence', () => {
  const leg = begun()
  leg.cut(3, 'digest 2')
  leg.abandon()
  expect(silences(leg.finish())).toEqual([[0xffff_ffff, 0, 10n]])
})

test('a second envelope under one number is tampering, once', () => {
  const leg = begun()
  leg.receive(envelope(0, [30_000]))
  leg.receive(envelope(2, [30_000]))
  const judged = (outcomes: LegOutcome[]) =>
    outcomes.flatMap((outcome) => (outcome.kind === 'judged' ? [outcome.judgement] : []))
  const [found, ...others] = judged(leg.receive(envelope(2, [31_000], { digest: 'second' })))
  expect(found).toMatchObject({ clause: tamper, startSeq: 2, startIndex: 0xffff, penalty: 10n })
  expect(others).toEqual([])
  expect(judged(leg.receive(envelope(0, [31_000], { digest: 'second' })))).toEqual([])
})

test('a branch that is told by a flag or a link alone is no proof of tampering', () => {
  const flagged = begun()
  expect(flagged.receive(envelope(0, [30_000], { flags: new Set(['fork']) }))).toEqual([])
  const unlinked = begun()
  unlinked.receive(envelope(0, [30_000]))
  expect(unlinked.receive(envelope(1, [50_000], { previous: 'other' }))).toEqual([])
  expect(unlinked.forked).toBe(true)
})
