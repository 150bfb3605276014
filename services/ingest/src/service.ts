import { native } from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { subjects } from '@consign/events'
import type { ServiceContext } from '@consign/runtime'
import { type Broker, startBroker } from './adapters/broker.ts'
import { batchedPublish } from './adapters/publishing.ts'
import type { IngestConfig } from './config.ts'
import type { Context } from './context.ts'
import { Stopped } from './insist.ts'
import { Intake } from './intake.ts'
import { DRAIN_MS_MAX } from './limits.ts'
import { ingestMetrics } from './metrics.ts'
import { Uplink } from './uplink.ts'

export { FEED_EVENT, FEED_HEADERS, wiresOf } from './adapters/feed.ts'
export { HASHED_HEADER } from './adapters/quarantine.ts'
export { STEPS } from './steps.ts'

/** What this service reads and what it writes. Devices come by MQTT. */
export const FLOW = {
  consumes: [subjects.custody('*')],
  emits: [
    subjects.envelope('*', '*'),
    subjects.device('*', '*'),
    subjects.parked('*', '*'),
    subjects.quarantine('*'),
    subjects.feed('*', '*', 'envelopes'),
  ],
} as const

export async function runIngest(config: IngestConfig, service: ServiceContext): Promise<void> {
  const { log, signal, ready } = service
  const metrics = ingestMetrics(service.metrics)
  const nats = await connectNats({ url: config.NATS_URL, name: 'ingest' })
  const events = await connectEventLog({ nats })
  const stop = new AbortController()
  const context: Context = {
    log,
    metrics,
    events,
    publish: batchedPublish(events),
    crypto: native,
    receiptKeys: config.RECEIPT_KEY_FILE,
    nowMs: Date.now,
    signal: stop.signal,
    fail: (error) => {
      if (error instanceof Stopped) return
      // A bug: the process ends, and the devices send again what it had not acknowledged.
      setImmediate(() => {
        throw error
      })
    },
  }
  const intake = new Intake(context)
  await intake.load()
  const broker = await listen(config, context, intake)
  process.stdout.write(`${JSON.stringify({ event: 'listening', mqttPort: broker.port })}\n`)
  const work = Promise.all([consumeCustody(context, intake, signal), unlessStopped(intake.recover(signal))])
  ready()
  await Promise.race([aborted(signal), work.then(() => aborted(signal))])
  await drain(broker, intake)
  stop.abort()
  await work
  await broker.close()
  await nats.close()
}

function listen(config: IngestConfig, context: Context, intake: Intake): Promise<Broker> {
  const { metrics, log } = context
  return startBroker({
    host: config.MQTT_HOST,
    port: config.MQTT_PORT,
    tls: { cert: config.TLS_CERT_FILE, key: config.TLS_KEY_FILE, ca: config.TLS_CA_FILE },
    connectionsMax: config.CONNECTIONS_MAX,
    opened: (deviceId, publish) =>
      new Uplink(context, intake, { deviceId, publish, sessionKey: config.SESSION_KEY_FILE }),
    refused: (refusal, who) => {
      metrics.refused.inc({ code: refusal.code })
      log.warn({ code: refusal.code, ...who }, refusal.message)
    },
    ended: ({ read, written }) => {
      metrics.socketBytes.inc({ direction: 'up' }, read)
      metrics.socketBytes.inc({ direction: 'down' }, written)
    },
  })
}

function consumeCustody(
  { events, metrics, log }: Context,
  intake: Intake,
  signal: AbortSignal,
): Promise<void> {
  return unlessStopped(
    events.consume({
      name: 'ingest',
      filters: FLOW.consumes,
      signal,
      handle: (message) => intake.handle(message),
      onLag: (messages) => metrics.lag.set(messages),
      onRetry: (message, error, delayMs) =>
        log.warn({ seq: message.seq, err: error, delayMs }, 'trying again'),
      onDeadLetter: (message, error) =>
        log.error({ seq: message.seq, err: error }, 'set aside as a dead letter'),
    }),
  )
}

/** Reads nothing more, and finishes what has been read, as far as NATS lets it in time. */
async function drain(broker: Broker, intake: Intake): Promise<void> {
  broker.pause()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DRAIN_MS_MAX)
  })
  await Promise.race([intake.drain(), late])
  clearTimeout(timer)
}

async function unlessStopped(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
