import { connectEventLog, connectNats, type EventLog, type Recorded } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Metrics, ServiceContext } from '@consign/runtime'
import { agreementOf, type PenaltyEvent } from './assess.ts'
import type { PenaltyConfig } from './config.ts'
import { AssessmentDesk } from './desk.ts'

/** What this service reads and what it writes. */
export const FLOW = {
  consumes: [subjects.envelope('*', '*'), subjects.custody('*')],
  emits: [subjects.penalty('*'), subjects.rating('*', '*')],
} as const

// × about 200 B an envelope of the legs under way; the one unused for longest is read from the log again.
const DESKS_MAX = 1_000

/** Handles the messages of the log one after another; a desk that failed is opened anew from the log. */
export class Assessor {
  readonly #log: EventLog
  readonly #desks = new Map<Hex, AssessmentDesk>()

  constructor(log: EventLog) {
    this.#log = log
  }

  async handle(message: Recorded): Promise<PenaltyEvent[]> {
    const agreement = agreementOf(message.subject)
    if (agreement === undefined) return []
    const desk = this.#desks.get(agreement) ?? (await AssessmentDesk.open(this.#log, agreement, message.seq))
    this.#desks.delete(agreement)
    const events = await desk.handle(message)
    this.#desks.set(agreement, desk)
    const [oldest] = this.#desks.keys()
    if (this.#desks.size > DESKS_MAX && oldest !== undefined) this.#desks.delete(oldest)
    return events
  }
}

export async function runPenalty(
  config: PenaltyConfig,
  { log, metrics, signal, ready }: ServiceContext,
): Promise<void> {
  const nats = await connectNats({ url: config.NATS_URL, name: 'penalty' })
  try {
    const eventLog = await connectEventLog({ nats })
    const assessor = new Assessor(eventLog)
    const measures = measuresOf(metrics)
    const work = eventLog.consume({
      name: 'penalty',
      filters: FLOW.consumes,
      signal,
      handle: async (message) => {
        for (const { event } of await assessor.handle(message)) {
          measures.events.inc({ type: event.type })
          log.info({ type: event.type, id: event.id }, 'assessed')
        }
      },
      onLag: (messages) => measures.lag.set(messages),
      onRetry: (message, error, delayMs) =>
        log.warn({ seq: message.seq, err: error, delayMs }, 'trying again'),
      onDeadLetter: (message, error) => {
        measures.refused.inc()
        log.warn({ seq: message.seq, subject: message.subject, err: error }, 'set aside as a dead letter')
      },
    })
    ready()
    await work
  } finally {
    await nats.close()
  }
}

function measuresOf(metrics: Metrics) {
  return {
    lag: metrics.gauge({
      name: 'consign_penalty_lag_messages',
      help: 'Messages of the log that are still to be handled.',
    }),
    events: metrics.counter({
      name: 'consign_penalty_events_total',
      help: 'Events written, by type.',
      labels: ['type'],
    }),
    refused: metrics.counter({
      name: 'consign_penalty_refused_total',
      help: 'Messages that are no envelope or event, set aside.',
    }),
  }
}
