import { randomUUID } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import { type MsgHdrs, type NatsConnection, headers as newHeaders } from '@nats-io/nats-core'
import { encodeBatch, eventIdOf } from './batch.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import type { AppendOptions, NewEvent, Recorded } from './event-log.ts'
import { conflict } from './unavailable.ts'

const ACK_MS_MAX = 5_000
const HEADER_BYTES_MAX = 512 // a status line, an id of at most 200 and a few numbers

// Error codes of nats-server, both called "wrong last sequence". A cluster gives the second while another write to the subject is in
// process, which it still is for a moment after its acknowledgement: by itself it does not say that the subject has moved on.
const WRONG_LAST_SEQUENCE = 10071
const SUBJECT_IN_PROCESS = 10164

type Answer = { seq: number } | 'conflict' | 'inProcess'
type AckMessage = { seq: number; error?: { err_code: number; description: string } }
type Batch = { subject: string; bodies: readonly Uint8Array[]; firstId: string; expected: number }
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
  { nats, watch }: { nats: NatsConnection; watch: ConnectionWatch },
  reads: Reads,
  subject: string,
  events: readonly NewEvent[],
  { expectedSeq }: AppendOptions,
): Promise<{ lastSeq: number }> {
  const { firstId, bodies } = encodeBatch(events)
  checkSize(subject, bodies, nats.info?.max_payload)
  let expected = expectedSeq === 'any' ? ((await reads.last(subject))?.seq ?? 0) : expectedSeq
  for (;;) {
    const batch = { subject, bodies, firstId, expected }
    const { seq, there } = await watch.persistently(`appending to ${subject}`, async () => {
      const answer = await send(nats, batch)
      if (typeof answer === 'object') return { seq: answer.seq }
      const there = await reads.next(subject, expected + 1)
      if (answer === 'inProcess' && there === undefined) throw new Error('another write to it is in process')
      return { there }
    })
    if (seq !== undefined) return { lastSeq: seq }
    if (there !== undefined && eventIdOf(there) === firstId) return { lastSeq: there.seq + events.length - 1 }
    if (expectedSeq !== 'any') throw conflict(subject, expected)
    expected = (await reads.last(subject))?.seq ?? 0
  }
}

function checkSize(
  subject: string,
  bodies: readonly Uint8Array[],
  bytesMax = Number.POSITIVE_INFINITY,
): void {
  const largest = Math.max(...bodies.map((body) => body.length))
  if (largest + HEADER_BYTES_MAX > bytesMax)
    throw new Refusal(
      'log.tooLarge',
      `an event of ${largest} bytes for ${subject}: the server takes ${bytesMax}`,
    )
}

/**
 * One event: a plain publish. Several: an atomic batch (ADR-50), whose members before the last are not acknowledged one by one.
 * Throws when the outcome is not known.
 */
async function send(nats: NatsConnection, { subject, bodies, firstId, expected }: Batch): Promise<Answer> {
  const batchId = bodies.length > 1 ? randomUUID() : undefined
  const last = bodies.length - 1
  const headersOf = (index: number): MsgHdrs => {
    const headers = newHeaders()
    if (index === 0) headers.set('Nats-Expected-Last-Subject-Sequence', String(expected))
    if (batchId === undefined) {
      // Not inside a batch: the server would refuse it.
      headers.set('Nats-Msg-Id', firstId)
      return headers
    }
    headers.set('Nats-Batch-Id', batchId)
    headers.set('Nats-Batch-Sequence', String(index + 1))
    if (index === last) headers.set('Nats-Batch-Commit', '1')
    return headers
  }
  // Sent without waiting for the server's consent to begin a batch, as the client's own batches do: one round trip instead of two, and a
  // refusal answers the commit all the same.
  for (let i = 0; i < last; i++) nats.publish(subject, bodies[i], { headers: headersOf(i) })
  const answer = await nats.request(subject, bodies[last], { headers: headersOf(last), timeout: ACK_MS_MAX })
  const ack: AckMessage = answer.json()
  if (ack.error === undefined) return { seq: ack.seq }
  if (ack.error.err_code === WRONG_LAST_SEQUENCE) return 'conflict'
  if (ack.error.err_code === SUBJECT_IN_PROCESS) return 'inProcess'
  throw new Error(ack.error.description)
}
