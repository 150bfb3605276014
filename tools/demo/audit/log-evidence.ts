import { type Envelope, parseEnvelope } from '@consign/envelope'
import { connectEventLog, connectNats, type Recorded } from '@consign/eventlog'
import { type ConsignEvent, type EventOf, type EventType, parseEvent } from '@consign/events'
import type { Hex } from 'viem'

/** What the event log alone says. */
export type LogEvidence = {
  /** Every message, in stream order. */
  messages: Recorded[]
  events: ConsignEvent[]
  /** Distinct envelopes of all shipments in stream order: the leaves of the anchored tree. */
  leaves: Uint8Array[]
  /** Envelopes of this agreement, by leg, in order of arrival, repeats left out. */
  envelopes: Map<number, Envelope[]>
  /** Messages that are neither an envelope nor an event although they are stored as one. */
  unreadable: number
}

export async function readLog(natsUrl: string, agreement: Hex): Promise<LogEvidence> {
  const nats = await connectNats({ url: natsUrl, name: 'audit' })
  try {
    const log = await connectEventLog({ nats })
    const messages: Recorded[] = []
    for await (const message of log.read(['>'])) messages.push(message)
    return sort(messages, agreement)
  } finally {
    await nats.close()
  }
}

function sort(messages: Recorded[], agreement: Hex): LogEvidence {
  const evidence: LogEvidence = { messages, events: [], leaves: [], envelopes: new Map(), unreadable: 0 }
  const seen = new Set<string>()
  for (const { subject, data } of messages) {
    const [family, id] = subject.split('.')
    if (family === 'device') continue
    if (family !== 'envelope') {
      const event = readOrNone(parseEvent, data)
      if (event === undefined) evidence.unreadable++
      else evidence.events.push(event)
      continue
    }
    const envelope = readOrNone(parseEnvelope, data)
    if (envelope === undefined) {
      evidence.unreadable++
      continue
    }
    const digest = envelope.digest.toHex()
    if (seen.has(digest)) continue
    seen.add(digest)
    evidence.leaves.push(envelope.digest)
    if (id !== agreement) continue
    const leg = evidence.envelopes.get(envelope.header.leg) ?? []
    evidence.envelopes.set(envelope.header.leg, [...leg, envelope])
  }
  return evidence
}

function readOrNone<T>(parse: (data: Uint8Array) => T, data: Uint8Array): T | undefined {
  try {
    return parse(data)
  } catch {
    return undefined
  }
}

/** Events of one type about one agreement, in order. */
export function eventsOf<T extends EventType>(evidence: LogEvidence, type: T, agreement: Hex): EventOf<T>[] {
  const about = evidence.events.filter(
    ({ type: is, data }) => is === type && 'agreement' in data && data.agreement === agreement,
  )
  return about as EventOf<T>[]
}
