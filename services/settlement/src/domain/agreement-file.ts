/**
 * What the organisation must still do on chain for one agreement, and when: folded from the log, so that a restart knows the same. Pure.
 * Fund before anything moves; once delivered, and its proofs are in, conclude; tell the chain what parties acknowledged; then take back what nobody can
 * claim any more.
 */
import type { ConsignEvent, EventData, EventOf } from '@consign/events'
import { clauseByLimitId, general, guaranteeOf, parties, type Terms, windows } from '@consign/terms'
import type { Hex } from 'viem'
import { type Acknowledged, evolveGuarantee, type GuaranteeRecord, NO_GUARANTEE_RECORD } from './guarantee.ts'

export type AgreementFile = {
  agreement: Hex
  shipment: string
  terms: Terms
  /** When the log stored the delivery, ms UTC. */
  deliveredAtMs: number | undefined
  /** Cases that the services hold against parties, and whether the chain can judge them. */
  cases: ReadonlyMap<Hex, boolean>
  assessed: readonly Hex[] | undefined
  /** Cases whose proof was refused: nothing is waited for. */
  unprovable: ReadonlySet<Hex>
  /** What was paid to each wallet, in the smallest unit. */
  paid: ReadonlyMap<Hex, bigint>
  /** Every payment of the plan was made. */
  paidUp: boolean
  record: GuaranteeRecord
}

export type FileEvent = EventOf<
  | 'custody.delivered.v1'
  | 'penalty.violation.charged.v1'
  | 'penalty.shipment.assessed.v1'
  | 'chain.refused.v1'
  | 'settlement.payment.made.v1'
  | 'settlement.settled.v1'
  | 'settlement.guarantee.funded.v1'
  | 'settlement.payment.acknowledged.v1'
  | 'settlement.acknowledgement.recorded.v1'
  | 'settlement.agreement.concluded.v1'
  | 'settlement.guarantee.released.v1'
>

/** One thing to do. `proofs`: cases that must be on chain before. */
export type Step =
  | { type: 'fund' }
  | { type: 'conclude'; proofs: Hex[] }
  | { type: 'tell'; acknowledged: Acknowledged }
  | { type: 'release'; wallet: Hex }

const FILE_EVENTS: readonly string[] = [
  'custody.delivered.v1',
  'penalty.violation.charged.v1',
  'penalty.shipment.assessed.v1',
  'chain.refused.v1',
  'settlement.payment.made.v1',
  'settlement.settled.v1',
  'settlement.guarantee.funded.v1',
  'settlement.payment.acknowledged.v1',
  'settlement.acknowledgement.recorded.v1',
  'settlement.agreement.concluded.v1',
  'settlement.guarantee.released.v1',
] satisfies FileEvent['type'][]

export function isFileEvent(event: ConsignEvent): event is FileEvent {
  return FILE_EVENTS.includes(event.type)
}

export function openFile({
  agreement,
  shipment,
  terms,
}: EventData<'custody.agreement.signed.v1'>): AgreementFile {
  return {
    agreement,
    shipment,
    terms,
    deliveredAtMs: undefined,
    cases: new Map(),
    assessed: undefined,
    unprovable: new Set(),
    paid: new Map(),
    paidUp: false,
    record: NO_GUARANTEE_RECORD,
  }
}

/** `loggedAtMs`: when the log stored the event. */
export function evolveFile(file: AgreementFile, event: FileEvent, loggedAtMs: number): AgreementFile {
  switch (event.type) {
    case 'custody.delivered.v1':
      return { ...file, deliveredAtMs: file.deliveredAtMs ?? loggedAtMs }
    case 'penalty.violation.charged.v1': {
      const { caseId, limitId } = event.data
      return { ...file, cases: new Map(file.cases).set(caseId, isProvable(file.terms, limitId)) }
    }
    case 'penalty.shipment.assessed.v1':
      return { ...file, assessed: event.data.violations }
    case 'chain.refused.v1': {
      const [kind, caseId] = event.data.key.split(':')
      if (kind !== 'violation') return file
      return { ...file, unprovable: new Set(file.unprovable).add(caseId as Hex) }
    }
    case 'settlement.payment.made.v1': {
      const { wallet, amount } = event.data
      const paid = (file.paid.get(wallet) ?? 0n) + BigInt(amount)
      return { ...file, paid: new Map(file.paid).set(wallet, paid) }
    }
    case 'settlement.settled.v1':
      return { ...file, paidUp: true }
    default:
      return { ...file, record: evolveGuarantee(file.record, event) }
  }
}

/** What can be tried now; nothing when all is done or something is still to come. */
export function stepsOf(file: AgreementFile, nowMs: number): Step[] {
  const { record } = file
  const steps: Step[] = []
  if (!record.funded && guaranteeTotal(file) > 0n) steps.push({ type: 'fund' })
  for (const acknowledged of record.acknowledged.values())
    if ((record.recorded.get(acknowledged.wallet) ?? 0n) < BigInt(acknowledged.cumulative))
      steps.push({ type: 'tell', acknowledged })
  const proofs = record.concluded ? undefined : proofsBefore(file, nowMs)
  if (proofs !== undefined) steps.push({ type: 'conclude', proofs })
  if (record.concluded)
    for (const wallet of guaranteed(file))
      if (!record.released.has(wallet) && isAcknowledged(file, wallet))
        steps.push({ type: 'release', wallet })
  return steps
}

// Cases that the chain must know before the agreement is settled there; undefined while it is too early, or something is still to come.
function proofsBefore({ terms, deliveredAtMs, assessed, cases, unprovable }: AgreementFile, nowMs: number) {
  if (deliveredAtMs === undefined || nowMs < deliveredAtMs + windows(terms).disputeMs) return undefined
  if (!assessed?.every((caseId) => cases.has(caseId))) return undefined
  return assessed.filter((caseId) => cases.get(caseId) && !unprovable.has(caseId))
}

/** Whether nothing will ever be left to do. */
export function isDone(file: AgreementFile): boolean {
  return file.record.concluded && guaranteed(file).every((wallet) => file.record.released.has(wallet))
}

export function guaranteeTotal({ terms }: AgreementFile): bigint {
  return BigInt(general(terms).guaranteeTotal)
}

// In order of the terms.
function guaranteed({ terms }: AgreementFile): Hex[] {
  const { guaranteeBps } = general(terms)
  return parties(terms)
    .filter(({ amount }) => guaranteeOf(BigInt(amount), guaranteeBps) > 0n)
    .map(({ wallet }) => wallet)
}

// All that it was paid is known on chain to have come; who was due nothing has nothing to acknowledge.
function isAcknowledged({ paid, paidUp, record }: AgreementFile, wallet: Hex): boolean {
  return paidUp && (record.recorded.get(wallet) ?? 0n) >= (paid.get(wallet) ?? 0n)
}

// The same kinds as @consign/chain proves; silence without an end is refused there, and waited for no longer.
function isProvable(terms: Terms, limitId: number): boolean {
  const clause = clauseByLimitId(terms, limitId)
  if (clause === undefined || clause.kind === 'limit.meanKinetic' || clause.kind === 'limit.geofence')
    return false
  return clause.kind !== 'limit.cumulative' || clause.scope === 'leg'
}
