/** What waits, and why: gauges whose labels are few. */
import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import type { Metrics } from '@consign/runtime'
import type { PaymentOutcome } from './adapters/payment-channel.ts'
import type { Payment } from './domain/settlement.ts'
import { Waiting } from './domain/waiting.ts'

/** When something is tried again, and what stopped it. */
export type Retry = { agreement: Hex; atMs: number; delayMs: number; news: number; problem: Error }

export function measureWaiting(retries: ReadonlyMap<string, Retry>, metrics: Metrics): void {
  metrics.gauge<'reason'>({
    name: 'consign_settlement_agreements_waiting',
    help: 'Agreements of which something waits, by what for: agreement, exposure, mediator, delivery, proofs, window, disputes, acknowledgement, guarantee, payment, finality; or a code of trouble',
    labels: ['reason'],
    collect: (gauge) => {
      gauge.reset()
      const waiting = [...retries.values()].map(
        ({ agreement, problem }) => `${agreement} ${reasonOf(problem)}`,
      )
      for (const one of new Set(waiting)) gauge.inc({ reason: one.split(' ')[1]! })
    },
  })
}

function reasonOf(problem: Error): string {
  if (problem instanceof Waiting) return problem.waitsFor
  return problem instanceof Refusal ? problem.code : 'node'
}

/** Payments that were asked for and are not made, by what the channel last answered. */
export class UnpaidPayments {
  readonly #codes = new Map<string, string>()

  constructor(metrics: Metrics) {
    metrics.gauge<'code'>({
      name: 'consign_settlement_payments_unpaid',
      help: 'Payments that are not made, by the last answer: unknown (under way), payment.balance (tokens are lacking), channel.path (no route), …',
      labels: ['code'],
      collect: (gauge) => {
        gauge.reset()
        for (const code of this.#codes.values()) gauge.inc({ code })
      },
    })
  }

  set({ paymentId }: Pick<Payment, 'paymentId'>, outcome: Exclude<PaymentOutcome, { status: 'paid' }>): void {
    this.#codes.set(paymentId, outcome.status === 'refused' ? outcome.code : outcome.status)
  }

  delete({ paymentId }: Pick<Payment, 'paymentId'>): void {
    this.#codes.delete(paymentId)
  }
}
