/** What settlement must know of a shipment: folded from `custody.<agreement>`, `penalty.<agreement>` and, of its proofs, `chain.*`. Pure. */
import type { EventData, EventOf } from '@consign/events'
import { type ChargedCase, deadline, type PayoutPlan, payoutPlan, type Terms, windows } from '@consign/terms'
import type { Hex } from 'viem'
import {
  type ByChain,
  byChainOf,
  type ChainCaseEvent,
  type ChainCases,
  casesBy,
  evolveChainCases,
  isProvable,
  NOTHING_BY_CHAIN,
  provenCasesBy,
} from './chain-cases.ts'

/**
 * `deliveredAtMs` is when the delivery was logged: the dispute window counts from there, whoever counts. `proofs`: by key of the
 * transaction, whether it is in a block or refused.
 */
export type Shipment = {
  agreement: Hex
  shipment?: string
  terms?: Terms
  cases: ReadonlyMap<string, ChargedCase>
  deliveredAtMs?: number
  assessedCases?: readonly string[]
  proofs: ReadonlyMap<string, boolean>
  /** by case, whether its proof, or a part of it, was refused or reverted */
  failed: ReadonlySet<string>
  onChain: ChainCases
}

export type ShipmentEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.delivered.v1'
  | 'penalty.violation.charged.v1'
  | 'penalty.shipment.assessed.v1'
  | 'chain.intended.v1'
  | 'chain.mined.v1'
  | 'chain.refused.v1'
  | ChainCaseEvent['type']
>

export function newShipment(agreement: Hex): Shipment {
  return { agreement, cases: new Map(), proofs: new Map(), failed: new Set(), onChain: new Map() }
}

/** `loggedAtMs`: when the log stored the event. The first of each kind counts. */
export function evolveShipment(shipment: Shipment, event: ShipmentEvent, loggedAtMs: number): Shipment {
  switch (event.type) {
    case 'custody.agreement.signed.v1':
      return { terms: event.data.terms, ...shipment, shipment: shipment.shipment ?? event.data.shipment }
    case 'custody.delivered.v1':
      return { deliveredAtMs: loggedAtMs, ...shipment }
    case 'penalty.violation.charged.v1':
      return { ...shipment, cases: new Map(shipment.cases).set(event.data.caseId, chargedCase(event.data)) }
    case 'penalty.shipment.assessed.v1':
      return { assessedCases: event.data.violations, ...shipment }
    case 'chain.intended.v1':
      return withProof(shipment, event.data.key, false)
    case 'chain.mined.v1':
      return withOutcome(withProof(shipment, event.data.key, true), event.data.key, event.data.ok)
    case 'chain.refused.v1': {
      // What somebody else has proven is proven.
      const isProven = event.data.reason.includes('AgreementAlreadyProven')
      return withOutcome(withProof(shipment, event.data.key, true), event.data.key, isProven)
    }
    case 'chain.case.charged.v1':
    case 'chain.case.dropped.v1':
    case 'chain.happened.v1':
      return { ...shipment, onChain: evolveChainCases(shipment.onChain, event) }
  }
}

/** When its plan may be made, ms UTC; undefined while something is still to come. */
export function dueAtMs(shipment: Shipment): number | undefined {
  const { terms, deliveredAtMs, assessedCases, cases } = shipment
  if (terms === undefined || deliveredAtMs === undefined || assessedCases === undefined) return undefined
  if (!assessedCases.every((caseId) => cases.has(caseId))) return undefined
  return deliveredAtMs + windows(terms).disputeMs
}

/** Whether its goods count as lost by the terms, and nobody has told of a delivery. */
export function isLost(shipment: Shipment, nowMs: number): boolean {
  return shipment.deliveredAtMs === undefined && mayBeClosed(shipment, nowMs)
}

/** Whether anybody may have closed it on chain as lost, by the terms alone. */
export function mayBeClosed({ terms }: Shipment, nowMs: number): boolean {
  return terms !== undefined && deadline(terms).lostAfterMs <= nowMs
}

/** How the chain differs from the assessed cases now. */
export function byChainNow(shipment: Shipment): ByChain {
  return byChainOf(assessedOf(shipment).violations, shipment)
}

/** The plan that follows from the terms, the assessed cases and what the chain says of them; the same for everybody who has the same log. */
export function planOf(shipment: Shipment, byChain: ByChain = NOTHING_BY_CHAIN): PayoutPlan {
  const { terms, violations } = assessedOf(shipment)
  return payoutPlan({ terms, violations: casesBy(terms, violations, byChain) })
}

/** The same of the cases that the contract charges: what it fixes. */
export function provenPlanOf(shipment: Shipment, byChain: ByChain = NOTHING_BY_CHAIN): PayoutPlan {
  const { terms, violations } = assessedOf(shipment)
  return payoutPlan({ terms, violations: provenCasesBy(terms, violations, byChain) })
}

/**
 * Assessed cases that the chain can be shown and that chain-writer is not done with: each part in a block, or refused for good. While nothing is
 * assessed, all that are charged.
 */
export function openProofs(shipment: Shipment): Hex[] {
  const { cases, assessedCases } = shipment
  const terms = termsOf(shipment)
  const violations = assessedCases === undefined ? [...cases.values()] : assessedOf(shipment).violations
  const parts = [...shipment.proofs]
  const isDone = ({ caseId }: ChargedCase) => {
    const own = parts.filter(([key]) => key === proofKey(caseId) || key.startsWith(`${proofKey(caseId)}:`))
    return own.length > 0 && own.every(([, done]) => done)
  }
  return violations.filter((one) => isProvable(terms, one) && !isDone(one)).map(({ caseId }) => caseId)
}

function termsOf({ agreement, terms }: Shipment): Terms {
  if (terms === undefined) throw new Error(`terms of ${agreement} are not known`)
  return terms
}

function assessedOf(shipment: Shipment): { terms: Terms; violations: ChargedCase[] } {
  const { terms, assessedCases } = shipment
  if (terms === undefined || assessedCases === undefined)
    throw new Error(`shipment of ${shipment.agreement} is not assessed: ask dueAtMs first`)
  return { terms, violations: assessedCases.map((caseId) => shipment.cases.get(caseId)!) }
}

const proofKey = (caseId: string) => `violation:${caseId}`

// What was in a block once is done, also when a reorganisation has it intended again.
function withProof(shipment: Shipment, key: string, done: boolean): Shipment {
  if (!key.startsWith('violation:')) return shipment
  const isDone = done || shipment.proofs.get(key) === true
  return { ...shipment, proofs: new Map(shipment.proofs).set(key, isDone) }
}

// A case of several parts fails with any of them.
function withOutcome(shipment: Shipment, key: string, isProven: boolean): Shipment {
  const caseId = /^violation:(0x[0-9a-f]{64})/.exec(key)?.[1]
  if (caseId === undefined || isProven) return shipment
  return { ...shipment, failed: new Set(shipment.failed).add(caseId) }
}

function chargedCase(data: EventData<'penalty.violation.charged.v1'>): ChargedCase {
  const { caseId, limitId, custodian, penalty, beneficiary } = data
  return { caseId, limitId, custodian, penalty, beneficiary }
}
