import { type StreamName, streamOf } from '@consign/events'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { AckedPublisher } from './acked-publisher.ts'
import { ConnectionWatch } from './connection-watch.ts'
import { storeDeadLetter } from './dead-letter.ts'
import type {
  AppendOptions,
  ConsumeOptions,
  EventLog,
  NewEvent,
  PublishOptions,
  ReadRange,
  Recorded,
} from './event-log.ts'
import { appendEvents } from './jetstream-append.ts'
import { consumeInOrder } from './jetstream-consume.ts'
import { mergeInOrder, readFiltered } from './jetstream-read.ts'
import { checkServer, ensureStreams } from './jetstream-streams.ts'
import { plainHeaders } from './recorded.ts'
import { lastSeqOf } from './stream-end.ts'
import { unavailable } from './unavailable.ts'

export type EventLogOptions = {
  /** The caller closes it; everything under way then fails with `log.unavailable`, consumers with `log.closed`. */
  nats: NatsConnection
  /** Copies of each message in the cluster, when the streams are made; default 1. */
  replicas?: 1 | 3
}

/**
 * The event log in JetStream; makes the streams that are absent.
 * Throws Refusal `log.server` (too old, no JetStream), `log.stream` (a stream exists that cannot serve), `log.unavailable`.
 */
export async function connectEventLog({ nats, replicas = 1 }: EventLogOptions): Promise<EventLog> {
  checkServer(nats.info)
  const jsm = await managerOf(nats)
  await ensureStreams(jsm, replicas)
  return new JetStreamEventLog(nats, jsm, (await jsm.streams.info('LOG')).config.num_replicas > 1)
}

const JETSTREAM_READY_MS_MAX = 30_000

/** JetStream answers a moment after the server does, longer while a cluster elects its leader. */
async function managerOf(nats: NatsConnection): Promise<JetStreamManager> {
  const end = performance.now() + JETSTREAM_READY_MS_MAX
  for (;;) {
    try {
      return await jetstreamManager(nats)
    } catch (cause) {
      if (performance.now() > end || nats.isClosed()) throw unavailable('looking for JetStream', cause)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

class JetStreamEventLog implements EventLog {
  readonly #jsm: JetStreamManager
  readonly #replicated: boolean
  readonly #watch: ConnectionWatch
  readonly #connection: { nats: NatsConnection; jsm: JetStreamManager; watch: ConnectionWatch }
  readonly #publisher: AckedPublisher

  constructor(nats: NatsConnection, jsm: JetStreamManager, replicated: boolean) {
    this.#jsm = jsm
    this.#replicated = replicated
    this.#watch = new ConnectionWatch(nats)
    this.#connection = { nats, jsm, watch: this.#watch }
    this.#publisher = new AckedPublisher(nats, this.#watch)
  }

  append(subject: string, events: readonly NewEvent[], options: AppendOptions) {
    const next = (of: string, from: number) => this.#first(of, from)
    const last = (of: string) => this.last(of)
    return appendEvents(this.#connection, { next, last }, subject, events, options)
  }

  publish(subject: string, bytes: Uint8Array, options: PublishOptions) {
    return this.#publisher.publish(subject, bytes, options)
  }

  read(filters: readonly string[], range: ReadRange = {}): AsyncIterable<Recorded> {
    return this.readStream('LOG', filters, range)
  }

  async *readStream(
    stream: StreamName,
    filters: readonly string[],
    { from = 1, to }: ReadRange = {},
  ): AsyncGenerator<Recorded> {
    // One filter is read as one prefix of the stream. Several are read side by side and need a common end, or a message of the one
    // could be missed that is older than one seen of the other.
    const end = to ?? (filters.length === 1 ? Number.MAX_SAFE_INTEGER : await this.lastSeq(stream))
    const readings = filters.map((filter) =>
      readFiltered(this.#connection, { stream, filter, from, to: end }, this.#replicated),
    )
    const [only] = readings
    yield* readings.length === 1 && only !== undefined ? only : mergeInOrder(readings)
  }

  async last(subject: string): Promise<Recorded | undefined> {
    const found = await this.#watch.persistently('looking up the last message', () =>
      this.#jsm.streams.getMessage(streamOf(subject), { last_by_subj: subject }),
    )
    if (found === null) return undefined
    const { seq, data, header, time } = found
    return { seq, subject: found.subject, data, headers: plainHeaders(header), timeMs: time.getTime() }
  }

  async lastSeq(stream: StreamName = 'LOG'): Promise<number> {
    return this.#watch.persistently(`asking for the end of ${stream}`, () => lastSeqOf(this.#jsm, stream))
  }

  async remove(stream: StreamName, seq: number): Promise<void> {
    await this.#watch.persistently(`removing message ${seq} of ${stream}`, async () => {
      if ((await this.#jsm.streams.getMessage(stream, { seq })) === null) return
      await this.#jsm.streams.deleteMessage(stream, seq, false)
    })
  }

  consume(options: ConsumeOptions): Promise<void> {
    return consumeInOrder(this.#connection, options, (message, refusal) =>
      storeDeadLetter(this, options.name, options.stream ?? 'LOG', message, refusal),
    )
  }

  async #first(subject: string, from: number): Promise<Recorded | undefined> {
    for await (const message of this.read([subject], { from })) return message
    return undefined
  }
}
