/**
 * The settlement of one agreement, subject `settlement.<agreement>`: what it needs reserved, planned once, each payment intended before it is made,
 * made once, settled when all are made, acknowledged by who was paid, concluded when the contract has settled too and nobody but the silent waits. Pure: the clock, signatures
 * that hold, and the answers of payment channel and chain arrive in commands.
 */
import { Refusal } from '@consign/envelope'
import type { Decider } from '@consign/eventlog'
import type { EventData, FactOf } from '@consign/events'
import type { PayoutPlan } from '@consign/terms'
import type { Hex } from 'viem'
import { type Acknowledged, acknowledge } from './acknowledgement.ts'
import type { ByChain } from './chain-cases.ts'
import { dueByWallet, type Guaranteed } from './guaranteed.ts'
import { excessOf } from './overpaid.ts'
import {
  type Attempt,
  attempt,
  type DivertPayment,
  divert,
  type Evidence,
  isOpen,
  type LapsePayment,
  lapse,
  type RecordClaim,
  type RefusePayment,
  recordClaim,
  recordPaid,
  refuse,
} from './payments.ts'
import { isAcknowledged, nextPayments, restOf } from './slices.ts'

/** What the chain fixed, without what names the agreement. */
export type Conclusion = Omit<EventData<'settlement.concluded.v1'>, 'agreement' | 'shipment'>

type Reserved = EventData<'settlement.reserved.v1'>
type MediatorReserved = EventData<'settlement.mediator.reserved.v1'>

export type SettlementCommand =
  | ({ type: 'reserve' } & Reserved)
  | ({ type: 'reserveMediated' } & MediatorReserved)
  | {
      type: 'plan'
      agreement: Hex
      shipment: string
      plan: PayoutPlan
      guaranteed: readonly Guaranteed[]
      /** how the chain differs from what services judged */
      byChain?: ByChain
      /** by what the contract has fixed, as the goods never came */
      undelivered?: true
      sliceBps: number
      dueAtMs: number
      nowMs: number
    }
  | { type: 'intend'; via: string }
  | ({ type: 'attempt'; paymentId: string } & Attempt)
  | ({ type: 'refuse' } & RefusePayment)
  | ({ type: 'divert' } & DivertPayment)
  | { type: 'recordPaid'; paymentId: string; evidence: Evidence }
  | ({ type: 'recordClaim' } & RecordClaim)
  | ({ type: 'lapse' } & LapsePayment)
  | { type: 'close' }
  | ({ type: 'acknowledge' } & Acknowledged)
  | { type: 'conclude'; conclusion: Conclusion; shown: Settlement['acknowledged'] }

export type SettlementFact = FactOf<
  | 'settlement.reserved.v1'
  | 'settlement.mediator.reserved.v1'
  | 'settlement.planned.v1'
  | 'settlement.payment.intended.v1'
  | 'settlement.payment.attempted.v1'
  | 'settlement.payment.refused.v1'
  | 'settlement.payment.diverted.v1'
  | 'settlement.payment.made.v1'
  | 'settlement.payment.lapsed.v1'
  | 'settlement.overpaid.v1'
  | 'settlement.settled.v1'
  | 'settlement.acknowledged.v1'
  | 'settlement.concluded.v1'
>

/** `refusal`: the last one, with when the first was; it holds only for so many `attempts`. */
export type Payment = EventData<'settlement.payment.intended.v1'> & {
  attempts: readonly Attempt[]
  refusal?: { attempts: number; code: string; reason: string; sinceMs: number }
  diverted: boolean
  lapsed: boolean
  made: boolean
}

/** `acknowledged`: the last of each party. */
export type Settlement = {
  of?: { agreement: Hex; shipment: string }
  reserved: boolean
  /** parties in the middle that have said that they can pass on what is agreed */
  mediators: ReadonlySet<Hex>
  plan?: PayoutPlan
  undelivered?: true
  guaranteed: readonly Guaranteed[]
  byChain?: ByChain
  sliceBps: number
  payments: readonly Payment[]
  acknowledged: ReadonlyMap<Hex, Acknowledged>
  settled: boolean
  concluded: boolean
}

export const settlementDecider: Decider<SettlementCommand, SettlementFact, Settlement> = {
  initial: {
    reserved: false,
    mediators: new Set(),
    guaranteed: [],
    sliceBps: 10_000,
    payments: [],
    acknowledged: new Map(),
    settled: false,
    concluded: false,
  },

  decide(command, settlement) {
    switch (command.type) {
      case 'reserve':
        return reserve(command, settlement)
      case 'reserveMediated':
        return reserveMediated(command, settlement)
      case 'plan':
        return plan(command, settlement)
      case 'intend':
        return intend(command.via, settlement)
      case 'attempt': {
        const { type: _, ...next } = command
        return attempt(next, settlement)
      }
      case 'refuse':
        return refuse(command, settlement)
      case 'divert':
        return divert(command, settlement)
      case 'recordPaid':
        return recordPaid(command.paymentId, command.evidence, settlement)
      case 'recordClaim':
        return recordClaim(command, settlement)
      case 'lapse':
        return lapse(command, settlement)
      case 'close':
        return close(settlement)
      case 'acknowledge':
        return acknowledge(command, settlement)
      case 'conclude':
        return conclude(command, settlement)
      default:
        return unreachable(command)
    }
  },

  evolve(settlement, event) {
    switch (event.type) {
      case 'settlement.reserved.v1':
        return { ...settlement, of: ofEvent(event), reserved: true }
      case 'settlement.mediator.reserved.v1':
        return { ...settlement, mediators: new Set(settlement.mediators).add(event.data.mediator) }
      case 'settlement.planned.v1': {
        const { plan, undelivered, guaranteed = [], byChain, sliceBps } = event.data
        const planned = { ...settlement, of: ofEvent(event), plan, guaranteed, sliceBps }
        const basis = { ...(undelivered ? { undelivered } : {}), ...(byChain ? { byChain } : {}) }
        return { ...planned, ...basis }
      }
      case 'settlement.payment.intended.v1': {
        const payment = { ...event.data, attempts: [], diverted: false, lapsed: false, made: false }
        return { ...settlement, payments: [...settlement.payments, payment] }
      }
      case 'settlement.payment.attempted.v1': {
        const { agreement: _, shipment: __, paymentId, ...attempt } = event.data
        return changed(settlement, paymentId, ({ attempts }) => ({ attempts: [...attempts, attempt] }))
      }
      case 'settlement.payment.refused.v1': {
        const { paymentId, attempts, code, reason, atMs } = event.data
        return changed(settlement, paymentId, ({ refusal }) => ({
          refusal: { attempts, code, reason, sinceMs: refusal?.sinceMs ?? atMs },
        }))
      }
      case 'settlement.payment.diverted.v1':
        return changed(settlement, event.data.paymentId, () => ({ diverted: true }))
      case 'settlement.payment.made.v1':
        return changed(settlement, event.data.paymentId, () => ({ made: true }))
      case 'settlement.payment.lapsed.v1':
        return changed(settlement, event.data.paymentId, () => ({ lapsed: true }))
      case 'settlement.overpaid.v1':
        return settlement
      case 'settlement.settled.v1':
        return { ...settlement, settled: true }
      case 'settlement.acknowledged.v1': {
        const { agreement: _, shipment: __, ...signed } = event.data
        return { ...settlement, acknowledged: new Map(settlement.acknowledged).set(signed.party, signed) }
      }
      case 'settlement.concluded.v1':
        return { ...settlement, concluded: true }
      default:
        return unreachable(event)
    }
  },
}

function ofEvent({ data: { agreement, shipment } }: { data: { agreement: Hex; shipment: string } }) {
  return { agreement, shipment }
}

function changed(
  settlement: Settlement,
  paymentId: string,
  change: (payment: Payment) => Partial<Payment>,
): Settlement {
  const payments = settlement.payments.map((payment) =>
    payment.paymentId === paymentId ? { ...payment, ...change(payment) } : payment,
  )
  return { ...settlement, payments }
}

function reserve(
  { agreement, shipment, channels }: Reserved,
  settlement: Settlement,
): FactOf<'settlement.reserved.v1'>[] {
  if (settlement.reserved) return []
  return [{ type: 'settlement.reserved.v1', data: { agreement, shipment, channels } }]
}

function reserveMediated(
  { agreement, shipment, mediator, channels }: MediatorReserved,
  settlement: Settlement,
): FactOf<'settlement.mediator.reserved.v1'>[] {
  if (settlement.mediators.has(mediator)) return []
  return [{ type: 'settlement.mediator.reserved.v1', data: { agreement, shipment, mediator, channels } }]
}

function plan(command: SettlementCommand & { type: 'plan' }, settlement: Settlement): SettlementFact[] {
  if (settlement.plan !== undefined) return []
  const { agreement, shipment, plan, guaranteed, undelivered, byChain, sliceBps, dueAtMs, nowMs } = command
  if (nowMs < dueAtMs)
    throw new Refusal(
      'settlement.window',
      `The dispute window of ${agreement} is open for ${dueAtMs - nowMs} ms more: plan after it`,
      { retry: true },
    )
  const left = guaranteed.length === 0 ? {} : { guaranteed: [...guaranteed] }
  const differs = byChain !== undefined && Object.values(byChain).some(({ length }) => length > 0)
  const basis = { ...(undelivered ? { undelivered } : {}), ...(differs ? { byChain } : {}) }
  return [{ type: 'settlement.planned.v1', data: { agreement, shipment, plan, ...basis, ...left, sliceBps } }]
}

function intend(via: string, settlement: Settlement): SettlementFact[] {
  if (settlement.plan === undefined)
    throw new Refusal('settlement.unplanned', 'Nothing is intended before the payout is planned: plan first')
  return nextPayments(settlement, via)
}

/** Whether something of the plan is still to be paid: intended and not made, or not intended yet. */
export function isUnpaid(settlement: Settlement): boolean {
  const { plan, payments } = settlement
  if (plan === undefined || payments.some(isOpen)) return true
  return [...dueByWallet(plan).keys()].some((wallet) => restOf(settlement, wallet) > 0n)
}

/** Whether something can be paid now: what is unpaid otherwise waits for who is silent. */
export function isPayable(settlement: Settlement): boolean {
  const { plan, payments } = settlement
  if (plan === undefined || payments.some(isOpen)) return true
  const mayFollow = (wallet: Hex) => restOf(settlement, wallet) > 0n && isAcknowledged(settlement, wallet)
  return [...dueByWallet(plan).keys()].some(mayFollow)
}

function close(settlement: Settlement): SettlementFact[] {
  const { of, plan, payments, settled } = settlement
  if (settled) return []
  if (of === undefined || plan === undefined || isUnpaid(settlement))
    throw new Refusal('settlement.unpaid', 'Payments are still to be made: settle after them')
  const sumOf = (which: readonly Payment[]) => which.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  const paid = sumOf(payments.filter(({ made }) => made))
  const [lapsed, overpaid] = [sumOf(payments.filter((one) => one.lapsed)), excessOf(settlement)]
  const data = {
    ...of,
    paid: String(paid),
    refund: plan.refund,
    ...(lapsed > 0n ? { lapsed: String(lapsed) } : {}),
    ...(overpaid > 0n ? { overpaid: String(overpaid) } : {}),
  }
  return [{ type: 'settlement.settled.v1', data }]
}

function conclude(
  command: SettlementCommand & { type: 'conclude' },
  settlement: Settlement,
): SettlementFact[] {
  const { of, settled, concluded, acknowledged } = settlement
  if (concluded) return []
  if (of === undefined || (!settled && isPayable(settlement)))
    throw new Refusal('settlement.unpaid', 'Payments are still to be made: conclude after them', {
      retry: true,
    })
  for (const [party, { cumulative }] of acknowledged)
    if (command.shown.get(party)?.cumulative !== cumulative)
      throw new Refusal(
        'settlement.acknowledged',
        `${party} has acknowledged ${cumulative} meanwhile: show it to the chain first`,
        { retry: true },
      )
  return [{ type: 'settlement.concluded.v1', data: { ...of, ...command.conclusion } }]
}

function unreachable(never: never): never {
  throw new Error(`Unknown settlement entry: ${JSON.stringify(never)}`)
}
