import { Refusal } from '@consign/envelope'
import { encodeEvent } from '@consign/events'
import type { NewEvent, Recorded } from './event-log.ts'

/** The server's limit of an atomic batch (ADR-50). */
const BATCH_EVENTS_MAX = 1000

/** Bytes of events that are appended together, and the id of the first, by which a repeat is recognised. */
export function encodeBatch(events: readonly NewEvent[]): { firstId: string; bodies: Uint8Array[] } {
  const first = events[0]
  if (first === undefined) throw new TypeError('append needs at least one event')
  if (events.length > BATCH_EVENTS_MAX)
    throw new Refusal(
      'log.batch',
      `${events.length} events at once: at most ${BATCH_EVENTS_MAX} can be atomic`,
    )
  return { firstId: first.id, bodies: events.map(encodeEvent) }
}

export function eventIdOf(message: Recorded): unknown {
  return (JSON.parse(new TextDecoder().decode(message.data)) as { id?: unknown }).id
}
