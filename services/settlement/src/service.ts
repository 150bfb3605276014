/** Settles delivered shipments once their dispute window has passed: consumes custody and penalties, emits payments. */
import type { TxJournal } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { connectNats, EventLog, Recorded } from '@consign/eventlog'
import { subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { serveAcknowledgements } from './acknowledging.ts'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { careForAgreements } from './care-schedule.ts'
import { Filing } from './filing.ts'
import { Ledger, type Organisation } from './ledger.ts'
import { settleWhatIsDue } from './schedule.ts'

/** What this service reads and what it writes; the `*` of chain is its wallet. */
export const FLOW = {
  consumes: [subjects.custody('*'), subjects.penalty('*'), subjects.settlement('*'), subjects.chain('*')],
  serves: ['cmd.<address>.acknowledge'],
  emits: [subjects.settlement('*'), subjects.chain('*')],
} as const

export type SettlementOptions = {
  log: EventLog
  nats: Awaited<ReturnType<typeof connectNats>>
  journal: TxJournal
  channel: PaymentChannel
  chain: AgreementChain
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
  const filing = new Filing(options.organisation)
  const take = (message: Recorded) => {
    ledger.take(message)
    filing.take(message)
  }
  await learnAll(take, options)
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
    handle: async (message) => take(message),
    signal,
    onLag: (messages) => lag.set(messages),
    onRetry: ({ seq }, error, delayMs) => logger.warn({ seq, delayMs }, error.message),
    onDeadLetter: ({ seq }, error) => logger.error({ seq }, `set aside: ${error.message}`),
  })
  options.metrics.gauge({
    name: 'consign_settlement_agreements_open',
    help: 'Agreements of this organisation that are not over on chain',
    collect: (gauge) => gauge.set(filing.open.length),
  })
  const timed = { now: Date.now, ...options }
  const work = [
    consuming,
    settleWhatIsDue(ledger, timed),
    careForAgreements(filing, timed),
    serveAcknowledgements({ ...timed, filing, chainId: options.organisation.chainId }),
  ]
  options.ready()
  await Promise.all(work)
}

// The durable position of the consumer says what was acted on, not what is known: that is read again from the beginning.
async function learnAll(
  take: (message: Recorded) => void,
  { log, logger }: SettlementOptions,
): Promise<void> {
  for await (const message of log.read([...FLOW.consumes])) {
    try {
      take(message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      logger.warn({ seq: message.seq }, `passed over: ${error.message}`)
    }
  }
}
