import type { EventEnvelope, StreamName } from '@consign/events'

/** A message as it stands in a stream. `seq` is its position (from 1), `timeMs` when it was stored (ms UTC). */
export type Recorded = {
  seq: number
  subject: string
  data: Uint8Array
  headers: Record<string, string>
  timeMs: number
}

export type NewEvent = EventEnvelope

export type AppendOptions = {
  /** Position of the last message of this very subject that the decision was based on; 0 for none. */
  expectedSeq: number | 'any'
}

export type PublishOptions = {
  /** Names the content: the same id within the duplicate window (2 min) is stored once. */
  msgId: string
  headers?: Record<string, string>
}

/** Positions, both inclusive. Without `to`: up to what is stored when reading begins. */
export type ReadRange = { from?: number; to?: number }

export type ConsumeOptions = {
  /** Name of the durable position: letters, digits, `-`, `_`. One process at a time may consume under a name. */
  name: string
  stream?: StreamName
  filters: readonly string[]
  /** Called for one message at a time. May see a message again after a crash: it must be idempotent. */
  handle: (message: Recorded) => Promise<void>
  signal: AbortSignal
  /** How many matching messages are still to be handled after this one. */
  onLag?: (messages: number) => void
  /** A handler refused with `retry`; it is tried again in `delayMs`. For logs. */
  onRetry?: (message: Recorded, error: Error, delayMs: number) => void
  /** A message went to `quarantine.<name>`. For logs. */
  onDeadLetter?: (message: Recorded, error: Error) => void
}

/**
 * The log that everything is derived from. Two implementations pass the same contract test: JetStream, and memory for tests.
 * What is resolved is stored. Every method may throw Refusal `log.unavailable` (retry: true) when the log could not be reached
 * for long; the outcome of a write is then unknown, and repeating the same call is safe.
 */
export interface EventLog {
  /**
   * Appends events to one subject of LOG, several as one atomic batch (at most 1000).
   * Throws Refusal `log.conflict` (retry: true) when the subject has moved on, `event.schema` when an event is not as declared.
   */
  append(subject: string, events: readonly NewEvent[], options: AppendOptions): Promise<{ lastSeq: number }>

  /**
   * Stores bytes; calls may overlap, and are then sent in call order over one connection. Who needs a strict order even across the
   * loss of a server awaits each call.
   */
  publish(
    subject: string,
    bytes: Uint8Array,
    options: PublishOptions,
  ): Promise<{ seq: number; duplicate: boolean }>

  /** LOG messages of these subjects (wildcards allowed) in stream order. Ends: it does not wait for new ones. */
  read(filters: readonly string[], range?: ReadRange): AsyncIterable<Recorded>
  /** The same over another stream. */
  readStream(stream: StreamName, filters: readonly string[], range?: ReadRange): AsyncIterable<Recorded>

  /** The last message of a subject, in whichever stream holds it. */
  last(subject: string): Promise<Recorded | undefined>

  /** Position of the last message of a stream; 0 when it is empty. */
  lastSeq(stream?: StreamName): Promise<number>

  /** Takes one message out for ever (parked messages that found their place). Absent is no error. */
  remove(stream: StreamName, seq: number): Promise<void>

  /**
   * Handles matching messages strictly in stream order, one at a time, from the durable position on, until `signal` aborts (then
   * resolves when the handler under way is done). A message is acknowledged when `handle` resolves. When it throws a Refusal with
   * retry, it is tried again in place, with growing delay; another Refusal: the message is copied to `quarantine.<name>` and
   * passed; anything else is a bug: rejects with it, and the message comes again after the restart.
   */
  consume(options: ConsumeOptions): Promise<void>
}
