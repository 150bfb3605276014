/**
 * The settlement of one agreement, subject `settlement.<agreement>`: planned once, each payment intended before it is made, made once, settled
 * when all are made, acknowledged by who was paid, concluded when the contract has settled too. Pure: the clock, signatures that hold, and
 * the answers of payment channel and chain arrive in commands.
 */
import { createHash } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import type { Decider } from '@consign/eventlog'
import type { EventData, FactOf } from '@consign/events'
import type { PayoutPlan } from '@consign/terms'
import { type Hex, hexToBytes, numberToBytes } from 'viem'
import { type Acknowledged, acknowledge } from './acknowledgement.ts'
import { dueByWallet, type Guaranteed } from './guaranteed.ts'

/** `via` of what the contract pays out of a guarantee. */
export const VIA_GUARANTEE = 'guarantee'

/** What the chain fixed, without what names the agreement. */
export type Conclusion = Omit<EventData<'settlement.concluded.v1'>, 'agreement' | 'shipment'>

export type SettlementCommand =
  | {
      type: 'plan'
      agreement: Hex
      shipment: string
      plan: PayoutPlan
      guaranteed: readonly Guaranteed[]
      dueAtMs: number
      nowMs: number
    }
  | { type: 'intend'; via: string }
  | { type: 'recordPaid'; paymentId: string; txHash: Hex }
  | { type: 'close' }
  | ({ type: 'acknowledge' } & Acknowledged)
  | { type: 'conclude'; conclusion: Conclusion; shown: Settlement['acknowledged'] }

export type SettlementFact = FactOf<
  | 'settlement.planned.v1'
  | 'settlement.payment.intended.v1'
  | 'settlement.payment.made.v1'
  | 'settlement.settled.v1'
  | 'settlement.acknowledged.v1'
  | 'settlement.concluded.v1'
>

export type Payment = EventData<'settlement.payment.intended.v1'> & { made: boolean }

/** `acknowledged`: the last of each party. */
export type Settlement = {
  of?: { agreement: Hex; shipment: string }
  plan?: PayoutPlan
  guaranteed: readonly Guaranteed[]
  payments: readonly Payment[]
  acknowledged: ReadonlyMap<Hex, Acknowledged>
  settled: boolean
  concluded: boolean
}

export const settlementDecider: Decider<SettlementCommand, SettlementFact, Settlement> = {
  initial: { guaranteed: [], payments: [], acknowledged: new Map(), settled: false, concluded: false },

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
      case 'settlement.planned.v1': {
        const { agreement, shipment, plan, guaranteed = [] } = event.data
        return { ...settlement, of: { agreement, shipment }, plan, guaranteed }
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

/**
 * Name of a payment, for ever: 0x and 64 hex digits of SHA-256(tag ‖ agreement 20 ‖ wallet 20 ‖ amount 32 ‖ SHA-256 of the plan's JSON); tag =
 * `consign.payment`, or `consign.guarantee` of what is claimed, zero byte at the end. Who plans the same again gets the same name, so that a payment
 * channel can know that it has paid.
 */
export function paymentIdOf(
  agreement: Hex,
  plan: PayoutPlan,
  transfer: { wallet: Hex; amount: bigint },
  tag: 'payment' | 'guarantee' = 'payment',
): Hex {
  const planHash = createHash('sha256').update(JSON.stringify(plan)).digest()
  const digest = createHash('sha256')
    .update(Buffer.from(`consign.${tag}\0`, 'latin1'))
    .update(hexToBytes(agreement))
    .update(hexToBytes(transfer.wallet))
    .update(numberToBytes(transfer.amount, { size: 32 }))
    .update(planHash)
    .digest('hex')
  return `0x${digest}`
}

function plan(command: SettlementCommand & { type: 'plan' }, settlement: Settlement): SettlementFact[] {
  if (settlement.plan !== undefined) return []
  const { agreement, shipment, plan, guaranteed, dueAtMs, nowMs } = command
  if (nowMs < dueAtMs)
    throw new Refusal(
      'settlement.window',
      `The dispute window of ${agreement} is open for ${dueAtMs - nowMs} ms more: plan after it`,
      {
        retry: true,
      },
    )
  const left = guaranteed.length === 0 ? {} : { guaranteed: [...guaranteed] }
  return [{ type: 'settlement.planned.v1', data: { agreement, shipment, plan, ...left } }]
}

function intend(via: string, settlement: Settlement): SettlementFact[] {
  const { of, plan, payments } = settlement
  if (of === undefined || plan === undefined)
    throw new Refusal('settlement.unplanned', 'Nothing is intended before the payout is planned: plan first')
  return ordersOf(settlement).flatMap(({ wallet, amount, guarantee }): SettlementFact[] => {
    const paymentId = paymentIdOf(of.agreement, plan, { wallet, amount }, guarantee ? 'guarantee' : 'payment')
    if (payments.some((payment) => payment.paymentId === paymentId)) return []
    const party = plan.payouts.find((payout) => payout.wallet === wallet)?.party ?? 'beneficiary'
    const how = guarantee ? VIA_GUARANTEE : via
    const data = { ...of, paymentId, party, wallet, amount: amount.toString(), via: how }
    return [{ type: 'settlement.payment.intended.v1', data }]
  })
}

// One of each wallet that gets anything; two where a part is left to the guarantee.
function ordersOf({ plan, guaranteed }: Settlement) {
  if (plan === undefined) return []
  return [...dueByWallet(plan)].flatMap(([wallet, due]) => {
    const left = BigInt(guaranteed.find((one) => one.wallet === wallet)?.amount ?? 0)
    const orders = [
      { wallet, amount: due - left, guarantee: false },
      { wallet, amount: left, guarantee: true },
    ]
    return orders.filter(({ amount }) => amount > 0n)
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

function close(settlement: Settlement): SettlementFact[] {
  const { of, plan, payments, settled } = settlement
  if (settled) return []
  const open = payments.filter((payment) => !payment.made).length
  const missing = plan === undefined ? 1 : ordersOf(settlement).length - payments.length
  if (of === undefined || plan === undefined || open + missing > 0)
    throw new Refusal(
      'settlement.unpaid',
      `${open + missing} payments are still to be made: settle after them`,
    )
  const paid = payments.reduce((sum, payment) => sum + BigInt(payment.amount), 0n)
  return [{ type: 'settlement.settled.v1', data: { ...of, paid: paid.toString(), refund: plan.refund } }]
}

function conclude(
  command: SettlementCommand & { type: 'conclude' },
  settlement: Settlement,
): SettlementFact[] {
  const { of, settled, concluded, acknowledged } = settlement
  if (concluded) return []
  if (of === undefined || !settled)
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
