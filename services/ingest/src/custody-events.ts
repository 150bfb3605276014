import { type Hex, Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'

/**
 * Custody events that the log holds, in order. One that cannot be read here (a newer version of custody wrote it) is passed over, as the
 * consumer does: it must neither keep ingest from starting nor make it refuse what a device sends.
 */
export async function* custodyEvents(
  events: EventLog,
  agreement: Hex | '*',
  onPassedOver: (seq: number, refusal: Refusal) => void = () => {},
): AsyncGenerator<ConsignEvent> {
  for await (const { seq, data } of events.read([subjects.custody(agreement)])) {
    let event: ConsignEvent
    try {
      event = parseEvent(data)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      onPassedOver(seq, error)
      continue
    }
    yield event
  }
}
