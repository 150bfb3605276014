import { encodeFrame, encodeSignedReceipt, type Receipt, signReceipt } from '@consign/envelope'
import { step } from '@consign/runtime'
import { type FedEnvelope, type FeedCursors, feed } from './adapters/feed.ts'
import { type Context, persist } from './context.ts'
import { receiptsFor, type Settled } from './domain/receipts.ts'
import type { Shipment } from './domain/shipment.ts'
import { FLUSH_BYTES_MAX, FLUSH_ENVELOPES_MAX, FLUSH_MS, FLUSH_MS_MAX, UNFED_BYTES_MAX } from './limits.ts'

/** Something the device is to hear of, in the order decided. An envelope with a `wire` is new: the parties get it first. */
export type Entry = {
  settled: Settled
  /** Who sent it, and hears of it. */
  deviceId: string
  /** Absent for what is known already, parked, or no envelope. */
  wire?: Uint8Array | undefined
  /** Position in LOG once stored. */
  logSeq?: number
  /** False until the log (or PARKED) holds it. */
  durable: boolean
}

/** The way down to a device, while it is connected. */
export type DevicePort = { send(frame: Uint8Array): void }
export type Devices = { get(deviceId: string): DevicePort | undefined }

/**
 * What has been decided for one agreement and must still reach the parties and the device: first the feed, then the receipt, strictly in
 * order, many at a time. Nothing here is the only copy: what is lost in a crash is completed from the log.
 */
export class Outbox {
  readonly #context: Context
  readonly #devices: Devices
  readonly #entries: Entry[] = []
  #shipment: Shipment | undefined
  #cursors: FeedCursors = new Map()
  /** All up to this position of LOG is fed. */
  #through = 0
  #highestLogSeq = 0
  /** Positions came out of order (a write was repeated): the cursor waits until nothing is under way. */
  #disturbed = false
  #unfedBytes = 0
  #durable = 0
  #durableBytes = 0
  #timerEndMs = 0
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  readonly #waiting: (() => void)[] = []

  constructor(context: Context, devices: Devices) {
    this.#context = context
    this.#devices = devices
  }

  get empty(): boolean {
    return this.#entries.length === 0 && this.#flushing === undefined
  }

  /** Goes on where the parties' feeds end. */
  begin(shipment: Shipment, cursors: FeedCursors): void {
    this.#shipment = shipment
    this.#cursors = cursors
    this.#through = this.#highestLogSeq = Math.min(...cursors.values())
  }

  add(entry: Entry): Entry {
    this.#entries.push(entry)
    this.#unfedBytes += entry.wire?.length ?? 0
    if (entry.durable) this.#settled(entry)
    return entry
  }

  /** The log holds it. `disturbed`: the write was repeated, so that later ones may have been stored before it. */
  settle(entry: Entry, logSeq: number, disturbed = false): void {
    entry.logSeq = logSeq
    entry.durable = true
    this.#disturbed ||= disturbed
    this.#settled(entry)
  }

  /** As much waits for the feed as may. */
  get full(): boolean {
    return this.#unfedBytes > UNFED_BYTES_MAX
  }

  /** Resolves when it is not full. */
  async room(): Promise<void> {
    while (this.full) await this.#nextFlush()
  }

  /** Sends all that is durable now, without waiting for company. */
  async drain(): Promise<void> {
    while (this.#entries[0]?.durable) await this.#flush()
  }

  #settled({ wire }: Entry): void {
    this.#durable += 1
    this.#durableBytes += wire?.length ?? 0
    this.#flushSoon()
  }

  /** At once when a batch is full, else when nothing more has come for FLUSH_MS, or the first has waited for FLUSH_MS_MAX. */
  #flushSoon(): void {
    if (this.#flushing !== undefined) return
    if (this.#durable >= FLUSH_ENVELOPES_MAX || this.#durableBytes >= FLUSH_BYTES_MAX) {
      void this.#flush()
    } else if (this.#timer === undefined) {
      this.#timerEndMs = performance.now() + FLUSH_MS_MAX - FLUSH_MS
      this.#timer = setTimeout(() => void this.#flush(), FLUSH_MS)
    } else if (performance.now() < this.#timerEndMs) this.#timer.refresh()
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushing ??= this.#flushBatch()
      .catch((error: unknown) => this.#context.fail(error))
      .finally(() => {
        this.#flushing = undefined
        for (const resume of this.#waiting.splice(0)) resume()
        if (this.#entries[0]?.durable && !this.#context.signal.aborted) this.#flushSoon()
      })
    return this.#flushing
  }

  #nextFlush(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async #flushBatch(): Promise<void> {
    const batch = this.#takeBatch()
    if (batch.length === 0) return
    await this.#feed(batch.filter((entry) => entry.wire !== undefined))
    const shipment = this.#shipment
    for (const { settled, wire } of batch)
      if (wire !== undefined && settled.kind === 'main')
        shipment?.legs.get(settled.ref.leg)?.open?.coverage.add(settled.link.seq)
    const settled = batch.map((entry) => entry.settled)
    await this.receipts(
      batch[0]!.deviceId,
      receiptsFor(settled, (leg) => shipment?.legs.get(leg)?.open),
    )
  }

  /** Signed and sent, if the device is there to hear them. */
  async receipts(deviceId: string, receipts: readonly Receipt[]): Promise<void> {
    for (const receipt of receipts) {
      if (this.#devices.get(deviceId) === undefined) return
      const signed = await signReceipt(this.#context.crypto, this.#context.receiptKeys, receipt)
      this.#devices.get(deviceId)?.send(encodeFrame('receipt', encodeSignedReceipt(signed)))
      this.#context.metrics.receipts.inc({ status: receipt.status })
      step('ingest.receipted')
    }
  }

  /** The oldest entries that are durable, of one device; their new envelopes are of one leg and fit one feed message. */
  #takeBatch(): Entry[] {
    let bytes = 0
    let leg: number | undefined
    let count = 0
    for (const { durable, wire, settled, deviceId } of this.#entries) {
      if (!durable || deviceId !== this.#entries[0]?.deviceId || count === FLUSH_ENVELOPES_MAX) break
      if (wire !== undefined) {
        leg ??= settled.ref.leg
        if (settled.ref.leg !== leg || bytes >= FLUSH_BYTES_MAX) break
        bytes += wire.length
      }
      count += 1
    }
    this.#durable -= count
    this.#durableBytes -= bytes
    this.#unfedBytes -= bytes
    return this.#entries.splice(0, count)
  }

  async #feed(batch: Entry[]): Promise<void> {
    const [first] = batch
    if (first === undefined || this.#shipment === undefined) return
    for (const { logSeq = 0 } of batch) {
      this.#disturbed ||= logSeq <= this.#highestLogSeq
      this.#highestLogSeq = Math.max(this.#highestLogSeq, logSeq)
    }
    if (!this.#entries.some((entry) => entry.wire !== undefined)) this.#disturbed = false
    if (!this.#disturbed) this.#through = this.#highestLogSeq
    const shipment = this.#shipment
    const feedBatch = {
      leg: first.settled.ref.leg,
      envelopes: batch.map(fedEnvelope),
      lastLogSeq: Math.max(...batch.map((entry) => entry.logSeq ?? 0)),
      through: this.#through,
    }
    await persist(this.#context, 'feed', () =>
      feed(this.#context.publish, shipment, this.#cursors, feedBatch),
    )
    step('ingest.fed')
    this.#context.metrics.fed.inc(batch.length)
  }
}

function fedEnvelope({ settled, wire }: Entry): FedEnvelope {
  if (settled.kind === 'record' || wire === undefined) throw new Error('only envelopes are fed')
  return { seq: settled.link.seq, digest: settled.link.digest, wire }
}
