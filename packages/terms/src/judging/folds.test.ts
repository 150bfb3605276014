import { type MetricName, MISSING } from '@consign/envelope'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limitFold } from './folds.ts'
import type { Docket, Judgement, Warning } from './judgement.ts'
import { type NaiveEnvelope, type NaiveLimit, naiveCases } from './naive.ts'

const UNCAPPED = String(2n ** 96n - 1n)

function judge(limit: NaiveLimit, leg: number, envelopes: readonly NaiveEnvelope[]) {
  const judgements: Judgement[] = []
  const warnings: Warning[] = []
  const docket: Docket = {
    warn: (warning) => warnings.push(warning),
    judge: (judgement) => judgements.push(judgement),
  }
  const fold = limitFold(limit, leg)
  for (const { timesMs, values, ...envelope } of envelopes) {
    const columns = new Map<MetricName, Int32Array>([[limit.metric, Int32Array.from(values)]])
    fold.take({ ...envelope, clockState: 1, timesMs: Uint32Array.from(timesMs), columns }, docket)
  }
  fold.end(docket)
  return { judgements, warnings }
}

// Small numbers, so that bounds, gaps and durations are met exactly, and now and then the ends of the scale.
const value = fc.oneof(
  { arbitrary: fc.integer({ min: -5, max: 5 }), weight: 8 },
  { arbitrary: fc.constantFrom(MISSING, MISSING + 1, 2_147_483_647), weight: 1 },
)
const reading = fc.tuple(fc.integer({ min: 0, max: 20 }), value)
const envelope = fc.record({
  bootId: fc.constantFrom('b0', 'b0', 'b0', 'b1'),
  sinceMs: fc.integer({ min: -3, max: 30 }),
  readings: fc.array(reading, { maxLength: 6 }),
})
const leg: fc.Arbitrary<NaiveEnvelope[]> = fc.array(envelope, { maxLength: 12 }).map((drafts) => {
  let clockMs = 0
  return drafts.map(({ bootId, sinceMs, readings }, seq) => {
    clockMs = Math.max(0, clockMs + sinceMs)
    const baseMonotonicMs = clockMs
    const timesMs = readings.map(([sinceReadingMs]) => {
      clockMs += sinceReadingMs
      return clockMs - baseMonotonicMs
    })
    return { seq, bootId, baseMonotonicMs, baseUtcMs: 0, timesMs, values: readings.map(([, each]) => each) }
  })
})

const cost = fc.integer({ min: 0, max: 30 }).map(String)
const penalty = fc.record({
  base: cost,
  perStep: cost,
  step: fc.integer({ min: 0, max: 4 }),
  caseMax: fc.constantFrom('20', UNCAPPED),
  limitMax: fc.constant(UNCAPPED),
  beneficiary: fc.constant('0x00' as const),
})
const common = {
  salt: fc.constant('0x00' as const),
  limitId: fc.constant(1),
  metric: fc.constant('temperature' as const),
  side: fc.constantFrom('above' as const, 'below' as const),
  bound: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(MISSING + 1, 2_147_483_647)),
  startUpMs: fc.integer({ min: 0, max: 40 }),
  penalty,
}
const overTime = {
  durationMs: fc.integer({ min: 1, max: 40 }),
  gapMsMax: fc.integer({ min: 1, max: 25 }),
  between: fc.constantFrom('hold' as const, 'linear' as const, 'worstCase' as const),
}
const limit: fc.Arbitrary<NaiveLimit> = fc.oneof(
  fc.record({ kind: fc.constant('limit.instantaneous' as const), ...common }),
  fc.record({ kind: fc.constant('limit.single' as const), ...common, ...overTime }),
  fc.record({
    kind: fc.constant('limit.cumulative' as const),
    ...common,
    ...overTime,
    scope: fc.constant('leg' as const),
  }),
)
const legNumber = fc.constantFrom(0, 1)

const asNaive = (limit: NaiveLimit, judgement: Judgement) => ({
  startSeq: judgement.startSeq,
  startIndex: judgement.startIndex,
  outsideMs: limit.kind === 'limit.instantaneous' ? 0n : BigInt(judgement.extent),
  worst: judgement.worst,
  penalty: judgement.penalty,
})

test('folds find what the naive reference finds', () => {
  fc.assert(
    fc.property(limit, legNumber, leg, (clause, number, envelopes) => {
      const { judgements } = judge(clause, number, envelopes)
      expect(judgements.map((each) => asNaive(clause, each))).toEqual(naiveCases(clause, number, envelopes))
    }),
    { numRuns: 3_000 },
  )
})

test('the envelopes that a judgement names show all that it is charged for', () => {
  fc.assert(
    fc.property(limit, leg, (clause, envelopes) => {
      for (const { startSeq, startIndex, runFromSeq, runToSeq, penalty } of judge(clause, 1, envelopes)
        .judgements) {
        const run = envelopes.filter(({ seq }) => seq >= runFromSeq && seq <= runToSeq)
        const shown = naiveCases(clause, 1, run).find(
          (each) => each.startSeq === startSeq && each.startIndex === startIndex,
        )
        expect(shown?.penalty).toBe(penalty)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('whoever is judged was warned before, of the same case', () => {
  fc.assert(
    fc.property(limit, leg, (clause, envelopes) => {
      const { judgements, warnings } = judge(clause, 1, envelopes)
      const placeOf = ({ startSeq, startIndex, runFromSeq }: Judgement | Warning) =>
        `${startSeq} ${startIndex} ${runFromSeq}`
      const warned = warnings.map(placeOf)
      expect(new Set(warned).size).toBe(warned.length)
      for (const judgement of judgements) expect(warned).toContain(placeOf(judgement))
    }),
  )
})

test('products beyond 2^53 are divided exactly', () => {
  const clause = {
    kind: 'limit.single' as const,
    salt: '0x00' as const,
    limitId: 1,
    metric: 'temperature' as const,
    side: 'above' as const,
    bound: 0,
    startUpMs: 0,
    durationMs: 1,
    gapMsMax: 300_000_000_000,
    between: 'linear' as const,
    penalty: {
      base: '0',
      perStep: '1',
      step: 1,
      caseMax: UNCAPPED,
      limitMax: UNCAPPED,
      beneficiary: '0x00' as const,
    },
  }
  const at = (seq: number, baseMonotonicMs: number, each: number) => ({
    ...{ seq, bootId: 'b', baseMonotonicMs, baseUtcMs: 0, timesMs: [4_000_000_001], values: [each] },
  })
  const envelopes = [
    at(0, 0, -2_147_483_647),
    at(1, 299_999_999_999, 2_147_483_645),
    at(2, 600_000_000_001, 7),
  ]
  const [expected] = naiveCases(clause, 1, envelopes)
  const { judgements } = judge(clause, 1, envelopes)
  expect(judgements.map((each) => asNaive(clause, each))).toEqual([expected])
})
