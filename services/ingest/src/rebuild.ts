/** One agreement as the log tells it: what a crash leaves of it, and what a lane that was dropped comes back from. */
import { fromHex, type Hex, namedKeys, parseFrame } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import {
  type ConsignEvent,
  ENVELOPE_HEADERS,
  type EnvelopeFlag,
  type EventOf,
  subjects,
} from '@consign/events'
import { NO_NEXT_KEYS } from '@consign/terms'
import { type FeedCursors, feedCursors } from './adapters/feed.ts'
import { custodyEvents } from './custody-events.ts'
import type { Settled } from './domain/receipts.ts'
import { type ManualCutFact, Shipment } from './domain/shipment.ts'
import { type EnvelopeUpload, factOf, readEnvelope, readUpload } from './domain/upload.ts'
import type { Entry } from './outbox.ts'

/** An acceptance on its way to the device: of an offer of `leg`. `bytes` are those of a signed accept. */
export type Acceptance = { leg: number; offerDigest: Hex; bytes: Uint8Array }

export type Rebuilt = {
  shipment: Shipment
  acceptances: Acceptance[]
  cursors: FeedCursors
  /** Position in LOG of the first envelope that some party has not got yet; undefined when all have all. */
  unfedFrom?: number
}

/** Undefined while no event has named the agreement. */
export async function rebuild(events: EventLog, agreement: Hex): Promise<Rebuilt | undefined> {
  let shipment: Shipment | undefined
  const acceptances: Acceptance[] = []
  for await (const event of custodyEvents(events, agreement)) {
    if (event.type === 'custody.agreement.signed.v1') shipment ??= new Shipment(agreement, event.data.terms)
    else if (isManualCut(event)) shipment?.cutManually(manualCutOf(event.data))
    else if (event.type === 'custody.accepted.v1') acceptances.push(acceptanceOf(event.data))
  }
  if (shipment === undefined) return undefined
  const rebuilt: Rebuilt = { shipment, acceptances, cursors: await feedCursors(events, shipment) }
  const fedThrough = Math.min(...rebuilt.cursors.values())
  for await (const message of events.read([
    subjects.device(agreement, '*'),
    subjects.envelope(agreement, '*'),
  ])) {
    if (message.subject.startsWith('device.')) {
      shipment.evolve(factOf(readUpload(parseFrame(message.data)), flagsOf(message)))
      continue
    }
    const upload = readEnvelope(message.data)
    const flags = flagsOf(message)
    shipment.evolve(factOf(upload, flags))
    if (message.seq > fedThrough) rebuilt.unfedFrom ??= message.seq
    else if (!flags.includes('fork')) shipment.legs.get(upload.ref.leg)?.open?.coverage.add(upload.link.seq)
  }
  return rebuilt
}

/** Envelopes in LOG from a position on, for the feed that a crash interrupted. */
export async function* storedFrom(events: EventLog, agreement: Hex, from: number): AsyncGenerator<Entry> {
  for await (const message of events.read([subjects.envelope(agreement, '*')], { from })) {
    const upload = readEnvelope(message.data)
    yield {
      settled: settledEnvelope(upload, flagsOf(message)),
      deviceId: message.headers[ENVELOPE_HEADERS.device] ?? '',
      wire: message.data,
      logSeq: message.seq,
      durable: true,
    }
  }
}

export function settledEnvelope({ ref, link }: EnvelopeUpload, flags: readonly EnvelopeFlag[]): Settled {
  return flags.includes('fork') ? { kind: 'loose', ref, link, status: 'stored' } : { kind: 'main', ref, link }
}

export function acceptanceOf(data: { leg: number; offerDigest: Hex; accept: Hex }): Acceptance {
  return { leg: data.leg, offerDigest: data.offerDigest, bytes: fromHex(data.accept) }
}

/** By custodians who cut by hand: told by one of them, or known from the chain, which does not know the device that goes on. */
export type ManualCutEvent = EventOf<'custody.transferred.manually.v1' | 'custody.transferred.onchain.v1'>

export function isManualCut(event: ConsignEvent): event is ManualCutEvent {
  if (event.type === 'custody.transferred.onchain.v1') return event.data.by === 'manualCut'
  return event.type === 'custody.transferred.manually.v1'
}

export function manualCutOf(data: ManualCutEvent['data']): ManualCutFact {
  const { leg, n, cutDigest, nextKeysHash = NO_NEXT_KEYS } = data
  const replacement = 'replacement' in data ? data.replacement : undefined
  const device = replacement && {
    deviceId: replacement.device.deviceId.slice(2),
    keys: namedKeys(replacement.device),
  }
  return { leg, n, digest: cutDigest, nextKeysHash, replacement: device }
}

function flagsOf({ headers }: Recorded): EnvelopeFlag[] {
  return (headers[ENVELOPE_HEADERS.flags]?.split(',') ?? []) as EnvelopeFlag[]
}
