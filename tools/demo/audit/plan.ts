/** The payout plan, made again from the envelopes, custody and the chain's own events, whatever penalty and settlement wrote down. */
import type { EventData } from '@consign/events'
import { assess } from '@consign/penalty/assess'
import {
  type ChargedCase,
  clauseByLimitId,
  isProvableOnChain,
  type PayoutPlan,
  payoutPlan,
  type Terms,
} from '@consign/terms'
import type { Hex } from 'viem'
import type { ChainEvidence } from './chain-evidence.ts'
import { eventsOf, type LogEvidence } from './log-evidence.ts'

type Evidence = { agreement: Hex; terms: Terms; log: LogEvidence; chain: ChainEvidence }
type ByChain = NonNullable<EventData<'settlement.planned.v1'>['byChain']>

const NOTHING: ByChain = { charged: [], dropped: [], less: [] }

/** Throws where settlement says that the chain charges what the chain does not show. */
export function recomputedPlan(evidence: Evidence): PayoutPlan {
  return payoutPlan({ terms: evidence.terms, violations: casesOf(evidence, byChainOf(evidence)) })
}

/** The same of the cases that the contract charges: what the agreement must have fixed. */
export function provenPlan(evidence: Evidence): PayoutPlan {
  const { terms } = evidence
  const byChain = byChainOf(evidence)
  const less = new Map(byChain.less.map(({ caseId, penalty }) => [caseId, penalty]))
  const isProvable = ({ limitId }: { limitId: number }) => {
    const clause = clauseByLimitId(terms, limitId)
    return clause !== undefined && isProvableOnChain(clause)
  }
  const proven = casesOf(evidence, byChain).filter(isProvable)
  const violations = proven.map((one) => ({ ...one, penalty: less.get(one.caseId) ?? one.penalty }))
  return payoutPlan({ terms, violations })
}

function byChainOf({ agreement, log }: Evidence): ByChain {
  const [planned] = eventsOf(log, 'settlement.planned.v1', agreement)
  return planned?.data.byChain ?? NOTHING
}

function casesOf(evidence: Evidence, { charged, dropped }: ByChain): ChargedCase[] {
  const { terms, chain } = evidence
  const more = charged.map((one): ChargedCase => {
    const { caseId, limitId, penalty } = one
    const isShown = chain.violations.some(
      (shown) => shown.caseId === caseId && shown.penalty === BigInt(penalty),
    )
    const beneficiary = clauseByLimitId(terms, limitId)?.penalty.beneficiary
    if (!isShown || beneficiary === undefined)
      throw new Error(`the chain shows no case ${caseId} that costs ${penalty}`)
    return { ...one, beneficiary }
  })
  const changed = new Set<string>([...dropped, ...charged.map(({ caseId }) => caseId)])
  return [...judgedCases(evidence).filter(({ caseId }) => !changed.has(caseId)), ...more]
}

function judgedCases({ agreement, log }: Evidence): ChargedCase[] {
  const violations: ChargedCase[] = []
  for (const { event } of assess(log.messages)) {
    if (event.type !== 'penalty.violation.charged.v1') continue
    const data = event.data as EventData<'penalty.violation.charged.v1'>
    if (data.agreement === agreement) violations.push(data)
  }
  return violations
}
