/**
 * Published judgements: limits that the chain proves too, what a leg measured, and the cases that follow, as the naive reference finds them. Lists
 * are flat, so that a Solidity test reads them; penalties are decimal strings in the smallest unit.
 */
import { metricByName } from '@consign/envelope'
import { encodeClause } from '../../clause-abi.ts'
import { CLAUSE_KINDS } from '../../clauses.ts'
import { naiveCases } from '../naive.ts'
import { CUMULATIVE_CASES, INSTANTANEOUS_CASES, type JudgedCase, SINGLE_CASES } from './cases.ts'

export type JudgementVectors = ReturnType<typeof buildJudgements>

export function buildJudgements() {
  const cases = [...INSTANTANEOUS_CASES, ...SINGLE_CASES, ...CUMULATIVE_CASES]
  return {
    about:
      'Limits, what one leg measured (INT32_MIN: missing), and the cases that follow. outsideMs 0 for instantaneous limits (kind 4); penalties before the caps of clause and party.',
    count: cases.length,
    cases: cases.map(judged),
  }
}

function judged({ name, limit, leg, envelopes }: JudgedCase) {
  const found = naiveCases(limit, leg, envelopes)
  return {
    name,
    kind: CLAUSE_KINDS[limit.kind],
    clause: limit,
    body: encodeClause(limit),
    metricBit: metricByName(limit.metric).id,
    leg,
    envelopeCount: envelopes.length,
    envelopes,
    expectedCount: found.length,
    expected: {
      startSeqs: found.map(({ startSeq }) => startSeq),
      startIndexes: found.map(({ startIndex }) => startIndex),
      outsideMs: found.map(({ outsideMs }) => Number(outsideMs)),
      worsts: found.map(({ worst }) => worst),
      penalties: found.map(({ penalty }) => String(penalty)),
    },
  }
}
