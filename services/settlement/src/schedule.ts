/** When each shipment is settled: as soon as it is due, again with growing delay while a payment is not final. */
import { setTimeout as sleep } from 'node:timers/promises'
import { delayAfter, isTransient } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { PaymentChannel, PaymentOutcome } from './adapters/payment-channel.ts'
import type { Payment } from './domain/settlement.ts'
import type { Shipment } from './domain/shipment.ts'
import type { Ledger } from './ledger.ts'
import { settleShipment } from './settling.ts'

/** How often due times are looked at, ms: a settlement is late by this much at most. */
const TICK_MS = 250
/** More at once would only wait for the same wallet. */
const SETTLING_MAX = 16

export type ScheduleOptions = {
  log: EventLog
  channel: PaymentChannel
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
  /** ms UTC */
  now: () => number
}

/** Runs until the signal aborts, then waits for what is under way. Rejects on a bug only. */
export async function settleWhatIsDue(ledger: Ledger, options: ScheduleOptions): Promise<void> {
  const { signal, now, metrics } = options
  const running = new Map<Hex, Promise<void>>()
  const retries = new Map<Hex, { atMs: number; delayMs: number }>()
  const unpaid = new UnpaidPayments(metrics)
  let bug: { error: unknown } | undefined
  while (!signal.aborted && bug === undefined) {
    for (const shipment of ledger.due(now())) {
      const { agreement } = shipment
      const waits = running.has(agreement) || (retries.get(agreement)?.atMs ?? 0) > now()
      if (!waits && running.size < SETTLING_MAX) running.set(agreement, start(shipment))
    }
    await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(running.values())
  if (bug !== undefined) throw bug.error

  async function start(shipment: Shipment): Promise<void> {
    const { agreement } = shipment
    try {
      const problem = await problemWith(shipment, { ...options, unpaid })
      if (problem === undefined) ledger.close(agreement)
      else if (!signal.aborted) postpone(agreement, problem)
    } catch (error) {
      bug = { error }
    } finally {
      running.delete(agreement)
    }
  }

  function postpone(agreement: Hex, problem: string): void {
    const delayMs = delayAfter(retries.get(agreement)?.delayMs)
    retries.set(agreement, { atMs: now() + delayMs, delayMs })
    options.logger.warn({ agreement, delayMs }, `${problem}; tried again in ${delayMs} ms`)
  }
}

// One line for people, or undefined when it is settled.
async function problemWith(
  shipment: Shipment,
  options: ScheduleOptions & { unpaid: UnpaidPayments },
): Promise<string | undefined> {
  const { unpaid, logger } = options
  let problem = 'a payment is not final yet'
  try {
    const settled = await settleShipment(shipment, {
      ...options,
      onPaid: (payment) => unpaid.delete(payment),
      onUnpaid: (payment, outcome) => {
        unpaid.set(payment, outcome)
        problem = `payment of ${payment.amount} to ${payment.party}: ${outcome.reason}`
      },
    })
    if (!settled) return problem
    logger.info({ agreement: shipment.agreement }, 'settled')
    return undefined
  } catch (error) {
    // What the log still brings, or a node that is back, may lift a refusal; anything else is a bug.
    if (error instanceof Refusal || isTransient(error)) return (error as Error).message
    throw error
  }
}

/** Payments that were asked for and are not made, by what the channel last answered. */
class UnpaidPayments {
  readonly #codes = new Map<string, string>()

  constructor(metrics: Metrics) {
    metrics.gauge<'code'>({
      name: 'consign_settlement_payments_unpaid',
      help: 'Payments that are not made, by the last answer: unknown (under way), payment.balance (the wallet lacks tokens), …',
      labels: ['code'],
      collect: (gauge) => {
        gauge.reset()
        for (const code of this.#codes.values()) gauge.inc({ code })
      },
    })
  }

  set({ paymentId }: Payment, outcome: Exclude<PaymentOutcome, { status: 'paid' }>): void {
    this.#codes.set(paymentId, outcome.status === 'refused' ? outcome.code : outcome.status)
  }

  delete({ paymentId }: Payment): void {
    this.#codes.delete(paymentId)
  }
}
