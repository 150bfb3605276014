import { randomUUID } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import { encodeEvent } from '@consign/events'
import { type MsgHdrs, type NatsConnection, headers as newHeaders } from '@nats-io/nats-core'
import type { AppendOptions, NewEvent, Recorded } from './event-log.ts'
import { conflict, unavailable } from './unavailable.ts'

/** The server's limit of an atomic batch (ADR-50). */
const BATCH_EVENTS_MAX = 1000
const ACK_MS_MAX = 5_000
const ATTEMPTS_MAX = 8

// Error codes of nats-server: "wrong last sequence", in its two forms.
const WRONG_LAST_SEQUENCE = new Set([10071, 10164])

type Answer = { seq: number } | 'conflict' | { unknown: unknown }
type Reads = {
  /** The first message of the subject at or after a position. */
  next(subject: string, from: number): Promise<Recorded | undefined>
  last(subject: string): Promise<Recorded | undefined>
}

/**
 * Appends with the expected last position of the subject, so a write whose answer was lost is simply repeated: either it had not
 * arrived, or the repeat conflicts and the event found there carries our id.
 */
export async function appendEvents(
  nats: NatsConnection,
  reads: Reads,
  subject: string,
  events: readonly NewEvent[],
  { expectedSeq }: AppendOptions,
): Promise<{ lastSeq: number }> {
  const bodies = events.map(encodeEvent)
  const first = events[0]
  if (first === undefined) throw new TypeError('append needs at least one event')
  if (events.length > BATCH_EVENTS_MAX)
    throw new Refusal(
      'log.batch',
      `${events.length} events at once: at most ${BATCH_EVENTS_MAX} can be atomic`,
    )
  let expected = expectedSeq === 'any' ? ((await reads.last(subject))?.seq ?? 0) : expectedSeq
  for (let attempt = 1; ; attempt++) {
    const answer = await send(nats, subject, bodies, first.id, expected)
    if (answer !== 'conflict' && 'seq' in answer) return { lastSeq: answer.seq }
    if (answer === 'conflict') {
      const there = await reads.next(subject, expected + 1)
      if (there !== undefined && idOf(there) === first.id) return { lastSeq: there.seq + events.length - 1 }
      if (expectedSeq !== 'any') throw conflict(subject, expected)
      expected = (await reads.last(subject))?.seq ?? 0
      continue
    }
    if (attempt >= ATTEMPTS_MAX || nats.isClosed())
      throw unavailable(`appending to ${subject}`, answer.unknown)
    await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 50 * 2 ** attempt)))
  }
}

/** One event: a plain publish. Several: an atomic batch, whose members before the last are not acknowledged one by one. */
async function send(
  nats: NatsConnection,
  subject: string,
  bodies: readonly Uint8Array[],
  firstId: string,
  expected: number,
): Promise<Answer> {
  const batch = bodies.length > 1 ? randomUUID() : undefined
  const headersOf = (index: number): MsgHdrs => {
    const headers = newHeaders()
    if (index === 0) headers.set('Nats-Expected-Last-Subject-Sequence', String(expected))
    // Not inside a batch: the server would refuse it.
    if (batch === undefined) headers.set('Nats-Msg-Id', firstId)
    else {
      headers.set('Nats-Batch-Id', batch)
      headers.set('Nats-Batch-Sequence', String(index + 1))
      if (index === bodies.length - 1) headers.set('Nats-Batch-Commit', '1')
    }
    return headers
  }
  try {
    const last = bodies.length - 1
    // Sent without waiting for the server's consent to begin a batch: one round trip, and a refusal answers the commit all the same.
    for (let i = 0; i < last; i++) nats.publish(subject, bodies[i], { headers: headersOf(i) })
    const answer = await nats.request(subject, bodies[last], {
      headers: headersOf(last),
      timeout: ACK_MS_MAX,
    })
    return read(answer.json())
  } catch (cause) {
    return { unknown: cause }
  }
}

function read(ack: { seq: number; error?: { code: number; err_code: number; description: string } }): Answer {
  if (ack.error === undefined) return { seq: ack.seq }
  if (WRONG_LAST_SEQUENCE.has(ack.error.err_code)) return 'conflict'
  return { unknown: new Error(ack.error.description) }
}

function idOf(message: Recorded): unknown {
  return (JSON.parse(new TextDecoder().decode(message.data)) as { id?: unknown }).id
}
