/** Refused bytes and why, per device, in the stream QUARANTINE: whole up to a quota, then as hash and reason, then only counted. */
import { createHash } from 'node:crypto'
import type { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { ENVELOPE_HEADERS, QUARANTINE_HEADERS, subjects } from '@consign/events'
import { step } from '@consign/runtime'
import { type Context, persist } from '../context.ts'
import { QUARANTINE_BYTES_MAX, QUARANTINE_COUNT_MAX, QUARANTINE_HASHES_MAX } from '../limits.ts'

/** Set when the message is not the bytes themselves, but their SHA-256. */
export const HASHED_HEADER = 'Consign-Hashed'
const REASON_CHARACTERS_MAX = 300
/** × 100 B: devices whose use of the quota is in memory; others are counted again from the stream. */
const DEVICES_MAX = 10_000

type Used = { whole: number; bytes: number; hashes: number }

export class Quarantine {
  readonly #context: Context
  /** The least recently used first. */
  readonly #used = new Map<string, Promise<Used>>()

  constructor(context: Context) {
    this.#context = context
  }

  /** Resolves when the refusal is kept as far as the quota goes: then the bytes may be acknowledged. */
  async hold(deviceId: string, bytes: Uint8Array, refusal: Refusal): Promise<void> {
    const { metrics, log, events, nowMs } = this.#context
    metrics.quarantined.inc({ code: refusal.code })
    log.warn({ device: deviceId, code: refusal.code, bytes: bytes.length }, refusal.message)
    const used = await this.#usedBy(deviceId)
    const whole = used.whole < QUARANTINE_COUNT_MAX && used.bytes + bytes.length <= QUARANTINE_BYTES_MAX
    if (!whole && used.hashes >= QUARANTINE_HASHES_MAX) return
    if (whole) {
      used.whole += 1
      used.bytes += bytes.length
    } else used.hashes += 1
    const sha256 = createHash('sha256').update(bytes).digest()
    const headers = {
      [QUARANTINE_HEADERS.code]: refusal.code,
      [QUARANTINE_HEADERS.reason]: printable(refusal.message),
      [ENVELOPE_HEADERS.receivedMs]: String(nowMs()),
      ...(whole ? {} : { [HASHED_HEADER]: 'sha-256' }),
    }
    const msgId = `quarantine:${deviceId}:${sha256.toString('hex')}:${refusal.code}`
    await persist(this.#context, 'quarantine', () =>
      events.publish(subjects.quarantine(deviceId), whole ? bytes : sha256, { msgId, headers }),
    )
    step('ingest.quarantined')
  }

  #usedBy(deviceId: string): Promise<Used> {
    const used =
      this.#used.get(deviceId) ??
      persist(this.#context, 'quarantine', () => count(this.#context.events, deviceId))
    this.#used.delete(deviceId)
    this.#used.set(deviceId, used)
    if (this.#used.size > DEVICES_MAX) this.#used.delete(this.#used.keys().next().value!)
    return used
  }
}

async function count(events: EventLog, deviceId: string): Promise<Used> {
  const used: Used = { whole: 0, bytes: 0, hashes: 0 }
  for await (const { data, headers } of events.readStream('QUARANTINE', [subjects.quarantine(deviceId)])) {
    if (headers[HASHED_HEADER] !== undefined) used.hashes += 1
    else {
      used.whole += 1
      used.bytes += data.length
    }
  }
  return used
}

/** A header holds ASCII without line ends. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, REASON_CHARACTERS_MAX)
}
