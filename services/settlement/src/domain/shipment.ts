/** What settlement must know of a shipment before it may pay: folded from `custody.<agreement>` and `penalty.<agreement>`. Pure. */
import type { EventData, EventOf } from '@consign/events'
import { type ChargedCase, type PayoutPlan, payoutPlan, type Terms, windows } from '@consign/terms'
import type { Hex } from 'viem'

/** `deliveredAtMs` is when the delivery was logged: the dispute window counts from there, whoever counts. */
export type Shipment = {
  agreement: Hex
  shipment?: string
  terms?: Terms
  cases: ReadonlyMap<string, ChargedCase>
  deliveredAtMs?: number
  assessedCases?: readonly string[]
}

export type ShipmentEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.delivered.v1'
  | 'penalty.violation.charged.v1'
  | 'penalty.shipment.assessed.v1'
>

export function newShipment(agreement: Hex): Shipment {
  return { agreement, cases: new Map() }
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
  }
}

/** When its plan may be made, ms UTC; undefined while something is still to come. */
export function dueAtMs(shipment: Shipment): number | undefined {
  const { terms, deliveredAtMs, assessedCases, cases } = shipment
  if (terms === undefined || deliveredAtMs === undefined || assessedCases === undefined) return undefined
  if (!assessedCases.every((caseId) => cases.has(caseId))) return undefined
  return deliveredAtMs + windows(terms).disputeMs
}

/** The plan that follows from the terms and the assessed cases; the same for everybody who has the same log. */
export function planOf(shipment: Shipment): PayoutPlan {
  const { terms, assessedCases } = shipment
  if (terms === undefined || assessedCases === undefined)
    throw new Error(`shipment of ${shipment.agreement} is not assessed: ask dueAtMs first`)
  const violations = assessedCases.map((caseId) => shipment.cases.get(caseId)!)
  return payoutPlan({ terms, violations })
}

function chargedCase(data: EventData<'penalty.violation.charged.v1'>): ChargedCase {
  const { caseId, limitId, custodian, penalty, beneficiary } = data
  return { caseId, limitId, custodian, penalty, beneficiary }
}
