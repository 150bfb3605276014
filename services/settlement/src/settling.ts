/** Takes one shipment from due to settled: plan, intend, pay, record, close. Safe to repeat from the start at any point. */
import { randomUUID } from 'node:crypto'
import { type EventLog, execute, loadState } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { PaymentChannel, PaymentOutcome } from './adapters/payment-channel.ts'
import { type Payment, type SettlementCommand, settlementDecider } from './domain/settlement.ts'
import { dueAtMs, planOf, type Shipment } from './domain/shipment.ts'

export type SettlingOptions = {
  log: EventLog
  channel: PaymentChannel
  /** ms UTC */
  now: () => number
  step: (name: string) => void
  onPaid: (payment: Payment) => void
  /** told of every answer that is not `paid` */
  onUnpaid: (payment: Payment, outcome: Exclude<PaymentOutcome, { status: 'paid' }>) => void
}

/** True when settled; false when a payment is still to be made: call again later. The shipment must be due. */
export async function settleShipment(shipment: Shipment, options: SettlingOptions): Promise<boolean> {
  const { log, channel, now, step } = options
  const { agreement } = shipment
  const subject = subjects.settlement(agreement)
  const decide = async (command: SettlementCommand, name: string) => {
    const stamp = () => ({ id: randomUUID(), time: now() })
    const events = await execute(log, settlementDecider, subject, command, { stamp, correlation: agreement })
    if (events.length > 0) step(name)
  }

  const due = dueAtMs(shipment)
  if (due === undefined || shipment.shipment === undefined)
    throw new Error(`the shipment of ${agreement} is not due: ask dueAtMs first`)
  const plan = planOf(shipment)
  const planned = {
    type: 'plan',
    agreement,
    shipment: shipment.shipment,
    plan,
    dueAtMs: due,
    nowMs: now(),
  } as const
  await decide(planned, 'settlement.planned')
  await decide({ type: 'intend', via: channel.via }, 'settlement.intended')

  const { payments } = (await loadState(log, settlementDecider, subject)).state
  const made = await Promise.all(payments.filter((payment) => !payment.made).map(pay))
  if (made.includes(false)) return false
  await decide({ type: 'close' }, 'settlement.settled')
  return true

  async function pay(payment: Payment): Promise<boolean> {
    const paymentId = payment.paymentId as Hex
    const outcome = await channel.pay({
      agreement,
      paymentId,
      to: payment.wallet,
      amount: BigInt(payment.amount),
    })
    if (outcome.status !== 'paid') {
      options.onUnpaid(payment, outcome)
      return false
    }
    await decide({ type: 'recordPaid', paymentId, txHash: outcome.txHash }, 'settlement.paid')
    options.onPaid(payment)
    return true
  }
}
