import { STREAMS, type StreamName, streamOf } from '@consign/events'
import { encodeBatch, eventIdOf } from './batch.ts'
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
import { handleUntilDone } from './handling.ts'
import { subjectMatches } from './subject-match.ts'
import { conflict } from './unavailable.ts'

type MemoryStream = {
  messages: Recorded[]
  lastSeq: number
  /** Message id to position; like the server, for the duplicate window only. */
  ids: Map<string, { seq: number; timeMs: number }>
  /** Durable consumer to the last acknowledged position. */
  positions: Map<string, number>
}

/** An event log in memory, for tests and simulation: positions of consumers last as long as the object. `now` is ms UTC. */
export function memoryEventLog(now: () => number = Date.now): EventLog {
  return new MemoryEventLog(now)
}

class MemoryEventLog implements EventLog {
  readonly #now: () => number
  readonly #streams = new Map<StreamName, MemoryStream>()
  readonly #wakes = new Set<() => void>()

  constructor(now: () => number) {
    this.#now = now
  }

  async append(subject: string, events: readonly NewEvent[], { expectedSeq }: AppendOptions) {
    const { firstId, bodies } = encodeBatch(events)
    const stream = this.#stream(streamOf(subject))
    const ofSubject = stream.messages.filter((message) => message.subject === subject)
    const lastSeq = ofSubject.at(-1)?.seq ?? 0
    if (expectedSeq !== 'any' && expectedSeq !== lastSeq) {
      const there = ofSubject.find((message) => message.seq > expectedSeq)
      if (there && eventIdOf(there) === firstId) return { lastSeq: there.seq + events.length - 1 }
      throw conflict(subject, expectedSeq)
    }
    for (const body of bodies) this.#store(stream, subject, body, {})
    this.#wakeAll()
    return { lastSeq: stream.lastSeq }
  }

  async publish(subject: string, bytes: Uint8Array, { msgId, headers = {} }: PublishOptions) {
    const name = streamOf(subject)
    const stream = this.#stream(name)
    const known = stream.ids.get(msgId)
    if (known && this.#now() - known.timeMs < STREAMS[name].duplicateWindowMs)
      return { seq: known.seq, duplicate: true }
    const seq = this.#store(stream, subject, bytes.slice(), { ...headers })
    stream.ids.set(msgId, { seq, timeMs: this.#now() })
    this.#wakeAll()
    return { seq, duplicate: false }
  }

  read(filters: readonly string[], range: ReadRange = {}): AsyncIterable<Recorded> {
    return this.readStream('LOG', filters, range)
  }

  async *readStream(
    stream: StreamName,
    filters: readonly string[],
    { from = 1, to = this.#stream(stream).lastSeq }: ReadRange = {},
  ): AsyncGenerator<Recorded> {
    for (let message = this.#next(stream, filters, from); message && message.seq <= to; ) {
      yield message
      message = this.#next(stream, filters, message.seq + 1)
    }
  }

  async last(subject: string): Promise<Recorded | undefined> {
    return this.#stream(streamOf(subject)).messages.findLast((message) => message.subject === subject)
  }

  async lastSeq(stream: StreamName = 'LOG'): Promise<number> {
    return this.#stream(stream).lastSeq
  }

  async remove(stream: StreamName, seq: number): Promise<void> {
    const { messages } = this.#stream(stream)
    const at = messages.findIndex((message) => message.seq === seq)
    if (at >= 0) messages.splice(at, 1)
  }

  async consume(options: ConsumeOptions): Promise<void> {
    const { name, stream = 'LOG', filters, signal, onLag } = options
    const { positions, messages } = this.#stream(stream)
    const deadLetter = (message: Recorded, refusal: Parameters<typeof storeDeadLetter>[4]) =>
      storeDeadLetter(this, name, stream, message, refusal)
    while (!signal.aborted) {
      const message = this.#next(stream, filters, (positions.get(name) ?? 0) + 1)
      if (message === undefined) {
        await this.#changed(signal)
        continue
      }
      if (!(await handleUntilDone(message, options, deadLetter))) return
      positions.set(name, message.seq)
      const matches = (other: Recorded) =>
        other.seq > message.seq && filters.some((filter) => subjectMatches(filter, other.subject))
      onLag?.(messages.filter(matches).length)
    }
  }

  #stream(name: StreamName): MemoryStream {
    let stream = this.#streams.get(name)
    if (stream === undefined) {
      stream = { messages: [], lastSeq: 0, ids: new Map(), positions: new Map() }
      this.#streams.set(name, stream)
    }
    return stream
  }

  #store(stream: MemoryStream, subject: string, data: Uint8Array, headers: Record<string, string>): number {
    const seq = ++stream.lastSeq
    stream.messages.push({ seq, subject, data, headers, timeMs: this.#now() })
    return seq
  }

  #next(stream: StreamName, filters: readonly string[], from: number): Recorded | undefined {
    const { messages } = this.#stream(stream)
    // Positions only rise: start near the wanted one instead of at the beginning (removals shift it to the left).
    let at = Math.min(messages.length, from - 1)
    while (at > 0 && (messages[at - 1]?.seq ?? 0) >= from) at--
    for (; at < messages.length; at++) {
      const message = messages[at]
      if (message && message.seq >= from && filters.some((filter) => subjectMatches(filter, message.subject)))
        return message
    }
    return undefined
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakes.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wakes.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakes]) wake()
  }
}
