/**
 * Does the part of a party in the middle: opens and tops up the channels over which others are paid through its node, as soon as the payer can pay an
 * agreement, and says so. What its node then passes on, Raiden's locks see to.
 */
import { Wakeup } from '@consign/chain'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { learnAll } from './learning.ts'
import type { Organisation } from './ledger.ts'
import { MediatorLedger } from './mediator-ledger.ts'
import { Reserving } from './reserving.ts'
import { doWhatIsDue, type Task } from './schedule.ts'

/** What this role reads and writes. */
export const MEDIATOR_FLOW = {
  consumes: [subjects.custody('*'), subjects.settlement('*')],
  emits: [subjects.settlement('*')],
} as const

export type MediatorOptions = {
  log: EventLog
  /** over this party's own node */
  channel: Pick<PaymentChannel, 'via' | 'reserve'>
  /** the wallet of the node, which the terms name */
  own: Organisation
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
  ready: () => void
  /** ms UTC; the wall clock, or a test's */
  now?: () => number
}

/** Runs until the signal aborts. */
export async function runMediator(options: MediatorOptions): Promise<void> {
  const { log, own, logger, metrics, signal } = options
  const now = options.now ?? Date.now
  const ledger = new MediatorLedger(own)
  await learnAll(ledger, MEDIATOR_FLOW.consumes, options)
  metrics.gauge({
    name: 'consign_settlement_shipments_open',
    help: 'Shipments of which others are paid over channels of this wallet, and that are not settled',
    collect: (gauge) => gauge.set(ledger.size),
  })
  const consuming = log.consume({
    name: `settlement-mediator-${own.wallet}`,
    filters: MEDIATOR_FLOW.consumes,
    handle: async (message) => ledger.take(message),
    signal,
    onRetry: ({ seq }, error, delayMs) => logger.warn({ seq, delayMs }, error.message),
    onDeadLetter: ({ seq }, error) => logger.error({ seq }, `set aside: ${error.message}`),
  })
  const onWritten = (event: ConsignEvent) => ledger.takeOwn(event)
  const reserving = new Reserving(ledger, { ...options, now, onWritten, mediator: own.wallet })
  const tasks = (): Task[] =>
    ledger.unreserved().map((shipment) => {
      const { agreement } = shipment
      const run = async () => {
        await reserving.reserve(shipment)
        logger.info({ agreement }, 'what others are paid through this wallet is reserved')
      }
      return { key: `reserve:${agreement}`, kind: 'chain', agreement, run }
    })
  options.ready()
  // Nothing is news but time: what is lacking is looked at again with growing delay.
  const work = { all: tasks, newsOf: () => 0 }
  await Promise.all([consuming, doWhatIsDue(work, { ...options, now, wakeup: new Wakeup() })])
}
