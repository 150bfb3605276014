import { EventEmitter, once } from 'node:events'
import { type CryptoProvider, type Hex, type KeySet, Refusal } from '@consign/envelope'
import type { Logger } from '@consign/runtime'
import type { Terms } from '@consign/terms'
import { Custody } from './custody/custody.ts'
import { Replacement, type SignedManualCut } from './custody/replacement.ts'
import type { Tell } from './events.ts'
import type { Clock } from './record/clock.ts'
import { Recorder } from './record/recorder.ts'
import { Sealer } from './record/sealer.ts'
import { Serial } from './serial.ts'
import type { Source, SourceItem } from './sources/source.ts'
import type { Spool } from './spool/spool.ts'

const TICK_MS = 200 // how late a time limit may be noticed

export type DeviceOptions = {
  spool: Spool
  terms: Terms
  crypto: CryptoProvider
  chainId: number
  agreement: Hex
  deviceId: string
  identity: KeySet
  /** The leg whose device this one replaces; absent for the device of the terms. */
  replacesLeg?: number | undefined
  bootId: Uint8Array
  readingsPerEnvelope: number
  envelopeMsMax: number
  source: Source
  clock: Clock
  log: Logger
  tell: Tell
  spooled: () => void
}

/** `camera`: from beside the box; `downlink`: from ingest, which repeats what it cannot know to have arrived. */
export type AcceptChannel = 'camera' | 'downlink'

/**
 * The device without its network: follows the source, records, offers, cuts. Everything that changes its state passes through one queue, so
 * that an acceptance never meets a half-closed envelope.
 */
export class Device {
  readonly recorder: Recorder
  readonly custody: Custody
  readonly #o: DeviceOptions
  readonly #serial = new Serial()
  readonly #changes = new EventEmitter<{ moved: [] }>()
  readonly #replacement: Replacement | undefined
  readonly #sealer: Sealer
  readonly #fault: Promise<never>
  #isOver = false

  constructor(options: DeviceOptions) {
    this.#o = options
    let fail!: (error: unknown) => void
    this.#fault = new Promise((_, reject) => {
      fail = reject
    })
    this.#fault.catch(() => {})
    this.#sealer = new Sealer({ ...options, keys: () => this.recorder.keys(), fail })
    this.recorder = new Recorder({ ...options, clockState: 1, sealer: this.#sealer })
    this.custody = new Custody({ ...options, recorder: this.recorder, sealer: this.#sealer })
    const { replacesLeg: endedLeg } = options
    this.#replacement = endedLeg === undefined ? undefined : new Replacement({ ...options, endedLeg })
  }

  /**
   * Begins leg 0 or takes up where the last process stopped, and follows the source until delivered or aborted. When it resolves, nothing
   * of the device touches the spool any more.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#replacement === undefined) await this.custody.begin(this.#o.identity)
      if (this.custody.hasBegun) await this.custody.resume()
      else await this.#replacement?.show()
    })
    this.#sealer.wake()
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    try {
      await Promise.race([this.#followSource(either), this.#tickAlways(either), this.#fault])
    } finally {
      over.abort()
    }
    this.#isOver = true
    await this.#serial.run(() => this.#sealer.stop())
  }

  /** Takes an acceptance; an invalid one is reported and changes nothing. */
  accept(bytes: Uint8Array, channel: AcceptChannel): Promise<void> {
    return this.#orReport(channel, async () => {
      if (this.#isOver || (channel === 'downlink' && this.custody.hasAccepted(bytes))) return
      if (!this.custody.hasBegun) throw new Refusal('accept.offer', 'this device has offered nothing yet')
      await this.custody.accept(bytes)
      this.#changes.emit('moved')
    })
  }

  /** Takes the manual cut by which this device goes on in place of another one; an invalid one is reported and changes nothing. */
  takeOver(signed: SignedManualCut): Promise<void> {
    return this.#orReport('camera', async () => {
      if (this.#isOver) return
      if (this.#replacement === undefined || this.custody.hasBegun)
        throw new Refusal('manualCut.device', 'this device has a leg already; it replaces no other one')
      await this.#replacement.takeOver(signed)
      await this.custody.resume()
      this.#changes.emit('moved')
    })
  }

  async #orReport(channel: AcceptChannel, work: () => Promise<void>): Promise<void> {
    const { tell, log } = this.#o
    try {
      await this.#serial.run(work)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      log.warn({ code: error.code, channel }, error.message)
      tell({ event: 'refused', code: error.code, reason: error.message })
    }
  }

  /** Someone presses the button on the box: offers it without stopping the recording. */
  async scan(): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#isRecording) await this.custody.scan({ hold: false })
    })
  }

  async #followSource(signal: AbortSignal): Promise<void> {
    let position = this.#o.spool.fact<number>('position') ?? 0
    const items = this.#o.source.items(position, signal)[Symbol.asyncIterator]()
    while (await this.#mayGoOn(signal)) {
      const next = await items.next().catch((error) => {
        if (signal.aborted) return undefined
        throw error
      })
      if (!next) return
      const item: SourceItem = next.done ? { kind: 'end' } : next.value
      await this.#serial.run(() => this.#take(item, position))
      if (item.kind !== 'end') position++
    }
  }

  async #take(item: SourceItem, position: number): Promise<void> {
    if (!this.#isRecording) return
    if (item.kind === 'reading') return this.recorder.take(item.reading, position, item)
    if (item.kind === 'scan') return this.custody.scan({ hold: item.hold, position: position + 1 })
    return this.custody.scan({ hold: true })
  }

  get #isRecording(): boolean {
    return !this.#isOver && this.custody.hasBegun && !this.custody.isDelivered
  }

  /** Waits while a scan holds the source, or no leg has begun; false when there is nothing more to follow. */
  async #mayGoOn(signal: AbortSignal): Promise<boolean> {
    while ((this.custody.isHolding || !this.custody.hasBegun) && !signal.aborted)
      await once(this.#changes, 'moved', { signal }).catch(() => {})
    return !signal.aborted && !this.custody.isDelivered
  }

  async #tickAlways(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Promise((wake) => setTimeout(wake, TICK_MS))
      await this.#serial.run(() => this.#tick())
    }
  }

  async #tick(): Promise<void> {
    if (!this.#isRecording) return
    await this.recorder.tick()
    if (this.custody.needsNewOffer) await this.custody.scan({ hold: true })
  }
}
