/** Writes to the chain what the log says: agreements, custody, violations, anchors. Consumes the log, emits transactions. */
import { agreementAbi, agreementFactoryAbi, anchorLogAbi, type TxJournal } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { EventType, Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { anchorTree } from './anchoring.ts'
import type { AnchorPolicy } from './domain/anchor-policy.ts'
import type { Place } from './domain/calls.ts'
import { Notary } from './notary.ts'

export const CONSUMES: readonly string[] = ['envelope.>', 'custody.*', 'penalty.*']
export const EMITS: readonly EventType[] = [
  'chain.intended.v1',
  'chain.signed.v1',
  'chain.mined.v1',
  'chain.finalized.v1',
  'chain.refused.v1',
]

/** Errors and events of every contract that this service calls. */
export const CALLED_ABI = [...agreementFactoryAbi, ...agreementAbi, ...anchorLogAbi]

export type ChainWriterOptions = {
  log: EventLog
  journal: TxJournal
  place: Place
  anchorLog: Hex
  policy: AnchorPolicy
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
  ready: () => void
  /** ms UTC; the wall clock, or a test's */
  now?: () => number
}

/** Runs until the signal aborts. Needs `journal.run` to be running. */
export async function runChainWriter(options: ChainWriterOptions): Promise<void> {
  const { log, logger, signal } = options
  const notary = new Notary(log, options.journal, options.place)
  await learnAll(notary, options)
  measure(notary, options.metrics)
  const lag = options.metrics.gauge({
    name: 'consign_chain_writer_lag_messages',
    help: 'Log messages still to be read',
  })
  const consuming = log.consume({
    name: 'chain-writer',
    filters: CONSUMES,
    handle: (message) => notary.handle(message),
    signal,
    onLag: (messages) => lag.set(messages),
    onRetry: ({ seq }, error, delayMs) => logger.warn({ seq, delayMs }, error.message),
    onDeadLetter: ({ seq }, error) => logger.error({ seq }, `set aside: ${error.message}`),
  })
  options.ready()
  await Promise.all([consuming, anchorTree({ now: Date.now, ...options, notary })])
}

// The durable position of the consumer says what was acted on, not what is known: that is read again from the beginning.
async function learnAll(notary: Notary, { log, logger }: ChainWriterOptions): Promise<void> {
  for await (const message of log.read(['envelope.>', 'custody.*'])) {
    try {
      notary.learn(message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      logger.warn({ seq: message.seq }, `passed over: ${error.message}`)
    }
  }
}

function measure(notary: Notary, metrics: Metrics): void {
  metrics.gauge({
    name: 'consign_chain_writer_tree_envelopes',
    help: 'Envelopes in the tree',
    collect: (gauge) => gauge.set(notary.anchors.size),
  })
  metrics.gauge({
    name: 'consign_chain_writer_anchored_envelopes',
    help: 'Envelopes under the last anchor that was submitted',
    collect: (gauge) => gauge.set(notary.anchors.anchoredSize),
  })
}
