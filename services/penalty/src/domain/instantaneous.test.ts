import type { LimitClause } from '@consign/terms'
import { expect, test } from 'vitest'
import { instantaneous } from './instantaneous.ts'
import type { Outcome } from './limit.ts'

const limit = { side: 'above', bound: 40_000 } as LimitClause

/** One envelope per list; `undefined` = not measured. */
function run(envelopes: (number | undefined)[][], of: LimitClause = limit) {
  const evaluator = instantaneous(of)
  const outcomes: Outcome[] = []
  let state = evaluator.initial
  envelopes.forEach((values, seq) => {
    values.forEach((value, index) => {
      const utcMs = seq * 1000 + index
      const next = evaluator.step(state, { seq, index, utcMs, monotonicMs: utcMs, value })
      state = next.state
      if (next.outcome !== undefined) outcomes.push(next.outcome)
    })
  })
  const open = evaluator.end(state)
  return { outcomes, open, ended: outcomes.flatMap((o) => (o.kind === 'ended' ? [o.excursion] : [])) }
}

test('the bound itself is inside', () => {
  expect(run([[39_999, 40_000, 40_000]]).outcomes).toEqual([])
  expect(run([[40_001]]).open).toMatchObject({ startSeq: 0, startIndex: 0 })
})

test('an excursion is one however many readings it has, and ends when a value is back inside', () => {
  const { ended, outcomes } = run([
    [39_000, 41_000, 47_300],
    [42_000, 40_000],
  ])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['started', 'ended'])
  expect(ended).toEqual([
    { startSeq: 0, startIndex: 1, runFromSeq: 0, fromMs: 1, toMs: 1000, worst: 47_300, readings: 3 },
  ])
})

test('a missing value neither starts nor ends an excursion', () => {
  expect(run([[undefined, undefined]]).outcomes).toEqual([])
  const { ended } = run([[30_000, 41_000, undefined, 42_000, undefined, 30_000]])
  expect(ended).toMatchObject([{ readings: 2, fromMs: 1, toMs: 3 }])
})

test('below a bound the worst is the lowest', () => {
  const frost = { side: 'below', bound: -20_000 } as LimitClause
  expect(run([[-20_000, -21_000, -25_000, -22_000, -20_000]], frost).ended).toMatchObject([
    { worst: -25_000 },
  ])
})

test('a proof runs from the envelope of the last inside value, over missing ones', () => {
  expect(run([[30_000], [undefined], [undefined, 41_000]]).open).toMatchObject({ startSeq: 2, runFromSeq: 0 })
  expect(run([[30_000], [30_000], [undefined, 41_000]]).open).toMatchObject({ startSeq: 2, runFromSeq: 1 })
  expect(run([[30_000], [30_000, 41_000]]).open).toMatchObject({ startSeq: 1, runFromSeq: 1 })
})

test('a proof of an excursion that no inside value precedes runs from envelope 0', () => {
  expect(run([[undefined], [undefined], [41_000]]).open).toMatchObject({
    startSeq: 2,
    startIndex: 0,
    runFromSeq: 0,
  })
})

test('the second excursion is proven from the inside value between the two', () => {
  const { open } = run([[41_000], [30_000], [41_000]])
  expect(open).toMatchObject({ startSeq: 2, runFromSeq: 1, readings: 1 })
})
