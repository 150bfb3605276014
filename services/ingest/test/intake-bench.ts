/** Ingest without its network: an intake over a log, and devices that are function calls. */
import { type KeySet, native, parseFrame, type Receipt, Refusal, verifyReceipt } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { type ConsignEvent, subjects } from '@consign/events'
import { createMetrics } from '@consign/runtime'
import { batchedPublish } from '../src/adapters/publishing.ts'
import type { Context } from '../src/context.ts'
import { Intake } from '../src/intake.ts'
import { ingestMetrics } from '../src/metrics.ts'
import { BASE_UTC_MS, DEVICE_ID, keysNumber } from './sample-device.ts'

export const RECEIPT_KEYS: KeySet = keysNumber(77)
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

export type Bench = {
  context: Context
  events: EventLog
  intake: Intake
  /** As a device whose session is open; resolves with the PUBACK. */
  upload(frame: Uint8Array, deviceId?: string): Promise<void>
  pull(): Promise<void>
  tell(event: ConsignEvent): Promise<void>
  /** All receipts that came down so far, verified. */
  receipts: Receipt[]
  acceptances: Uint8Array[]
  /** Resolves when everything taken is stored, fed and receipted. */
  settle(): Promise<void>
  stored(filter: string): Promise<Recorded[]>
}

/** Starts over a log that may hold what an earlier intake left. */
export async function startBench(events: EventLog, { nowMs = BASE_UTC_MS + 3_600_000 } = {}): Promise<Bench> {
  const stop = new AbortController()
  const context: Context = {
    log: SILENT,
    events,
    publish: batchedPublish(events),
    crypto: native,
    receiptKeys: RECEIPT_KEYS,
    metrics: ingestMetrics(createMetrics('ingest')),
    nowMs: () => nowMs,
    signal: stop.signal,
    fail: (error) => {
      throw error
    },
  }
  const intake = new Intake(context)
  await intake.load()
  await intake.recover(stop.signal)
  const receipts: Receipt[] = []
  const acceptances: Uint8Array[] = []
  const checks: Promise<unknown>[] = []
  intake.connected({
    deviceId: DEVICE_ID,
    send: (bytes) => {
      const frame = parseFrame(bytes)
      if (frame.kind === 'accept') acceptances.push(frame.bytes)
      if (frame.kind !== 'receipt') return
      receipts.push(frame.signed.record)
      checks.push(verifyReceipt(native, RECEIPT_KEYS.public, frame.signed))
    },
  })
  return {
    context,
    events,
    intake,
    receipts,
    acceptances,
    upload: async (bytes, deviceId = DEVICE_ID) => {
      try {
        const { durable } = await intake.take(deviceId, parseFrame(bytes), bytes)
        await durable
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        await intake.refuse(deviceId, bytes, error)
      }
    },
    pull: () => intake.answerPull(DEVICE_ID),
    tell: async (event) => {
      const subject = subjects.custody((event.data as { agreement: `0x${string}` }).agreement)
      await events.append(subject, [event], { expectedSeq: 'any' })
      const message = await events.last(subject)
      await intake.handle(message!)
    },
    settle: async () => {
      await intake.drain()
      await Promise.all(checks)
    },
    stored: (filter) => Array.fromAsync(events.readStream(streamOf(filter), [filter])),
  }
}

function streamOf(filter: string) {
  if (filter.startsWith('parked')) return 'PARKED'
  if (filter.startsWith('quarantine')) return 'QUARANTINE'
  return filter.startsWith('feed') ? 'FEED' : 'LOG'
}
