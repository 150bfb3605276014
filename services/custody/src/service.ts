import { native } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog, type Recorded } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import type { Logger, Metrics, ServiceContext } from '@consign/runtime'
import { serveCommands } from './commands.ts'
import type { CustodyConfig } from './config.ts'
import { AgreementDesk } from './desk.ts'
import { FEED_FILTERS, Feed } from './feed.ts'
import type { Deployment } from './requests.ts'
import { lastStored } from './stored-envelope.ts'
import { closeWindows, readWindows } from './windows.ts'

/** What this service reads, what it answers and what it writes. */
export const FLOW = {
  consumes: [subjects.device('*', '*'), subjects.envelope('*', '*'), ...FEED_FILTERS],
  serves: [
    'cmd.<address>.agreement',
    'cmd.<address>.accept',
    'cmd.<address>.manualCut',
    'cmd.<address>.refuseTender',
    'cmd.<address>.replay',
  ],
  emits: [subjects.custody('*'), 'feed.<address>.<shipment>.<event>'],
} as const

// × about 50 KiB (terms with their keys, records that wait) = 50 MiB; the one unused for longest is read from the log again.
const DESKS_MAX = 1_000

export async function runCustody(
  config: CustodyConfig,
  { log, metrics, signal, ready }: ServiceContext,
): Promise<void> {
  const nats = await connectNats({ url: config.NATS_URL, name: 'custody' })
  try {
    const eventLog = await connectEventLog({ nats })
    const deployment = {
      chainId: config.CHAIN_ID,
      factory: config.FACTORY,
      implementation: config.IMPLEMENTATION,
    }
    const measures = measuresOf(metrics)
    const deskOf = desks(eventLog, deployment, (code, agreement, message) => {
      measures.refused.inc({ code })
      log.warn({ code, agreement }, message)
    })
    const feed = new Feed(eventLog)
    const context = { log: eventLog, crypto: native, deployment, deskOf, nowMs: Date.now }
    const onAnswer = (command: string, code: string) => measures.requests.inc({ command, code })
    const consume = (
      name: string,
      filters: readonly string[],
      handle: Parameters<EventLog['consume']>[0]['handle'],
    ) =>
      eventLog.consume({
        name,
        filters,
        signal,
        handle,
        onLag: (messages) => measures.lag.set({ consumer: name }, messages),
        onRetry: (message, error, delayMs) =>
          log.warn({ seq: message.seq, err: error, delayMs }, 'trying again'),
        onDeadLetter: (message, error) => {
          measures.refused.inc({ code: 'code' in error ? String(error.code) : 'unknown' })
          log.warn({ seq: message.seq, subject: message.subject, err: error }, 'set aside as a dead letter')
        },
      })
    const windows = await readWindows(eventLog)
    const work = [
      consume('custody', [subjects.device('*', '*'), subjects.envelope('*', '*')], (message) =>
        deskOf(message.subject.split('.')[1] as Hex).handle(message),
      ),
      consume('custody-feed', FEED_FILTERS, async (message) => {
        await feed.handle(message)
        windows.take(message)
        await followChain(message, { eventLog, deskOf, log })
      }),
      closeWindows({
        windows,
        close: ({ agreement, ...window }) =>
          deskOf(agreement).request(async () => ({ type: 'closeWindow', ...window }), {
            timeMs: window.nowMs,
          }),
        graceMs: config.WINDOW_GRACE_MS,
        nowMs: Date.now,
        signal,
      }),
      serveCommands({ nats, eventLog, context, log, signal, onAnswer }),
    ]
    ready()
    await Promise.all(work)
    await nats.flush()
  } finally {
    await nats.close()
  }
}

/** What the chain says is on the subject of the agreement; journals are on those of wallets. */
async function followChain(
  message: Recorded,
  { eventLog, deskOf, log }: { eventLog: EventLog; deskOf: (agreement: Hex) => AgreementDesk; log: Logger },
): Promise<void> {
  if (!message.subject.startsWith('chain.')) return
  const event = parseEvent(message.data)
  if (event.type !== 'chain.custody.moved.v1') return
  const { agreement, leg, n, manualCut } = event.data
  const highestSeq = manualCut && (await lastStored(eventLog, agreement, leg))?.seq
  if (highestSeq !== undefined && n <= highestSeq) {
    const said = `the custodians of leg ${leg} have told the chain ${n} envelopes, and ${highestSeq + 1} are stored: nothing is proven there beyond theirs`
    log.warn({ code: 'chainTransfer.envelopes', agreement }, said)
  }
  const cause = { timeMs: message.timeMs, causation: `LOG:${message.seq}` }
  await deskOf(agreement).follow(event.data, message.seq, cause)
}

/** One desk per agreement, so that what happens to an agreement happens one at a time. */
function desks(
  log: EventLog,
  { chainId }: Deployment,
  onLateRefusal: (code: string, agreement: Hex, message: string) => void,
): (agreement: Hex) => AgreementDesk {
  const open = new Map<Hex, AgreementDesk>()
  return (agreement) => {
    const desk =
      open.get(agreement) ??
      new AgreementDesk({
        log,
        crypto: native,
        place: { chainId, agreement },
        onLateRefusal: (kind, { code, message }) => onLateRefusal(code, agreement, `${kind}: ${message}`),
      })
    open.delete(agreement)
    open.set(agreement, desk)
    const [oldest] = open.keys()
    if (open.size > DESKS_MAX && oldest !== undefined) open.delete(oldest)
    return desk
  }
}

function measuresOf(metrics: Metrics) {
  return {
    lag: metrics.gauge({
      name: 'consign_custody_lag_messages',
      help: 'Messages of the log that are still to be handled.',
      labels: ['consumer'],
    }),
    requests: metrics.counter({
      name: 'consign_custody_requests_total',
      help: 'Requests of parties by command and code of the answer.',
      labels: ['command', 'code'],
    }),
    refused: metrics.counter({
      name: 'consign_custody_refused_total',
      help: 'Device records refused, by code.',
      labels: ['code'],
    }),
  }
}
