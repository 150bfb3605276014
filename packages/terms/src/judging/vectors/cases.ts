/** What the published judgements are about: one line of readings each, and the limit that they meet. */
import { type MetricName, MISSING } from '@consign/envelope'
import type { Hex } from 'viem'
import type { NaiveEnvelope, NaiveLimit } from '../naive.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const UTC_MS = Date.UTC(2026, 10, 1)
const UNCAPPED = String(2n ** 96n - 1n)
const BOOT = repeat('b0', 16)
const OTHER_BOOT = repeat('b1', 16)
export const X = MISSING

type Shape = {
  metric?: MetricName
  side?: 'above' | 'below'
  bound?: number
  startUpMs?: number
  durationMs?: number
  gapMsMax?: number
  between?: 'hold' | 'linear' | 'worstCase'
  penalty?: Partial<NaiveLimit['penalty']>
}
export type JudgedCase = { name: string; limit: NaiveLimit; leg: number; envelopes: NaiveEnvelope[] }

function repeat(byte: string, bytes: number): Hex {
  return `0x${byte.repeat(bytes)}`
}

function common({ metric = 'temperature', side = 'above', bound = 8_000, startUpMs = 0, penalty }: Shape) {
  const beneficiary = repeat('ba', 20)
  const schedule = { base: '1000', perStep: '0', step: 0, caseMax: UNCAPPED, limitMax: UNCAPPED, beneficiary }
  const named = { salt: repeat('5a', 32), limitId: 7, metric, side, bound, startUpMs }
  return { ...named, penalty: { ...schedule, ...penalty } }
}

const instantaneous = (shape: Shape = {}): NaiveLimit => ({ kind: 'limit.instantaneous', ...common(shape) })

const overTime = ({ durationMs = 30 * MINUTE_MS, gapMsMax = HOUR_MS, between = 'hold' }: Shape) => ({
  durationMs,
  gapMsMax,
  between,
})
const single = (shape: Shape = {}): NaiveLimit => ({
  kind: 'limit.single',
  ...common(shape),
  ...overTime(shape),
})
const cumulative = (shape: Shape = {}): NaiveLimit => ({
  kind: 'limit.cumulative',
  ...common(shape),
  ...overTime(shape),
  scope: 'leg',
})

type Given = { everyMs?: number; leg?: number; boots?: Hex[]; bases?: number[]; times?: number[][] }

/** Readings of consecutive envelopes, ten minutes apart unless told. */
function series(
  rows: number[][],
  { everyMs = 10 * MINUTE_MS, boots = [], bases, times }: Given,
): NaiveEnvelope[] {
  let count = 0
  return rows.map((values, seq) => {
    const baseMonotonicMs = bases?.[seq] ?? count * everyMs
    count += values.length
    const timesMs = times?.[seq] ?? values.map((_, index) => index * everyMs)
    const baseUtcMs = UTC_MS + baseMonotonicMs
    return { seq, bootId: boots[seq] ?? BOOT, baseMonotonicMs, baseUtcMs, timesMs, values }
  })
}

const of = (name: string, limit: NaiveLimit, rows: number[][], given: Given = {}): JudgedCase => ({
  name,
  limit,
  leg: given.leg ?? 1,
  envelopes: series(rows, given),
})

const graded = { perStep: '10', step: 500, caseMax: '1050' }
const perMinute = { perStep: '3', step: MINUTE_MS }

export const INSTANTANEOUS_CASES: JudgedCase[] = [
  of('the bound itself is inside', instantaneous(), [[7_999, 8_000, 8_000]]),
  of('one reading outside is a case', instantaneous(), [[8_001]]),
  of('an excursion is one case however long', instantaneous(), [[5_000, 9_000], [12_000, 9_500], [8_000]]),
  of('two excursions are two cases', instantaneous(), [
    [9_000, 8_000, 9_100],
    [9_200, 5_000],
  ]),
  of('below a bound the worst is the lowest', instantaneous({ side: 'below', bound: -20_000 }), [
    [-20_000, -21_000, -25_000, -22_000, -19_999],
  ]),
  of('a missing value neither starts nor ends an excursion', instantaneous(), [
    [X, 9_000, X],
    [X, X],
    [9_500, X, 7_000, X, 9_000],
  ]),
  of('graded by depth, up to the cap of a case', instantaneous({ penalty: graded }), [
    [8_499, 8_000, 8_500, 8_000, 8_999, 8_000, 9_000, 8_000, 10_499, 8_000, 90_000],
  ]),
  of(
    'start-up readings of leg 0 are as if they were not there',
    instantaneous({ startUpMs: HOUR_MS }),
    [
      [20_000, 20_000, 20_000],
      [20_000, 20_000, 20_000, 9_000, 8_000, 9_500],
    ],
    { leg: 0 },
  ),
  of('a later leg has no start-up', instantaneous({ startUpMs: HOUR_MS }), [[20_000, 8_000], [9_000]]),
  of('extremes of the scale', instantaneous({ bound: -2_147_483_647, penalty: { perStep: '1', step: 1 } }), [
    [-2_147_483_647, 2_147_483_647],
  ]),
  of('nothing outside', instantaneous(), [[X, X], [], [8_000]]),
]

export const SINGLE_CASES: JudgedCase[] = [
  of('shorter than the duration is no case', single(), [[5_000, 9_000, 9_000, 9_000], [8_000]], {
    everyMs: 9 * MINUTE_MS,
  }),
  of('exactly the duration is a case', single(), [[5_000, 9_000, 9_000, 9_000, 8_000]]),
  of('hold: from the first outside to the first inside', single({ penalty: perMinute }), [
    [5_000, 9_000, 9_000],
    [9_000, 9_000, 5_000],
  ]),
  of(
    'worst case: from the inside before to the inside after',
    single({ between: 'worstCase', penalty: perMinute }),
    [[5_000, 9_000, 9_000], [5_000]],
  ),
  of(
    'linear: from crossing to crossing, rounded down',
    single({ between: 'linear', durationMs: 20 * MINUTE_MS, penalty: perMinute }),
    [
      [5_001, 9_000, 11_000],
      [9_001, 7_000],
    ],
  ),
  of(
    'linear: a value at the bound crosses at itself',
    single({ between: 'linear', durationMs: 20 * MINUTE_MS }),
    [[8_000, 9_000, 9_000, 8_000]],
  ),
  of('an excursion that the end of the leg ends', single(), [
    [5_000, 9_000],
    [9_000, 9_000, 9_000],
  ]),
  of('an excursion that begins with the leg', single({ between: 'worstCase' }), [
    [9_000, 9_000],
    [9_000, 9_000, 8_000],
  ]),
  of(
    'a gap counts nothing and ends nothing',
    single({ gapMsMax: 15 * MINUTE_MS, penalty: perMinute }),
    [
      [5_000, 9_000, 9_000, 9_000],
      [9_000, 9_000, 8_000],
    ],
    { bases: [0, 5 * HOUR_MS] },
  ),
  of(
    'a gap of exactly gapMsMax counts',
    single({ gapMsMax: HOUR_MS, penalty: perMinute }),
    [[9_000, 9_000, 8_000]],
    {
      everyMs: HOUR_MS,
    },
  ),
  of(
    'a restart counts nothing and ends nothing',
    single({ penalty: perMinute }),
    [
      [9_000, 9_000],
      [9_000, 9_000, 9_000, 8_000],
    ],
    { boots: [BOOT, OTHER_BOOT], bases: [0, 0] },
  ),
  of(
    'a restart seen only by an envelope without values does not count',
    single({ penalty: perMinute }),
    [[9_000, 9_000], [X], [9_000, 9_000, 8_000]],
    { boots: [BOOT, OTHER_BOOT, BOOT] },
  ),
  of(
    'time that goes back counts nothing',
    single({ penalty: perMinute }),
    [
      [9_000, 9_000, 9_000],
      [9_000, 9_000, 8_000],
    ],
    { bases: [HOUR_MS, 0] },
  ),
  of('missing values lie within a pair', single({ penalty: perMinute }), [
    [9_000, X, X],
    [9_000, X, 8_000],
  ]),
  of('two excursions, each with its own time', single({ penalty: perMinute }), [
    [9_000, 9_000, 9_000, 9_000, 8_000, 9_000, 9_000],
    [8_000, 9_000, 9_500, 9_000, 9_000, 9_000, 7_000],
  ]),
  of(
    'below, graded and capped',
    single({ side: 'below', bound: 2_000, penalty: { ...perMinute, caseMax: '1100' } }),
    [[1_999, 1_000, 500, 1_999, 1_999, 1_999, 1_999, 2_000]],
  ),
  of(
    'start-up of leg 0',
    single({ startUpMs: HOUR_MS, penalty: perMinute }),
    [
      [30_000, 30_000, 30_000, 30_000, 30_000, 30_000],
      [9_000, 9_000, 9_000, 9_000, 8_000],
    ],
    { leg: 0 },
  ),
  of('heartbeats between', single({ penalty: perMinute }), [[9_000, 9_000], [], [9_000, 9_000, 8_000]]),
  of(
    'times that do not follow a rhythm',
    single({ between: 'linear', durationMs: 1_000, penalty: { perStep: '1', step: 1 } }),
    [
      [7_777, 8_333, 8_001],
      [7_999, 9_999],
    ],
    {
      times: [
        [0, 777, 1_999],
        [3, 70_001],
      ],
      bases: [0, 2_500],
    },
  ),
]

export const CUMULATIVE_CASES: JudgedCase[] = [
  of('several short excursions together', cumulative({ penalty: perMinute }), [
    [9_000, 8_000, 9_000, 8_000],
    [9_000, 8_000, 9_000, 8_000],
  ]),
  of('exactly the duration', cumulative(), [[9_000, 8_000, 9_000, 8_000, 9_000, 8_000]]),
  of('less than the duration', cumulative({ durationMs: 30 * MINUTE_MS + 1 }), [
    [9_000, 8_000, 9_000, 8_000, 9_000, 8_000],
  ]),
  of('linear', cumulative({ between: 'linear', penalty: perMinute }), [
    [5_000, 9_000, 5_000, 9_000, 5_000, 12_000],
    [12_000, 9_000, 5_000],
  ]),
  of('worst case', cumulative({ between: 'worstCase', penalty: { ...perMinute, caseMax: '1100' } }), [
    [5_000, 9_000, 5_000, 9_000],
    [5_000, 12_000, 12_000, 5_000],
  ]),
  of(
    'gaps, restarts and missing values',
    cumulative({ gapMsMax: 20 * MINUTE_MS, penalty: perMinute }),
    [
      [9_000, X, 9_000, X, X, 9_000],
      [9_000, 9_000, 9_000],
      [9_000, 9_000, 7_000, 9_000, 7_000],
    ],
    { boots: [BOOT, BOOT, OTHER_BOOT] },
  ),
  of(
    'start-up of leg 0',
    cumulative({ startUpMs: 25 * MINUTE_MS, penalty: perMinute }),
    [
      [30_000, 30_000, 30_000],
      [9_000, 9_000, 9_000, 9_000, 8_000],
    ],
    { leg: 0 },
  ),
  of('below', cumulative({ side: 'below', bound: 2_000, metric: 'humidity' }), [
    [1_999, 1_999, 2_000, 1_500],
    [1_400, 3_000],
  ]),
]
