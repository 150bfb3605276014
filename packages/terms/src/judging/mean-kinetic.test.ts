import { type MetricName, MISSING } from '@consign/envelope'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MeanKineticLimitClause } from '../clauses.ts'
import type { Judgement } from './judgement.ts'
import { MeanKineticFold, meanKineticMilliC } from './mean-kinetic.ts'

/** The same in floating point. */
function byMathExp(held: readonly (readonly [number, number])[]): number {
  const q = 83_144 / 8.314462618
  let sum = 0
  let total = 0
  for (const [milliC, ms] of held) {
    sum += ms * Math.exp(-q / (milliC / 1000 + 273.15))
    total += ms
  }
  return (q / -Math.log(sum / total) - 273.15) * 1000
}

describe('mean kinetic temperature', () => {
  // Expected values were computed apart from this code, with 60 decimal digits.
  test.each([
    [[[20_000, 1]], 20_000],
    [
      [
        [20_000, 1],
        [30_000, 1],
      ],
      26_260,
    ],
    [
      [
        [5_000, 23],
        [25_000, 1],
      ],
      7_756,
    ],
    [
      [
        [-20_000, 9],
        [-18_000, 2],
        [4_000, 1],
      ],
      -11_657,
    ],
    [
      [
        [2_000, 1],
        [8_000, 1],
        [45_000, 2],
      ],
      38_248,
    ],
    [
      [
        [-80_000, 1],
        [60_000, 1_000],
      ],
      59_989,
    ],
    [
      [
        [25_000, 364],
        [40_000, 1],
      ],
      25_097,
    ],
    [
      [
        [-270_000, 999_999],
        [25_000, 1],
      ],
      -61_983,
    ],
  ] as [[number, number][], number][])('of %j is %i', (held, expected) => {
    expect(meanKineticMilliC(new Map(held))).toBe(expected)
  })

  test('agrees with floating point within a thousandth of a degree', () => {
    const sample = fc.tuple(
      fc.integer({ min: -100_000, max: 150_000 }),
      fc.integer({ min: 1, max: 3_600_000 }),
    )
    fc.assert(
      fc.property(fc.uniqueArray(sample, { minLength: 1, selector: ([milliC]) => milliC }), (held) => {
        expect(Math.abs((meanKineticMilliC(new Map(held)) as number) - byMathExp(held))).toBeLessThanOrEqual(
          1,
        )
      }),
    )
  })

  test('lies between mean and maximum, and order changes nothing', () => {
    const sample = fc.tuple(fc.integer({ min: -40_000, max: 60_000 }), fc.integer({ min: 1, max: 3_600_000 }))
    fc.assert(
      fc.property(fc.uniqueArray(sample, { minLength: 1, selector: ([milliC]) => milliC }), (held) => {
        const found = meanKineticMilliC(new Map(held)) as number
        const totalMs = held.reduce((sum, [, ms]) => sum + ms, 0)
        const mean = held.reduce((sum, [milliC, ms]) => sum + milliC * ms, 0) / totalMs
        expect(found).toBeGreaterThanOrEqual(Math.floor(mean))
        expect(found).toBeLessThanOrEqual(Math.max(...held.map(([milliC]) => milliC)))
        expect(meanKineticMilliC(new Map([...held].reverse()))).toBe(found)
      }),
    )
  })

  test('nothing ages at or below absolute zero, and without held time there is none', () => {
    expect(
      meanKineticMilliC(
        new Map([
          [-273_150, 5],
          [-2_147_483_647, 5],
        ]),
      ),
    ).toBeUndefined()
    expect(meanKineticMilliC(new Map([[25_000, 0]]))).toBeUndefined()
    expect(meanKineticMilliC(new Map([[2_147_483_647, 1]]))).toBe(2_147_483_647)
  })
})

const clause: MeanKineticLimitClause = {
  kind: 'limit.meanKinetic',
  salt: '0x00',
  limitId: 1,
  metric: 'temperature',
  side: 'above',
  bound: 25_000,
  startUpMs: 0,
  gapMsMax: 60_000,
  penalty: { base: '5', perStep: '2', step: 100, caseMax: '100', limitMax: '1000', beneficiary: '0x00' },
}

/** One envelope per list, readings a minute apart. */
function judge(rows: number[][], changes: Partial<MeanKineticLimitClause> = {}, leg = 1): Judgement[] {
  const fold = new MeanKineticFold({ ...clause, ...changes }, leg)
  let count = 0
  rows.forEach((values, seq) => {
    const timesMs = Uint32Array.from(values, (_, index) => (count + index) * 60_000)
    count += values.length
    const columns = new Map<MetricName, Int32Array>([['temperature', Int32Array.from(values)]])
    fold.take({ seq, bootId: 'b', baseMonotonicMs: 0, baseUtcMs: 0, clockState: 1, timesMs, columns })
  })
  const judgements: Judgement[] = []
  fold.end({ warn: () => {}, judge: (judgement) => judgements.push(judgement) })
  return judgements
}

describe('a mean kinetic limit', () => {
  test('is judged at the end of the leg, graded by what exceeds it', () => {
    // Held a minute each: 20 °C and 30 °C; the last sample has no weight.
    expect(judge([[20_000], [30_000, -10_000]])).toMatchObject([
      { extent: 26_260, worst: 30_000, readings: 1, penalty: 5n + 12n * 2n, runFromSeq: 0, runToSeq: 1 },
    ])
    expect(judge([[20_000, 30_000, 90_000]], { bound: 26_260 })).toEqual([])
    expect(judge([[20_000, 30_000, 90_000]], { bound: 26_259 })).toHaveLength(1)
  })

  test('takes the only sample of a leg for its temperature', () => {
    expect(judge([[25_000]])).toEqual([])
    expect(judge([[MISSING, 25_001]])).toMatchObject([{ extent: 25_001 }])
  })

  test('counts no time across a gap, and no start-up of leg 0', () => {
    expect(judge([[90_000, 20_000, 20_000]], { gapMsMax: 59_999 })).toEqual([])
    expect(judge([[90_000, 20_000, 20_000]])).toHaveLength(1)
    expect(judge([[90_000, 20_000, 20_000]], { startUpMs: 60_000 }, 0)).toEqual([])
  })
})
