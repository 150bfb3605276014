/** Whether limits that are taken can be both kept and broken, and refused bounds can never be kept: by the naive meaning of limits. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkLimits } from './check-limits.ts'
import { UNLIMITED } from './clause-fields.ts'
import type { InstantaneousLimitClause, SingleLimitClause } from './clauses.ts'
import { naiveCases } from './judging/naive.ts'

type Limit = InstantaneousLimitClause | SingleLimitClause

const SAMPLE_MS = 1000
const SAMPLES = 200
const penalty = {
  ...{ base: '1', perStep: '0', step: 0, caseMax: '1', limitMax: UNLIMITED },
  beneficiary: '0x00' as const,
}

// Bounds close together, so that they meet and cross often; single limits permit at least two samples.
const anyLimit: fc.Arbitrary<Limit> = fc
  .record({
    side: fc.constantFrom('above' as const, 'below' as const),
    bound: fc.integer({ min: -4, max: 4 }),
    samples: fc.integer({ min: 0, max: 9 }),
    between: fc.constantFrom('hold' as const, 'linear' as const, 'worstCase' as const),
  })
  .map(({ side, bound, samples, between }): Limit => {
    const common = {
      salt: '0x00',
      limitId: 1,
      metric: 'temperature',
      side,
      bound,
      startUpMs: 0,
      penalty,
    } as const
    if (samples === 0) return { kind: 'limit.instantaneous', ...common }
    const durationMs = (samples + 2) * SAMPLE_MS
    return { kind: 'limit.single', ...common, durationMs, gapMsMax: SAMPLE_MS, between }
  })
const identity = (limit: Limit) =>
  `${limit.kind} ${limit.side} ${limit.bound} ${limit.kind === 'limit.single' ? limit.durationMs : ''}`
const anyLimits = fc
  .uniqueArray(anyLimit, { minLength: 1, maxLength: 4, selector: identity })
  .map((limits) => limits.toSorted((a, b) => a.kind.localeCompare(b.kind)))

const isTaken = (limits: Limit[]): boolean => {
  try {
    checkLimits(limits.map((clause, i) => ({ clause, at: `clauses[${i}]` })))
    return true
  } catch (error) {
    expect(error).toMatchObject({
      code: 'terms.contradictory',
      message: expect.stringContaining('change one bound'),
    })
    return false
  }
}

const casesOf = (limit: Limit, values: number[]): number => {
  const timesMs = values.map((_, i) => i * SAMPLE_MS)
  const envelope = { seq: 0, bootId: 'a', baseMonotonicMs: 0, baseUtcMs: 0, timesMs, values }
  return naiveCases(limit, 0, [envelope]).length
}

const bounds = (limits: Limit[], side: 'above' | 'below'): number[] =>
  limits.filter((limit) => limit.side === side).map(({ bound }) => bound)

/** As cold as the upper bounds ask, then as warm as the lower ones do, turn by turn; never beyond what is instantaneous. */
function keeping(limits: Limit[]): number[] {
  const never = limits.filter(({ kind }) => kind === 'limit.instantaneous')
  const warmest = Math.min(...bounds(never, 'above'), 100)
  const coldest = Math.max(...bounds(never, 'below'), -100)
  const cold = Math.max(Math.min(...bounds(limits, 'above'), warmest), coldest)
  const warm = Math.min(Math.max(...bounds(limits, 'below'), cold), warmest)
  return Array.from({ length: SAMPLES }, (_, i) => (i % 2 === 0 ? cold : warm))
}

it('what is taken is kept by some readings, and each limit of it is broken by others', () => {
  fc.assert(
    fc.property(anyLimits, (limits) => {
      fc.pre(isTaken(limits))
      for (const limit of limits) {
        expect(casesOf(limit, keeping(limits))).toBe(0)
        const beyond = limit.bound + (limit.side === 'above' ? 1 : -1)
        expect(
          casesOf(
            limit,
            Array.from({ length: SAMPLES }, () => beyond),
          ),
        ).toBe(1)
      }
    }),
    { numRuns: 500 },
  )
})

it('what is refused is kept by no readings that go on', () => {
  const anyReadings = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 20, maxLength: 60 })
  fc.assert(
    fc.property(anyLimits, anyReadings, (limits, values) => {
      fc.pre(!isTaken(limits))
      expect(limits.some((limit) => casesOf(limit, values) > 0)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
