/** Does the payer's part of agreements: reserves and funds them, pays once the dispute window has passed, settles on chain. */
import { type TxJournal, Wakeup } from '@consign/chain'
import type { connectNats, EventLog } from '@consign/eventlog'
import { type ConsignEvent, type EventData, type Hex, subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import type { AgreementChain } from './adapters/agreement-chain.ts'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { type AttemptJournal, attemptJournal } from './attempts.ts'
import { serveAcknowledgements } from './commands.ts'
import { learnAll } from './learning.ts'
import { Ledger, type Organisation } from './ledger.ts'
import { PayerTasks } from './payer-tasks.ts'
import { doWhatIsDue } from './schedule.ts'

/** What this service reads, what it answers and what it writes; of chain it writes its own wallet's, and reads what becomes of proofs. */
export const FLOW = {
  consumes: [subjects.custody('*'), subjects.penalty('*'), subjects.chain('*')],
  serves: ['cmd.<address>.acknowledge'],
  emits: [subjects.settlement('*'), subjects.chain('*')],
} as const

export type SettlementOptions = {
  nats: Awaited<ReturnType<typeof connectNats>>
  log: EventLog
  journal: TxJournal
  chain: AgreementChain
  /** that payments go through unless they are diverted; it has their attempts in the log */
  openChannel: (attempts: AttemptJournal) => PaymentChannel
  onchain: PaymentChannel
  /** ten-thousandths of what is paid off chain that are paid at once */
  sliceBps: number
  /** ms that a payment may be refused by its channel before it is diverted */
  patienceMs: number
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
  const { log, logger, signal, metrics } = options
  const now = options.now ?? Date.now
  const ledger = new Ledger(options.organisation, (agreement, reason) =>
    logger.error({ agreement }, `not settled here: ${reason}`),
  )
  const wakeup = new Wakeup()
  await learnAll(ledger, [...FLOW.consumes, subjects.settlement('*')], options)
  metrics.gauge({
    name: 'consign_settlement_shipments_open',
    help: 'Shipments of this organisation that are not settled and concluded on chain',
    collect: (gauge) => gauge.set(ledger.size),
  })
  metrics.gauge({
    name: 'consign_settlement_overpaid_wallets',
    help: 'Wallets that got more than their due of an agreement, as they had a guarantee paid out while a slice was paid: ask it back',
    collect: (gauge) => gauge.set(ledger.overpaid),
  })
  const lag = metrics.gauge({
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
  const onAcknowledged = (agreement: Hex) => {
    ledger.tell(agreement)
    wakeup.wake()
  }
  const serving = serveAcknowledgements({ ...options, now, onAcknowledged })
  const onWritten = (event: ConsignEvent) => {
    ledger.takeOwn(event)
    if (event.type === 'settlement.overpaid.v1') tellOverpaid(event.data, logger)
  }
  const writing = { ...options, now, onWritten }
  const channel = options.openChannel(attemptJournal(ledger.attempts, writing))
  options.ready()
  const tasks = new PayerTasks(ledger, { ...writing, channel })
  await Promise.all([consuming, serving, doWhatIsDue(tasks, { ...writing, wakeup })])
}

function tellOverpaid(data: EventData<'settlement.overpaid.v1'>, logger: Logger): void {
  const { agreement, wallet, due, paid, claimed, excess } = data
  logger.error(
    { agreement, code: 'settlement.overpaid', wallet, excess },
    `${wallet} has got ${excess} too much: due ${due}, paid ${paid}, and ${claimed} out of its guarantee; nothing more is paid to it, ask it back`,
  )
}
