import fc from 'fast-check'
import { expect, test } from 'vitest'
import { naiveCost } from './naive.ts'
import { Schedule } from './schedule.ts'

const amount = fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }).map(String)
const schedule = fc.record({
  base: amount,
  perStep: amount,
  step: fc.integer({ min: 0, max: 1_000_000 }),
  caseMax: amount,
  limitMax: amount,
  beneficiary: fc.constant('0x00' as const),
})

test('a case costs its base and its full steps, up to its cap', () => {
  const penalty = {
    base: '10',
    perStep: '3',
    step: 100,
    caseMax: '15',
    limitMax: '15',
    beneficiary: '0x00',
  } as const
  const costs = [0, 99, 100, 199, 200, 9_999].map((excess) => new Schedule(penalty).costOf(excess))
  expect(costs).toEqual([10n, 10n, 13n, 13n, 15n, 15n])
  expect(new Schedule({ ...penalty, step: 0 }).costOf(9_999)).toBe(10n)
})

test('costs are exact for all amounts', () => {
  fc.assert(
    fc.property(schedule, fc.nat({ max: Number.MAX_SAFE_INTEGER }), (penalty, excess) => {
      expect(new Schedule(penalty).costOf(excess)).toBe(naiveCost(penalty, BigInt(excess)))
    }),
  )
})

test('cost rises only where the steps that count do', () => {
  const small = fc.record({
    base: fc.integer({ min: 0, max: 50 }).map(String),
    perStep: fc.integer({ min: 0, max: 9 }).map(String),
    step: fc.integer({ min: 0, max: 9 }),
    caseMax: fc.integer({ min: 0, max: 99 }).map(String),
    limitMax: fc.constant('0'),
    beneficiary: fc.constant('0x00' as const),
  })
  fc.assert(
    fc.property(small, fc.nat({ max: 300 }), fc.nat({ max: 300 }), (penalty, one, other) => {
      const each = new Schedule(penalty)
      const sameSteps = each.stepsOf(one) === each.stepsOf(other)
      expect(each.costOf(one) === each.costOf(other)).toBe(sameSteps)
    }),
    { numRuns: 2_000 },
  )
})
