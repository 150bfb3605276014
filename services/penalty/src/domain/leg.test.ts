import type { LimitClause } from '@consign/terms'
import { expect, test } from 'vitest'
import { HELD_ENVELOPES_MAX, LegAssessment } from './leg.ts'
import type { StoredEnvelope } from './stored-envelope.ts'

const limit = { kind: 'limit.instantaneous', limitId: 1, metric: 'temperature', side: 'above', bound: 40_000 }

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
    count: temperatures.length,
    baseUtcMs: seq * 1000,
    baseMonotonicMs: seq * 1000,
    timesMs: Uint32Array.from(temperatures, (_, index) => index),
    columns: new Map([['temperature', Int32Array.from(temperatures)]]),
    ...changes,
  }
}

const begun = () => {
  const leg = new LegAssessment([limit as LimitClause])
  leg.begin('digest -1')
  return leg
}

test('an envelope that comes early is held until those before it have come', () => {
  const leg = begun()
  expect(leg.receive(envelope(1, [45_000]))).toEqual([])
  expect(leg.receive(envelope(0, [30_000]))).toMatchObject([
    { outcome: { kind: 'started', start: { startSeq: 1 } } },
  ])
})

test('a hole neither ends nor starts an excursion, and is passed over when too much waits behind it', () => {
  const leg = begun()
  leg.receive(envelope(0, [45_000]))
  for (let seq = 2; seq <= HELD_ENVELOPES_MAX + 1; seq++)
    expect(leg.receive(envelope(seq, [46_000]))).toEqual([])
  expect(leg.gaps).toEqual([])
  const [ended] = leg.receive(envelope(HELD_ENVELOPES_MAX + 2, [30_000]))
  expect(leg.gaps).toEqual([{ fromSeq: 1, toSeq: 1 }])
  expect(ended).toMatchObject({ outcome: { kind: 'ended', excursion: { startSeq: 0, worst: 46_000 } } })
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
