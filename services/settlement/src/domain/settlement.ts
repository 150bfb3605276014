/**
 * The settlement of one agreement, subject `settlement.<agreement>`: planned once, each payment intended before it is made, made once, settled
 * when all are made. Pure: the clock and the payment channel's answers arrive in commands.
 */
import { createHash } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import type { Decider } from '@consign/eventlog'
import type { EventData, FactOf } from '@consign/events'
import { type PayoutPlan, transfersOf } from '@consign/terms'
import { type Hex, hexToBytes, numberToBytes } from 'viem'
import {
  decideGuarantee,
  evolveGuarantee,
  type GuaranteeCommand,
  type GuaranteeFact,
  type GuaranteeRecord,
  NO_GUARANTEE_RECORD,
} from './guarantee.ts'

export type SettlementCommand =
  | { type: 'plan'; agreement: Hex; shipment: string; plan: PayoutPlan; dueAtMs: number; nowMs: number }
  | { type: 'intend'; via: string }
  | { type: 'recordPaid'; paymentId: string; txHash: Hex }
  | { type: 'close' }
  | GuaranteeCommand

export type SettlementFact =
  | FactOf<
      | 'settlement.planned.v1'
      | 'settlement.payment.intended.v1'
      | 'settlement.payment.made.v1'
      | 'settlement.settled.v1'
    >
  | GuaranteeFact

export type Payment = EventData<'settlement.payment.intended.v1'> & { made: boolean }

export type Settlement = {
  of?: { agreement: Hex; shipment: string }
  plan?: PayoutPlan
  payments: readonly Payment[]
  settled: boolean
  guarantee: GuaranteeRecord
}

export const settlementDecider: Decider<SettlementCommand, SettlementFact, Settlement> = {
  initial: { payments: [], settled: false, guarantee: NO_GUARANTEE_RECORD },

  decide(command, settlement) {
    switch (command.type) {
      case 'plan':
        return plan(command, settlement)
      case 'intend':
        return intend(command.via, settlement)
      case 'recordPaid':
        return recordPaid(command.paymentId, command.txHash, settlement)
      case 'close':
        return close(settlement)
      default:
        return decideGuarantee(command, settlement.guarantee)
    }
  },

  evolve(settlement, event) {
    switch (event.type) {
      case 'settlement.planned.v1': {
        const { agreement, shipment, plan } = event.data
        return { ...settlement, of: { agreement, shipment }, plan }
      }
      case 'settlement.payment.intended.v1':
        return { ...settlement, payments: [...settlement.payments, { ...event.data, made: false }] }
      case 'settlement.payment.made.v1': {
        const payments = settlement.payments.map((payment) =>
          payment.paymentId === event.data.paymentId ? { ...payment, made: true } : payment,
        )
        return { ...settlement, payments }
      }
      case 'settlement.settled.v1':
        return { ...settlement, settled: true }
      default:
        return { ...settlement, guarantee: evolveGuarantee(settlement.guarantee, event) }
    }
  },
}

/**
 * Name of a payment, for ever: 0x and 64 hex digits of SHA-256(tag consign.payment, 16 bytes ‖ agreement 20 ‖ wallet 20 ‖ amount 32 ‖
 * SHA-256 of the plan's JSON). Who plans the same again gets the same name, so that a payment channel can know that it has paid.
 */
export function paymentIdOf(
  agreement: Hex,
  plan: PayoutPlan,
  transfer: { wallet: Hex; amount: bigint },
): Hex {
  const planHash = createHash('sha256').update(JSON.stringify(plan)).digest()
  const digest = createHash('sha256')
    .update(Buffer.from('consign.payment\0', 'latin1'))
    .update(hexToBytes(agreement))
    .update(hexToBytes(transfer.wallet))
    .update(numberToBytes(transfer.amount, { size: 32 }))
    .update(planHash)
    .digest('hex')
  return `0x${digest}`
}

function plan(command: SettlementCommand & { type: 'plan' }, settlement: Settlement): SettlementFact[] {
  if (settlement.plan !== undefined) return []
  const { agreement, shipment, plan, dueAtMs, nowMs } = command
  if (nowMs < dueAtMs)
    throw new Refusal(
      'settlement.window',
      `The dispute window of ${agreement} is open for ${dueAtMs - nowMs} ms more: plan after it`,
      {
        retry: true,
      },
    )
  return [{ type: 'settlement.planned.v1', data: { agreement, shipment, plan } }]
}

function intend(via: string, settlement: Settlement): SettlementFact[] {
  const { of, plan, payments } = settlement
  if (of === undefined || plan === undefined)
    throw new Refusal('settlement.unplanned', 'Nothing is intended before the payout is planned: plan first')
  return transfersOf(plan).flatMap((transfer): SettlementFact[] => {
    const paymentId = paymentIdOf(of.agreement, plan, transfer)
    if (payments.some((payment) => payment.paymentId === paymentId)) return []
    const party = plan.payouts.find(({ wallet }) => wallet === transfer.wallet)?.party ?? 'beneficiary'
    const amount = transfer.amount.toString()
    const data = { ...of, paymentId, party, wallet: transfer.wallet, amount, via }
    return [{ type: 'settlement.payment.intended.v1', data }]
  })
}

function recordPaid(paymentId: string, txHash: Hex, { payments }: Settlement): SettlementFact[] {
  const payment = payments.find((one) => one.paymentId === paymentId)
  if (payment === undefined)
    throw new Refusal('settlement.payment', `Payment ${paymentId} was never intended here: do not record it`)
  if (payment.made) return []
  const { made: _, party: __, ...data } = payment
  return [{ type: 'settlement.payment.made.v1', data: { ...data, txHash } }]
}

function close({ of, plan, payments, settled }: Settlement): SettlementFact[] {
  if (settled) return []
  const open = payments.filter((payment) => !payment.made).length
  const missing = plan === undefined ? 1 : transfersOf(plan).length - payments.length
  if (of === undefined || plan === undefined || open + missing > 0)
    throw new Refusal(
      'settlement.unpaid',
      `${open + missing} payments are still to be made: settle after them`,
    )
  const paid = payments.reduce((sum, payment) => sum + BigInt(payment.amount), 0n)
  return [{ type: 'settlement.settled.v1', data: { ...of, paid: paid.toString(), refund: plan.refund } }]
}
