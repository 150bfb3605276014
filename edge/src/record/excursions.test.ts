import { type LimitClause, UNLIMITED } from '@consign/terms'
import { describe, expect, it } from 'vitest'
import { crossLimits } from './excursions.ts'

const limit = (
  limitId: number,
  metric: 'temperature' | 'gforce',
  side: 'above' | 'below',
  bound: number,
): LimitClause => ({
  kind: 'limit.instantaneous',
  salt: '0x',
  limitId,
  metric,
  side,
  bound,
  startUpMs: 0,
  penalty: { base: '1', perStep: '0', step: 0, caseMax: '1', limitMax: UNLIMITED, beneficiary: '0x' },
})
const LIMITS = [
  limit(1, 'temperature', 'above', 40_000),
  limit(2, 'temperature', 'below', 0),
  limit(3, 'gforce', 'above', 8000),
]

describe('crossing limits', () => {
  it('begins beyond the bound, not at it, and ends at it', () => {
    expect(crossLimits(LIMITS, [], { temperature: 40_000 })).toEqual({
      broken: [],
      crossings: [],
      outside: false,
    })
    expect(crossLimits(LIMITS, [], { temperature: 40_001 }).crossings).toEqual([
      { limitId: 1, metric: 'temperature', state: 'began', value: 40_001 },
    ])
    expect(crossLimits(LIMITS, [1], { temperature: 40_000 }).crossings).toEqual([
      { limitId: 1, metric: 'temperature', state: 'ended', value: 40_000 },
    ])
  })

  it('is neither begun nor ended by a missing value', () => {
    expect(crossLimits(LIMITS, [1], { gforce: 1000 })).toEqual({ broken: [1], crossings: [], outside: false })
    expect(crossLimits(LIMITS, [], {})).toEqual({ broken: [], crossings: [], outside: false })
  })

  it('follows limits independently of each other', () => {
    const { broken, crossings, outside } = crossLimits(LIMITS, [1], { temperature: -1, gforce: 9000 })
    expect(broken).toEqual([2, 3])
    expect(crossings.map(({ limitId, state }) => [limitId, state])).toEqual([
      [1, 'ended'],
      [2, 'began'],
      [3, 'began'],
    ])
    expect(outside).toBe(true)
  })
})
