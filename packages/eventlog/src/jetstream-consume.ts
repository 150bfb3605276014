import { Refusal } from '@consign/envelope'
import { AckPolicy, type ConsumerInfo, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/nats-core'
import type { ConnectionWatch } from './connection-watch.ts'
import type { ConsumeOptions, Recorded } from './event-log.ts'
import { handleUntilDone, pause } from './handling.ts'
import { Pull } from './pull.ts'
import { lastSeqOf } from './stream-end.ts'

const ACK_PENDING_MAX = 1024
// Redelivery by timer is not relied upon: a crash is repaired by resetting the consumer. The timer only must not outrun a slow handler.
const ACK_WAIT_MS = 10 * 60_000
const RESTART_MS = 200

type Connection = { nats: NatsConnection; jsm: JetStreamManager; watch: ConnectionWatch }
type DeadLetter = (message: Recorded, refusal: Refusal) => Promise<void>
/** Survives restarts of the consumer within this process. */
type Progress = { handledSeq: number }

/**
 * A durable pull consumer read strictly in order. JetStream alone does not give that: after a crash it delivers new messages first and
 * the unacknowledged ones when their timer ends. So each start (of the process, after a lost connection, after a hole in the
 * deliveries) resets the consumer to its acknowledged position (ADR-60) and reads on from there.
 */
export async function consumeInOrder(
  connection: Connection,
  options: ConsumeOptions,
  deadLetter: DeadLetter,
): Promise<void> {
  const progress: Progress = { handledSeq: 0 }
  const { nats, jsm, watch } = connection
  while (!options.signal.aborted) {
    if (nats.isClosed())
      throw new Refusal('log.closed', `consumer ${options.name}: the connection to NATS was closed`)
    try {
      await watch.whileConnected(() => resetConsumer(jsm, options, progress))
    } catch (error) {
      if (error instanceof Refusal) throw error
      await pause(RESTART_MS, options.signal)
      continue
    }
    await consumeRun(connection, options, deadLetter, progress)
    await pause(RESTART_MS, options.signal)
  }
}

/** Handles messages until `signal` aborts, the connection changes, the consumer is gone, or a delivery is missing. */
async function consumeRun(
  { nats, watch }: Connection,
  options: ConsumeOptions,
  deadLetter: DeadLetter,
  progress: Progress,
): Promise<void> {
  if (options.signal.aborted || nats.isClosed()) return
  const pull = new Pull(nats, options.stream ?? 'LOG', options.name)
  const stop = () => pull.stop()
  const unwatch = watch.listen(stop)
  options.signal.addEventListener('abort', stop, { once: true })
  try {
    let delivered: number | undefined
    for (let delivery = await pull.next(); delivery !== undefined; delivery = await pull.next()) {
      const { message, deliverySeq, pending } = delivery
      // One that was sent and did not arrive would otherwise be handled after its successors.
      if (delivered !== undefined && deliverySeq !== delivered + 1) return
      delivered = deliverySeq
      if (message.seq > progress.handledSeq) {
        if (!(await handleUntilDone(message, options, deadLetter))) return
        progress.handledSeq = message.seq
      }
      if (!nats.isClosed()) delivery.ack()
      options.onLag?.(pending)
    }
  } finally {
    pull.stop()
    unwatch()
    options.signal.removeEventListener('abort', stop)
  }
}

/** Brings the durable consumer to the position after the last acknowledged message; makes it when it is absent. */
async function resetConsumer(
  jsm: JetStreamManager,
  options: ConsumeOptions,
  progress: Progress,
): Promise<void> {
  const stream = options.stream ?? 'LOG'
  const lastSeq = await lastSeqOf(jsm, stream)
  const existing = await consumerInfo(jsm, stream, options.name)
  const handledSeq = Math.max(progress.handledSeq, existing?.ack_floor.stream_seq ?? 0)
  if (lastSeq < handledSeq)
    throw new Refusal(
      'log.rewound',
      `stream ${stream} ends at ${lastSeq}, but ${options.name} has handled ${handledSeq}: restore the stream`,
    )
  const filters = { filter_subjects: [...options.filters] }
  if (existing === undefined) {
    await jsm.consumers.add(stream, { ...durableConfig(options.name, handledSeq + 1), ...filters })
    return
  }
  if (!sameFilters(existing, options.filters)) await jsm.consumers.update(stream, options.name, filters)
  // Acknowledgements may have been lost with the connection; what this process has handled it does not ask for again.
  await jsm.consumers.reset(stream, options.name, handledSeq + 1)
}

function durableConfig(name: string, fromSeq: number) {
  return {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: ACK_PENDING_MAX,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: fromSeq,
  }
}

async function consumerInfo(
  jsm: JetStreamManager,
  stream: string,
  name: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await jsm.consumers.info(stream, name)
  } catch (error) {
    if (error instanceof Error && error.message === 'consumer not found') return undefined
    throw error
  }
}

function sameFilters({ config }: ConsumerInfo, filters: readonly string[]): boolean {
  const existing = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : [])
  return existing.length === filters.length && existing.every((filter) => filters.includes(filter))
}
