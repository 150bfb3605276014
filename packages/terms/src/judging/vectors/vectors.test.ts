import { readFileSync } from 'node:fs'
import type { MetricName } from '@consign/envelope'
import { describe, expect, it } from 'vitest'
import { limitFold } from '../folds.ts'
import type { Docket, Judgement } from '../judgement.ts'
import type { NaiveEnvelope, NaiveLimit } from '../naive.ts'
import { buildJudgements, type JudgementVectors } from './build.ts'

const FILE = new URL('../../../vectors/judgements.json', import.meta.url)
const published = JSON.parse(readFileSync(FILE, 'utf8')) as JudgementVectors

function judge(limit: NaiveLimit, leg: number, envelopes: readonly NaiveEnvelope[]): Judgement[] {
  const judgements: Judgement[] = []
  const docket: Docket = { warn: () => {}, judge: (judgement) => judgements.push(judgement) }
  const fold = limitFold(limit, leg)
  for (const { timesMs, values, ...envelope } of envelopes) {
    const columns = new Map<MetricName, Int32Array>([[limit.metric, Int32Array.from(values)]])
    fold.take({ ...envelope, clockState: 1, timesMs: Uint32Array.from(timesMs), columns }, docket)
  }
  fold.end(docket)
  return judgements
}

describe('published judgements', () => {
  it('are what the naive reference gives today', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(buildJudgements())))
    expect(published.cases.length).toBeGreaterThanOrEqual(30)
  })

  it.each(published.cases.map((each) => [each.kind, each.name, each] as const))(
    'kind %i, %s: the fold finds the same',
    (_, __, { clause, leg, envelopes, expected }) => {
      const found = judge(clause, leg, envelopes)
      expect({
        startSeqs: found.map(({ startSeq }) => startSeq),
        startIndexes: found.map(({ startIndex }) => startIndex),
        outsideMs: found.map(({ extent }) => (clause.kind === 'limit.instantaneous' ? 0 : extent)),
        worsts: found.map(({ worst }) => worst),
        penalties: found.map(({ penalty }) => String(penalty)),
      }).toEqual(expected)
    },
  )
})
