import type { FactOf, Hex } from '@consign/events'
import { type CostlyClause, caseId } from '@consign/terms'
import type { Judgement, Warning } from '@consign/terms/judging'

/** Events on `penalty.<agreement>`. */
export type PenaltyFact = FactOf<
  | 'penalty.excursion.started.v1'
  | 'penalty.violation.charged.v1'
  | 'penalty.leg.assessed.v1'
  | 'penalty.shipment.assessed.v1'
>

export type ChargedFact = Extract<PenaltyFact, { type: 'penalty.violation.charged.v1' }>
type Kind = ChargedFact['data']['kind']

/** In whose custody it happened. */
export type LegPlace = { agreement: Hex; shipment: string; leg: number; custodian: Hex }

export function startedFact(place: LegPlace, warning: Warning): PenaltyFact {
  const { atMs, value } = warning
  const data = { ...caseOf(place, warning), atMs, ...(value === undefined ? {} : { value }) }
  return { type: 'penalty.excursion.started.v1', data }
}

export function chargedFact(place: LegPlace, judgement: Judgement): ChargedFact {
  const { clause, runFromSeq, runToSeq, fromMs, toMs, extent, worst, readings, penalty } = judgement
  return {
    type: 'penalty.violation.charged.v1',
    data: {
      ...caseOf(place, judgement),
      runFromSeq,
      runToSeq,
      fromMs,
      toMs,
      extent,
      ...(worst === undefined ? {} : { worst }),
      ...(readings === undefined ? {} : { readings }),
      penalty: penalty.toString(),
      beneficiary: clause.penalty.beneficiary,
    },
  }
}

function caseOf(place: LegPlace, { clause, startSeq, startIndex }: Judgement | Warning) {
  const { agreement, leg } = place
  const { limitId } = clause
  return {
    ...place,
    limitId,
    kind: kindOf(clause),
    ...('metric' in clause ? { metric: clause.metric } : {}),
    caseId: caseId({ agreement, leg, limitId, startSeq, startIndex }),
    startSeq,
    startIndex,
  }
}

/** `limit.single` is told as `single`. */
const kindOf = (clause: CostlyClause): Kind => clause.kind.replace('limit.', '') as Kind
