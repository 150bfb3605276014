import { MISSING } from '@consign/envelope'
import { expect, test } from 'vitest'
import type { GeofenceClause } from '../clauses.ts'
import { GeofenceFold } from './geofence.ts'
import type { Judgement, Warning } from './judgement.ts'

const penalty = {
  base: '10',
  perStep: '1',
  step: 10,
  caseMax: '99',
  limitMax: '99',
  beneficiary: '0x00',
} as const
const box = { latitudeMin: -10, latitudeMax: 10, longitudeMin: 100, longitudeMax: 200 }
const clause: GeofenceClause = {
  kind: 'limit.geofence',
  ...{ salt: '0x00', limitId: 1, rule: 'stayInside', ...box },
  ...{ durationMs: 20, gapMsMax: 50, between: 'hold', penalty },
}
const INSIDE = [10, 100] as const
const OUTSIDE = [11, 100] as const
type Position = readonly [number, number]

/** One envelope, positions ten milliseconds apart. */
function judge(positions: Position[], changes: Partial<GeofenceClause> = {}) {
  const fold = new GeofenceFold({ ...clause, ...changes })
  const judgements: Judgement[] = []
  const warnings: Warning[] = []
  const docket = {
    warn: (warning: Warning) => void warnings.push(warning),
    judge: (judgement: Judgement) => void judgements.push(judgement),
  }
  const timesMs = Uint32Array.from(positions, (_, index) => index * 10)
  const latitudes = Int32Array.from(positions, ([latitude]) => latitude)
  const longitudes = Int32Array.from(positions, ([, longitude]) => longitude)
  const columns = new Map([['latitude', latitudes] as const, ['longitude', longitudes] as const])
  const times = { baseMonotonicMs: 0, baseUtcMs: 0, timesMs }
  fold.take({ seq: 0, bootId: 'b', clockState: 1, columns, ...times }, docket)
  fold.end(docket)
  return { judgements, warnings }
}

test('edges belong to the box, and every side of it counts', () => {
  const edges: Position[] = [
    [10, 100],
    [-10, 200],
    [0, 150],
  ]
  const beyond: Position[] = [
    [11, 150],
    [-11, 150],
    [0, 99],
    [0, 201],
  ]
  for (const position of edges) expect(judge([position, position, position, position]).judgements).toEqual([])
  for (const position of beyond) expect(judge([position, position, position]).judgements).toHaveLength(1)
})

test('time outside is counted like that of a single limit', () => {
  const { judgements, warnings } = judge([INSIDE, OUTSIDE, OUTSIDE, OUTSIDE, INSIDE, OUTSIDE])
  expect(judgements).toMatchObject([
    { startSeq: 0, startIndex: 1, extent: 30, readings: 3, worst: undefined, penalty: 11n },
  ])
  expect(warnings).toMatchObject([
    { startIndex: 1, value: undefined },
    { startIndex: 5, value: undefined },
  ])
  expect(judge([INSIDE, OUTSIDE, INSIDE], { between: 'worstCase' }).judgements).toMatchObject([
    { extent: 20 },
  ])
})

test('what is to stay outside breaks the rule inside', () => {
  const rule = { rule: 'stayOutside' } as const
  expect(judge([INSIDE, INSIDE, INSIDE], rule).judgements).toHaveLength(1)
  expect(judge([OUTSIDE, OUTSIDE, OUTSIDE], rule).judgements).toEqual([])
})

test('without a duration one position suffices', () => {
  expect(judge([OUTSIDE], { durationMs: 0 }).judgements).toMatchObject([{ extent: 0, penalty: 10n }])
})

test('half a position is none', () => {
  const halves: Position[] = [
    [MISSING, 150],
    [0, MISSING],
  ]
  expect(judge(halves, { durationMs: 0 }).warnings).toEqual([])
  expect(judge([OUTSIDE, ...halves, INSIDE]).judgements).toMatchObject([{ extent: 30, readings: 1 }])
})
