/** Takes one shipment from due to concluded: plan, intend, pay, record, close; then its end on chain. Safe to repeat from the start at any point. */
import { randomUUID } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import { type EventLog, execute, loadState } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Logger } from '@consign/runtime'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import type { PaymentChannel, PaymentOutcome } from './adapters/payment-channel.ts'
import { concludeOnChain } from './concluding.ts'
import { guaranteedOf } from './domain/guaranteed.ts'
import {
  type Conclusion,
  type Payment,
  type Settlement,
  type SettlementCommand,
  settlementDecider,
  VIA_GUARANTEE,
} from './domain/settlement.ts'
import { dueAtMs, planOf, provenPlanOf, type Shipment } from './domain/shipment.ts'
import { Waiting } from './domain/waiting.ts'

export type SettlingOptions = {
  log: EventLog
  channel: PaymentChannel
  chain: AgreementChain
  logger: Logger
  /** ms UTC */
  now: () => number
  step: (name: string) => void
  onPaid: (payment: Payment) => void
  /** told of every answer that is not `paid` */
  onUnpaid: (payment: Payment, outcome: Exclude<PaymentOutcome, { status: 'paid' }>) => void
}

/** Resolves when it is concluded. Throws Waiting, or a Refusal with retry, while something is to come: call again later. The shipment must be due. */
export async function settleShipment(shipment: Shipment, options: SettlingOptions): Promise<void> {
  const { agreement, terms } = shipment
  const due = dueAtMs(shipment)
  if (due === undefined || shipment.shipment === undefined || terms === undefined)
    throw new Error(`the shipment of ${agreement} is not due: ask dueAtMs first`)
  const settlement = new SettlementOf(agreement, options)
  await settlement.plan(shipment, due)
  const unpaid = await settlement.pay()

  // A payment that waits for tokens must not hold up what the chain can be asked for; it is said first.
  const before = await settlement.state()
  const ended = await endOnChain({ ...shipment, terms }, before, settlement, options)
  if (unpaid !== undefined) throw unpaid
  if (ended instanceof Refusal) throw ended
  await settlement.close()
  await settlement.conclude(ended, before.acknowledged)
  if (!ended.asPlanned) tellDifference(shipment, ended, options.logger)
}

async function endOnChain(
  shipment: Parameters<typeof concludeOnChain>[0],
  state: Settlement,
  settlement: SettlementOf,
  { chain, logger }: SettlingOptions,
): Promise<Conclusion | Refusal> {
  const { agreement } = shipment
  try {
    return await concludeOnChain(shipment, state, {
      chain,
      onClaimed: (payment, txHash) => settlement.recordPaid(payment, txHash),
      onRefused: ({ message }) => logger.warn({ agreement }, message),
    })
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function tellDifference(shipment: Shipment, { dues, refund }: Conclusion, logger: Logger): void {
  const { payouts, awards, refund: refundPlanned } = provenPlanOf(shipment)
  logger.error(
    {
      agreement: shipment.agreement,
      onChain: { dues, refund },
      planned: { payouts, awards, refund: refundPlanned },
    },
    'the chain has fixed other dues than the plan: a case that was charged here is not proven there, or the other way round',
  )
}

/** The stream of one settlement, and what moves it on. */
class SettlementOf {
  readonly #agreement: Hex
  readonly #options: SettlingOptions

  constructor(agreement: Hex, options: SettlingOptions) {
    this.#agreement = agreement
    this.#options = options
  }

  async state() {
    return (await loadState(this.#options.log, settlementDecider, subjects.settlement(this.#agreement))).state
  }

  async plan(shipment: Shipment, due: number): Promise<void> {
    const { now, channel } = this.#options
    const plan = planOf(shipment)
    const guaranteed = guaranteedOf(shipment.terms!, plan, provenPlanOf(shipment))
    const of = { agreement: this.#agreement, shipment: shipment.shipment! }
    const command = { type: 'plan', ...of, plan, guaranteed, dueAtMs: due, nowMs: now() } as const
    await this.#decide(command, 'settlement.planned')
    await this.#decide({ type: 'intend', via: channel.via }, 'settlement.intended')
  }

  /** Makes every payment that is not a guarantee's; returns why one is not made yet. */
  async pay(): Promise<Waiting | undefined> {
    const { payments } = await this.state()
    const ours = payments.filter(({ made, via }) => !made && via !== VIA_GUARANTEE)
    const problems = await Promise.all(ours.map((payment) => this.#pay(payment)))
    if ((await this.state()).payments.every(({ made }) => made)) await this.close()
    return problems.find((problem) => problem !== undefined)
  }

  async recordPaid({ paymentId }: Payment, txHash: Hex): Promise<void> {
    await this.#decide({ type: 'recordPaid', paymentId, txHash }, 'settlement.paid')
  }

  close(): Promise<void> {
    return this.#decide({ type: 'close' }, 'settlement.settled')
  }

  /** `shown`: the acknowledgements that the chain was shown before. */
  conclude(conclusion: Conclusion, shown: Settlement['acknowledged']): Promise<void> {
    return this.#decide({ type: 'conclude', conclusion, shown }, 'settlement.concluded')
  }

  async #pay(payment: Payment): Promise<Waiting | undefined> {
    const { channel, onPaid, onUnpaid } = this.#options
    const { paymentId, wallet, amount } = payment
    const order = { agreement: this.#agreement, paymentId: paymentId as Hex, to: wallet }
    const outcome = await channel.pay({ ...order, amount: BigInt(amount) })
    if (outcome.status !== 'paid') {
      onUnpaid(payment, outcome)
      return new Waiting('payment', `payment of ${amount} to ${payment.party}: ${outcome.reason}`)
    }
    await this.recordPaid(payment, outcome.txHash)
    onPaid(payment)
    return undefined
  }

  async #decide(command: SettlementCommand, name: string): Promise<void> {
    const { log, now, step } = this.#options
    const stamp = () => ({ id: randomUUID(), time: now() })
    const links = { stamp, correlation: this.#agreement }
    const events = await execute(log, settlementDecider, subjects.settlement(this.#agreement), command, links)
    if (events.length > 0) step(name)
  }
}
