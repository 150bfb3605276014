import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type CryptoProvider,
  encodeFrame,
  type Hex,
  parseFrame,
  Refusal,
  type SignedReceipt,
  verifyReceipt,
} from '@consign/envelope'
import { type Logger, step } from '@consign/runtime'
import type { Tell } from '../events.ts'
import type { Clock } from '../record/clock.ts'
import type { Spool } from '../spool/spool.ts'
import { backoffMs } from './backoff.ts'
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts'
import { applyReceipt } from './receipts.ts'

export const UNACKNOWLEDGED_MAX = 32 // × 42 KiB of the largest envelope = 1.3 MiB in memory
const DOWNLINKS_MAX = 1_024 // verified one by one; a flood beyond that closes the connection
const PULL_MS = 5_000
const RECEIPT_MS_MAX = 20_000 // sent, and for so long no receipt at all: start over with a new session

export type UplinkOptions = Omit<ConnectionOptions, 'received' | 'unreadable'> & {
  spool: Spool
  crypto: CryptoProvider
  chainId: number
  agreement: Hex
  /** Public ML-DSA-44 key of ingest, 1312 bytes. */
  receiptKey: Uint8Array
  clock: Clock
  random: () => number
  log: Logger
  tell: Tell
  /** A signed acceptance that came down. */
  accept: (bytes: Uint8Array) => void
}

/**
 * Carries the spool up in order, as often as it takes: a frame is deleted only when ingest's receipt covers it. After each connect everything
 * without a receipt is sealed again under the new session. Emits 'receipted' after each deletion. Cut networks only delay.
 */
export class Uplink extends EventEmitter<{ receipted: []; wake: [] }> {
  readonly #o: UplinkOptions
  #failures = 0

  constructor(options: UplinkOptions) {
    super()
    this.#o = options
  }

  /** There may be something new to send. */
  wake(): void {
    this.emit('wake')
  }

  /** Until aborted; a fault of this program rejects, one of the network never does. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reason = await this.#connectOnce(signal)
      if (signal.aborted) return
      const retryMs = backoffMs(this.#failures++, this.#o.random())
      this.#o.log.warn({ reason, retryMs }, 'not connected')
      this.#o.tell({ event: 'disconnected', reason, retryMs })
      await delay(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  /** One connection from hello to its end; the reason why it ended. */
  async #connectOnce(signal: AbortSignal): Promise<string> {
    const downlinks = new Downlinks(this.#o, () => this.#receipted())
    let connection: Connection
    try {
      connection = await openConnection({ ...this.#o, ...downlinks.handlers }, signal)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    this.#o.tell({ event: 'connected', url: this.#o.url })
    const over = new AbortController()
    try {
      const pump = this.#pump(connection, downlinks, over.signal)
      const watch = this.#watch(connection, downlinks, over.signal)
      return await Promise.race([connection.closed, downlinks.overflow, downlinks.fault, pump, watch])
    } finally {
      over.abort()
      await connection.close()
    }
  }

  #receipted(): void {
    this.#failures = 0
    this.emit('receipted')
  }

  /** Sends the spool from its beginning, then whatever joins it; at most UNACKNOWLEDGED_MAX without PUBACK. */
  async #pump(connection: Connection, downlinks: Downlinks, over: AbortSignal): Promise<string> {
    const inFlight = new Set<Promise<void>>()
    let lost: string | undefined
    let cursor = 0
    await connection.send(encodeFrame('pull')).catch((error: Error) => {
      lost = error.message
    })
    while (!over.aborted && lost === undefined) {
      const frame = this.#o.spool.frames.after(cursor)
      if (!frame) {
        await once(this, 'wake', { signal: over }).catch(() => {})
        continue
      }
      cursor = frame.id
      const sent = connection
        .send(encodeFrame(frame.kind, frame.bytes))
        .catch((error: Error) => {
          lost = error.message
        })
        .finally(() => inFlight.delete(sent))
      inFlight.add(sent)
      downlinks.expectReceipt()
      step('edge.sent')
      if (inFlight.size >= UNACKNOWLEDGED_MAX) await Promise.race([...inFlight, connection.closed])
    }
    return lost ?? 'connection closed'
  }

  /** Asks again for what may have been missed, and gives up a connection that no longer brings receipts. */
  async #watch(connection: Connection, downlinks: Downlinks, over: AbortSignal): Promise<string> {
    for (;;) {
      await delay(PULL_MS, undefined, { signal: over }).catch(() => {})
      if (over.aborted) return 'connection closed'
      const waitedMs = downlinks.waitedMs()
      if (waitedMs > RECEIPT_MS_MAX) return `no receipt for ${RECEIPT_MS_MAX / 1000} s`
      if (waitedMs < PULL_MS && this.#o.spool.frames.parkedCount() === 0) continue
      await connection.send(encodeFrame('pull')).catch(() => {})
    }
  }
}

/** What comes down on one connection: receipts are verified and applied in order, acceptances handed on. */
class Downlinks {
  readonly #o: UplinkOptions
  readonly #receipted: () => void
  readonly fault: Promise<never>
  readonly overflow: Promise<string>
  #fail!: (error: unknown) => void
  #flood!: (reason: string) => void
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0
  /** When the oldest frame without any receipt since was sent. */
  #expectedSinceMs: number | undefined

  constructor(options: UplinkOptions, receipted: () => void) {
    this.#o = options
    this.#receipted = receipted
    this.fault = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.fault.catch(() => {})
    this.overflow = new Promise((resolve) => {
      this.#flood = resolve
    })
  }

  readonly handlers = {
    received: (frame: Uint8Array): void => {
      if (++this.#waiting > DOWNLINKS_MAX) this.#flood('more downlinks than can be handled')
      this.#tail = this.#tail
        .then(() => this.#handle(frame))
        .catch(this.#fail)
        .finally(() => this.#waiting--)
    },
    unreadable: (error: unknown): void => this.#ignore(error),
  }

  expectReceipt(): void {
    this.#expectedSinceMs ??= this.#o.clock.nowMs()
  }

  waitedMs(): number {
    return this.#expectedSinceMs === undefined ? 0 : this.#o.clock.nowMs() - this.#expectedSinceMs
  }

  async #handle(bytes: Uint8Array): Promise<void> {
    try {
      const frame = parseFrame(bytes)
      if (frame.kind === 'receipt') await this.#receipt(frame.signed)
      else if (frame.kind === 'accept') this.#o.accept(frame.bytes)
      else throw new Refusal('downlink.kind', `a frame ${frame.kind} came down: ignored`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#ignore(error)
    }
  }

  async #receipt(signed: SignedReceipt): Promise<void> {
    const { crypto, receiptKey, spool } = this.#o
    await verifyReceipt(crypto, { mlDsa: receiptKey }, signed)
    const { deleted, parked } = applyReceipt(spool, this.#o, signed.record)
    const awaited = spool.frames.count() - spool.frames.parkedCount()
    this.#expectedSinceMs = awaited > 0 ? this.#o.clock.nowMs() : undefined
    if (parked) this.#o.log.debug({ leg: signed.record.leg, seq: signed.record.seq }, 'parked by ingest')
    if (deleted === 0) return
    step('edge.receipted')
    this.#receipted()
  }

  #ignore(error: unknown): void {
    if (error instanceof Refusal) this.#o.log.warn({ code: error.code }, error.message)
    else this.#fail(error)
  }
}
