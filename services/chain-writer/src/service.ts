/**
 * Writes to the chain what the log says: agreements, custody, violations, anchors; and answers contests of what it proved. Tells the
 * log what the contracts of its agreements say. Consumes the log and the events of the chain, emits transactions and what happened on chain.
 */
import {
  agreementAbi,
  agreementFactoryAbi,
  anchorLogAbi,
  type Finality,
  type PublicClient,
  type TxJournal,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { anchorTree } from './anchoring.ts'
import { answerContests } from './answering.ts'
import { closeLost } from './closing.ts'
import type { AnchorPolicy } from './domain/anchor-policy.ts'
import type { Place } from './domain/calls.ts'
import { Notary } from './notary.ts'
import { watchAgreements } from './watching.ts'

/** What this service reads and what it writes; the `*` of chain is its wallet. */
export const FLOW = {
  consumes: [
    subjects.envelope('*', '*'),
    subjects.custody('*'),
    subjects.penalty('*'),
    subjects.settlement('*'),
  ],
  emits: [subjects.chain('*')],
} as const

const LEARNS = [subjects.envelope('*', '*'), subjects.custody('*'), subjects.settlement('*')]

/** Errors and events of every contract that this service calls. */
export const CALLED_ABI = [...agreementFactoryAbi, ...agreementAbi, ...anchorLogAbi]

export type ChainWriterOptions = {
  log: EventLog
  journal: TxJournal
  place: Place
  anchorLog: Hex
  policy: AnchorPolicy
  client: PublicClient
  /** ms between looks for contests */
  contestPollMs: number
  finality: Finality
  /** ms between looks for what the contracts of agreements say for good */
  watchPollMs: number
  /** ms after goods count as lost by the terms, when their agreement is closed; Infinity: never by this service */
  closeLostMs: number
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
    filters: FLOW.consumes,
    handle: (message) => notary.handle(message),
    signal,
    onLag: (messages) => lag.set(messages),
    onRetry: ({ seq }, error, delayMs) => logger.warn({ seq, delayMs }, error.message),
    onDeadLetter: ({ seq }, error) => logger.error({ seq }, `set aside: ${error.message}`),
  })
  options.ready()
  const anchoring = anchorTree({ now: Date.now, ...options, notary })
  const answering = answerContests({ ...options, notary })
  const watching = watchAgreements({ ...options, notary })
  await Promise.all([consuming, anchoring, answering, watching, closeLost({ ...options, notary })])
}

// The durable position of the consumer says what was acted on, not what is known: that is read again from the beginning.
async function learnAll(notary: Notary, { log, logger }: ChainWriterOptions): Promise<void> {
  for await (const message of log.read(LEARNS)) {
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
