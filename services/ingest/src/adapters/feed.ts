/**
 * The feed of an agreement's parties: every full signed envelope goes to each of them before it is receipted, so that no party depends on
 * us. A message holds consecutive stored envelopes of one leg, each as `length uint32 ‖ wire`.
 */
import type { Hex } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { subjects } from '@consign/events'
import type { FeedPlace } from '../domain/shipment.ts'
import type { Publish } from './publishing.ts'

export const FEED_EVENT = 'envelopes'

export const FEED_HEADERS = {
  /** Several agreements may be about one shipment: they share its feed, not their cursors. */
  agreement: 'Consign-Agreement',
  leg: 'Consign-Leg',
  /** Lowest and highest counter in the message. */
  fromSeq: 'Consign-From-Seq',
  toSeq: 'Consign-To-Seq',
  /** Every envelope of the agreement up to this position of LOG is in this or an earlier message: where ingest goes on after a crash. */
  through: 'Consign-Log-Seq',
} as const

export type FedEnvelope = { seq: number; digest: Hex; wire: Uint8Array }

/** `through` as FEED_HEADERS says; `lastLogSeq` is the highest position in the batch. */
export type FeedBatch = {
  leg: number
  envelopes: readonly FedEnvelope[]
  lastLogSeq: number
  through: number
}

/** Up to which position of LOG each party has everything. */
export type FeedCursors = Map<Hex, number>

export async function feedCursors(events: EventLog, place: FeedPlace): Promise<FeedCursors> {
  const cursors: FeedCursors = new Map()
  for (const party of place.parties) cursors.set(party, await cursorOf(events, place, party))
  return cursors
}

async function cursorOf(events: EventLog, { agreement, sscc }: FeedPlace, party: Hex): Promise<number> {
  const subject = subjects.feed(party, sscc, FEED_EVENT)
  const last = await events.last(subject)
  if (last === undefined || last.headers[FEED_HEADERS.agreement] === agreement) return throughOf(last)
  let through = 0
  for await (const message of events.readStream('FEED', [subject]))
    if (message.headers[FEED_HEADERS.agreement] === agreement) through = throughOf(message)
  return through
}

function throughOf(message: Recorded | undefined): number {
  return Number(message?.headers[FEED_HEADERS.through] ?? 0)
}

/** Resolves when all parties' streams hold the batch. Safe to repeat; a party whose cursor is beyond the batch has it already. */
export async function feed(
  publish: Publish,
  place: FeedPlace,
  cursors: FeedCursors,
  batch: FeedBatch,
): Promise<void> {
  const bytes = lengthPrefixed(batch.envelopes.map((envelope) => envelope.wire))
  const seqs = batch.envelopes.map((envelope) => envelope.seq)
  const headers = {
    [FEED_HEADERS.agreement]: place.agreement,
    [FEED_HEADERS.leg]: String(batch.leg),
    [FEED_HEADERS.fromSeq]: String(Math.min(...seqs)),
    [FEED_HEADERS.toSeq]: String(Math.max(...seqs)),
    [FEED_HEADERS.through]: String(batch.through),
  }
  const name = `${batch.envelopes[0]?.digest}-${batch.envelopes.at(-1)?.digest}`
  const behind = place.parties.filter((party) => (cursors.get(party) ?? 0) < batch.lastLogSeq)
  await Promise.all(
    behind.map((party) =>
      publish(subjects.feed(party, place.sscc, FEED_EVENT), bytes, {
        msgId: `${party}:${name}`,
        headers,
      }),
    ),
  )
}

function lengthPrefixed(wires: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(wires.reduce((length, wire) => length + 4 + wire.length, 0))
  let offset = 0
  for (const wire of wires) {
    offset = bytes.writeUInt32BE(wire.length, offset)
    bytes.set(wire, offset)
    offset += wire.length
  }
  return bytes
}

/** The envelopes of one feed message. Throws RangeError when a length runs over its end. */
export function wiresOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const wires: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + view.getUint32(offset)
    if (end > bytes.length)
      throw new RangeError(`envelope ${wires.length} runs over the end of its feed message`)
    wires.push(bytes.subarray(offset + 4, end))
    offset = end
  }
  return wires
}
