import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Coverage } from './coverage.ts'

test('holds exactly the counters added, in the fewest runs, in whatever order they come', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 })), (seqs) => {
      const coverage = new Coverage()
      for (const seq of seqs) coverage.add(seq)
      const held = new Set(seqs)
      const covered = coverage.runs.flatMap((run) =>
        Array.from({ length: run.toSeq - run.fromSeq + 1 }, (_, i) => run.fromSeq + i),
      )
      expect(covered).toEqual([...held].sort((a, b) => a - b))
      for (const run of coverage.runs)
        expect(held.has(run.fromSeq - 1) || held.has(run.toSeq + 1)).toBe(false)
      for (let seq = 0; seq <= 41; seq++) {
        const run = coverage.runOf(seq)
        expect(run !== undefined && run.fromSeq <= seq && seq <= run.toSeq).toBe(held.has(seq))
      }
    }),
  )
})

test('keeps one run for a leg without jumps', () => {
  const coverage = new Coverage()
  for (let seq = 0; seq < 10_000; seq++) coverage.add(seq)
  expect(coverage.runs).toEqual([{ fromSeq: 0, toSeq: 9_999 }])
})
