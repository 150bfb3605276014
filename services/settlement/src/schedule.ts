/** When each agreement is funded and settled: as soon as it can be, again when something has changed for it, else with growing delay. */
import { setTimeout as sleep } from 'node:timers/promises'
import { delayAfter, isTransient } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import type { PaymentChannel, PaymentOutcome } from './adapters/payment-channel.ts'
import type { Payment } from './domain/settlement.ts'
import { Waiting } from './domain/waiting.ts'
import { fundAgreement } from './funding.ts'
import type { Ledger } from './ledger.ts'
import { settleShipment } from './settling.ts'

/** How often due times are looked at, ms: a settlement is late by this much at most. */
const TICK_MS = 250
/** More at once would only wait for the same wallet. */
const TASKS_MAX = 16
/** What waits for a time is looked at then, but at least this often: others may act before. */
const WAIT_MS_MAX = 60_000
const WAIT_MS_MIN = 500

export type ScheduleOptions = {
  log: EventLog
  channel: PaymentChannel
  chain: AgreementChain
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
  /** ms UTC */
  now: () => number
}

type Task = { name: 'fund' | 'settle'; agreement: Hex; run: () => Promise<void> }
type Retry = { atMs: number; delayMs: number; news: number; problem: Error }

/** Runs until the signal aborts, then waits for what is under way. Rejects on a bug only. */
export async function settleWhatIsDue(ledger: Ledger, options: ScheduleOptions): Promise<void> {
  const { signal, now, logger } = options
  const running = new Map<string, Promise<void>>()
  const retries = new Map<string, Retry>()
  const unpaid = new UnpaidPayments(options.metrics)
  measureWaiting(retries, options.metrics)
  let bug: { error: unknown } | undefined
  while (!signal.aborted && bug === undefined) {
    for (const task of tasksOf(ledger, { ...options, unpaid })) {
      const key = `${task.name}:${task.agreement}`
      if (running.has(key) || running.size >= TASKS_MAX || waits(retries.get(key), task.agreement)) continue
      running.set(key, start(key, task))
    }
    await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(running.values())
  if (bug !== undefined) throw bug.error

  function waits(retry: Retry | undefined, agreement: Hex): boolean {
    return retry !== undefined && retry.atMs > now() && retry.news === ledger.newsOf(agreement)
  }

  async function start(key: string, { agreement, run }: Task): Promise<void> {
    // Counted before it begins, so that what comes meanwhile has it tried again.
    const news = ledger.newsOf(agreement)
    try {
      await run()
      retries.delete(key)
    } catch (error) {
      // What the log still brings, or a node that is back, may lift a refusal; anything else is a bug.
      if (!(error instanceof Refusal || isTransient(error))) bug = { error }
      else if (!signal.aborted) postpone(key, agreement, error as Error, news)
    } finally {
      running.delete(key)
    }
  }

  function postpone(key: string, agreement: Hex, problem: Error, news: number): void {
    const before = retries.get(key)
    const isNew = before?.problem.message !== problem.message
    const growing = delayAfter(isNew ? undefined : before?.delayMs)
    const untilMs = problem instanceof Waiting ? problem.untilMs : undefined
    const delayMs =
      untilMs === undefined ? growing : Math.min(Math.max(untilMs - now(), WAIT_MS_MIN), WAIT_MS_MAX)
    retries.set(key, { atMs: now() + delayMs, delayMs, news, problem })
    if (problem instanceof Waiting && problem.waitsFor !== 'payment') {
      if (isNew) logger.info({ agreement, waitsFor: problem.waitsFor }, problem.message)
    } else logger.warn({ agreement, delayMs }, `${problem.message}; tried again in ${delayMs} ms`)
  }
}

function tasksOf(ledger: Ledger, options: ScheduleOptions & { unpaid: UnpaidPayments }): Task[] {
  const { chain, logger, now, unpaid } = options
  const funding = ledger.unfunded().map(({ agreement, terms }): Task => {
    const run = async () => {
      await fundAgreement({ agreement, terms }, chain)
      ledger.funded(agreement)
      logger.info({ agreement }, 'the guarantee is paid in')
    }
    return { name: 'fund', agreement, run }
  })
  const settling = ledger.due(now()).map((shipment): Task => {
    const { agreement } = shipment
    const run = async () => {
      await settleShipment(shipment, {
        ...options,
        onPaid: (payment) => unpaid.delete(payment),
        onUnpaid: (payment, outcome) => unpaid.set(payment, outcome),
      })
      ledger.close(agreement)
      logger.info({ agreement }, 'settled, and concluded on chain')
    }
    return { name: 'settle', agreement, run }
  })
  return [...funding, ...settling]
}

function measureWaiting(retries: ReadonlyMap<string, Retry>, metrics: Metrics): void {
  metrics.gauge<'reason'>({
    name: 'consign_settlement_agreements_waiting',
    help: 'Agreements whose funding or settlement waits, by what for: agreement, delivery, proofs, window, disputes, acknowledgement, guarantee, payment, finality; or a code of trouble',
    labels: ['reason'],
    collect: (gauge) => {
      gauge.reset()
      for (const { problem } of retries.values()) gauge.inc({ reason: reasonOf(problem) })
    },
  })
}

function reasonOf(problem: Error): string {
  if (problem instanceof Waiting) return problem.waitsFor
  return problem instanceof Refusal ? problem.code : 'node'
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
