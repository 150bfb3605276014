/** Settles delivered shipments once their dispute window has passed: consumes custody and penalties, emits payments. */
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { Ledger, type Organisation } from './ledger.ts'
import { settleWhatIsDue } from './schedule.ts'

/** What this service reads and what it writes; the `*` of chain is its wallet. */
export const FLOW = {
  consumes: [subjects.custody('*'), subjects.penalty('*')],
  emits: [subjects.settlement('*'), subjects.chain('*')],
} as const

export type SettlementOptions = {
  log: EventLog
  channel: PaymentChannel
  organisation: Organisation
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
  ready: () => void
  /** ms UTC; the wall clock, or a test's */
  now?: () => number
}

/** Runs until the signal aborts; what is under way is finished or left to the next start. */
export async function runSettlement(options: SettlementOptions): Promise<void> {
  const { log, logger, signal } = options
  const ledger = new Ledger(options.organisation, (agreement, reason) =>
    logger.error({ agreement }, `not settled here: ${reason}`),
  )
  await learnAll(ledger, options)
  options.metrics.gauge({
    name: 'consign_settlement_shipments_open',
    help: 'Shipments of this organisation that are not settled',
    collect: (gauge) => gauge.set(ledger.size),
  })
  const lag = options.metrics.gauge({
    name: 'consign_settlement_lag_messages',
    help: 'Log messages still to be read',
  })
  const consuming = log.consume({
    name: 'settlement',
    filters: FLOW.consumes,
    handle: async (message) => ledger.take(message),
    signal,
    onLag: (messages) => lag.set(messages),
    onRetry: ({ seq }, error, delayMs) => logger.warn({ seq, delayMs }, error.message),
    onDeadLetter: ({ seq }, error) => logger.error({ seq }, `set aside: ${error.message}`),
  })
  options.ready()
  await Promise.all([consuming, settleWhatIsDue(ledger, { now: Date.now, ...options })])
}

// The durable position of the consumer says what was acted on, not what is known: that is read again from the beginning.
async function learnAll(ledger: Ledger, { log, logger }: SettlementOptions): Promise<void> {
  for await (const message of log.read([...FLOW.consumes, subjects.settlement('*')])) {
    try {
      ledger.take(message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      logger.warn({ seq: message.seq }, `passed over: ${error.message}`)
    }
  }
}
