/**
 * Frames that cannot be checked yet, kept in the stream PARKED until the record that is missing comes. An index in memory (200 B a frame)
 * knows what is parked where; it is rebuilt from the stream at start.
 */
import { type Hex, Refusal } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { ENVELOPE_HEADERS, subjects } from '@consign/events'
import { PARKED_BYTES_MAX, PARKED_COUNT_MAX } from '../limits.ts'

export type ParkedFrame = {
  agreement: Hex
  leg: number
  digest: Hex
  deviceId: string
  receivedMs: number
  frame: Uint8Array
}
export type Parked = ParkedFrame & { position: number }

type Held = { count: number; bytes: number }

export class Parking {
  readonly #events: EventLog
  /** Agreement → `device:digest` of what is parked or on its way there. */
  readonly #byAgreement = new Map<Hex, Set<string>>()
  readonly #byDevice = new Map<string, Held>()

  constructor(events: EventLog) {
    this.#events = events
  }

  async rebuild(): Promise<void> {
    this.#byAgreement.clear()
    this.#byDevice.clear()
    for await (const message of this.#events.readStream('PARKED', ['parked.*.*']))
      this.#index(parkedOf(message))
  }

  get agreements(): Hex[] {
    return [...this.#byAgreement.keys()]
  }

  get size(): number {
    let size = 0
    for (const keys of this.#byAgreement.values()) size += keys.size
    return size
  }

  has(agreement: Hex): boolean {
    return this.#byAgreement.has(agreement)
  }

  holds(parked: ParkedFrame): boolean {
    return this.#byAgreement.get(parked.agreement)?.has(keyOf(parked)) ?? false
  }

  /** Takes up room for a frame. Throws Refusal `parked.quota` when the device has as much parked as it may. */
  reserve(parked: ParkedFrame): void {
    const held = this.#byDevice.get(parked.deviceId) ?? { count: 0, bytes: 0 }
    if (held.count >= PARKED_COUNT_MAX || held.bytes + parked.frame.length > PARKED_BYTES_MAX)
      throw new Refusal(
        'parked.quota',
        `device ${parked.deviceId} has ${held.count} frames waiting for a record that is missing: it keeps the others`,
      )
    this.#index(parked)
  }

  /** Safe to repeat. */
  async store(parked: ParkedFrame): Promise<void> {
    await this.#events.publish(subjects.parked(parked.agreement, parked.leg), parked.frame, {
      msgId: keyOf(parked),
      headers: {
        [ENVELOPE_HEADERS.device]: parked.deviceId,
        [ENVELOPE_HEADERS.digest]: parked.digest,
        [ENVELOPE_HEADERS.receivedMs]: String(parked.receivedMs),
      },
    })
  }

  /** What is parked for an agreement, in the order it came. */
  async *read(agreement: Hex): AsyncGenerator<Parked> {
    for await (const message of this.#events.readStream('PARKED', [subjects.parked(agreement, '*')]))
      yield parkedOf(message)
  }

  /** It has found its place, or has been refused. Safe to repeat. */
  async remove(parked: Parked): Promise<void> {
    await this.#events.remove('PARKED', parked.position)
    const keys = this.#byAgreement.get(parked.agreement)
    if (!keys?.delete(keyOf(parked))) return
    if (keys.size === 0) this.#byAgreement.delete(parked.agreement)
    const held = this.#byDevice.get(parked.deviceId)
    if (held === undefined) return
    held.count -= 1
    held.bytes -= parked.frame.length
    if (held.count === 0) this.#byDevice.delete(parked.deviceId)
  }

  #index(parked: ParkedFrame): void {
    const keys = this.#byAgreement.get(parked.agreement) ?? new Set()
    this.#byAgreement.set(parked.agreement, keys)
    if (keys.has(keyOf(parked))) return
    keys.add(keyOf(parked))
    const held = this.#byDevice.get(parked.deviceId) ?? { count: 0, bytes: 0 }
    held.count += 1
    held.bytes += parked.frame.length
    this.#byDevice.set(parked.deviceId, held)
  }
}

/** The device is part of the name: what one device parks under a digest must not keep another's frame out. */
function keyOf({ deviceId, digest, leg }: ParkedFrame): string {
  return `parked:${deviceId}:${leg}:${digest}`
}

function parkedOf(message: Recorded): Parked {
  const [, agreement = '', leg] = message.subject.split('.')
  const { headers } = message
  return {
    agreement: agreement as Hex,
    leg: Number(leg),
    digest: (headers[ENVELOPE_HEADERS.digest] ?? '0x') as Hex,
    deviceId: headers[ENVELOPE_HEADERS.device] ?? '',
    receivedMs: Number(headers[ENVELOPE_HEADERS.receivedMs] ?? message.timeMs),
    frame: message.data,
    position: message.seq,
  }
}
