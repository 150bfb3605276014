import {
  type ClockState,
  type CryptoProvider,
  decodeSignedAccept,
  decodeSignedCut,
  FLAG,
  fromHex,
  importKeySet,
  type KeySet,
  type LegRef,
  type Reading,
  sealEnvelope,
  toHex,
} from '@consign/envelope'
import { MerkleFrontier } from '@consign/merkle'
import { step } from '@consign/runtime'
import { limits, type Terms, windows } from '@consign/terms'
import type { Tell } from '../events.ts'
import type { Leg } from '../spool/legs.ts'
import type { BufferedReading } from '../spool/readings.ts'
import type { Spool } from '../spool/spool.ts'
import { type Beats, beatsOf } from './beats.ts'
import type { Clock } from './clock.ts'
import { crossLimits } from './excursions.ts'
import type { Sealer } from './sealer.ts'
import { bodySeed } from './seed.ts'
import { SourceClock, type SourceTime } from './source-clock.ts'

const OFFSET_MS_MAX = 0xffffffff // times in a body are uint32 after the base

export type RecorderOptions = {
  spool: Spool
  terms: Terms
  crypto: CryptoProvider
  agreement: LegRef['agreement']
  chainId: number
  bootId: Uint8Array
  clockState: ClockState
  readingsPerEnvelope: number
  envelopeMsMax: number
  clock: Clock
  tell: Tell
  sealer: Sealer
  /** Called when the spool has something new to send. */
  spooled: () => void
}

/** Why an envelope is closed, durable before it is signed: a restart signs this very envelope and no other under its seq. */
type Closing = {
  leg: number
  seq: number
  count: number
  flags: number
  baseMonotonicMs: number
  baseUtcMs: number
  bootId: string
  sealDue: boolean
}

/** Where the newest envelope begins, by the source's monotonic time. */
type LastBase = { leg: number; monotonicMs: number }

/**
 * Turns readings into signed envelopes of the current leg. A reading is durable, with the source's position, before the next is taken; an
 * envelope's content is durable before it is signed; its seq and its signed bytes become durable together. Not reentrant: one call at a time.
 */
export class Recorder {
  readonly #o: RecorderOptions
  #keys: { leg: number; keys: KeySet } | undefined
  readonly #beats: Beats
  readonly #time: SourceClock
  #bufferedSinceMs: number

  constructor(options: RecorderOptions) {
    this.#o = options
    this.#beats = beatsOf(options.terms)
    this.#time = new SourceClock(options.spool, options.clock)
    this.#bufferedSinceMs = options.clock.nowMs()
  }

  get leg(): Leg {
    const leg = this.#o.spool.legs.current()
    if (!leg) throw new Error('the device has no leg yet')
    return leg
  }

  get sourceTime(): SourceTime {
    return this.#time.lastReading
  }

  /** Of the clock that envelopes tell. */
  get clockState(): ClockState {
    return this.#o.clockState
  }

  /** UTC now by the source's clock, which is the one that envelopes tell. */
  get utcMs(): number {
    return this.#time.at(this.#time.nowMs()).utcMs
  }

  /**
   * Finishes what a killed process, or a cut, had begun. From here on real time moves the source's on: not the time for which a scan held the
   * source, which the leg before has told of, nor that for which no process ran.
   */
  async resume(): Promise<void> {
    await this.#sealClosing()
    this.#time.set(Math.max(this.sourceTime.monotonicMs, this.#lastBaseMs()))
  }

  /**
   * Takes the source's reading at `position`; closes the envelope when it is full or a limit is crossed. `wasAwake`: the device did nothing
   * since the reading before, and would have.
   */
  async take(reading: Reading, position: number, { wasAwake = false } = {}): Promise<void> {
    const { spool, terms, clock, tell } = this.#o
    if (wasAwake) await this.#passTime(reading.monotonicMs)
    const first = spool.readings.oldest(1)[0]
    const offsetMsMax = Math.min(OFFSET_MS_MAX, this.#beats.closeAfterMs)
    if (first && reading.monotonicMs - first.monotonicMs > offsetMsMax) await this.flush(0)
    const { broken, crossings, outside } = crossLimits(
      limits(terms),
      spool.fact<number[]>('broken') ?? [],
      reading.values,
    )
    const buffered = spool.readings.count()
    if (buffered === 0) this.#bufferedSinceMs = clock.nowMs()
    this.#time.set(reading.monotonicMs)
    const leg = this.leg
    spool.transaction(() => {
      spool.readings.add({ ...reading, outside })
      spool.setFact('position', position + 1)
      spool.setFact('broken', broken)
      this.#time.store(reading)
      const full = buffered + 1 >= this.#o.readingsPerEnvelope
      if (full || crossings.length > 0) {
        const ended = crossings.some(({ state }) => state === 'ended')
        this.#close(leg, { flags: crossings.length > 0 ? FLAG.checkpoint : 0, sealDue: ended })
      }
    })
    step('edge.buffered')
    for (const crossing of crossings)
      tell({ event: 'excursion', leg: leg.leg, atMs: reading.utcMs, ...crossing })
    await this.#sealClosing()
  }

  /** Closes the buffered readings, if any, as an envelope with these flags. */
  async flush(flags: number): Promise<void> {
    while (this.#o.spool.readings.count() > 0) {
      this.#closeNow(flags)
      await this.#sealClosing()
    }
  }

  /**
   * Brings the leg to a checkpoint that covers every reading taken: flushes, or adds a heartbeat when the last envelope was none. A leg without any
   * envelope needs none, unless somebody must be told the time (`evenEmpty`).
   */
  async checkpoint({ evenEmpty = false } = {}): Promise<void> {
    await this.flush(FLAG.checkpoint)
    const { n, checkpointSeq } = this.leg
    if (n === 0 ? !evenEmpty : checkpointSeq === n - 1) return
    this.#closeNow(FLAG.checkpoint)
    await this.#sealClosing()
  }

  /** Closes what has waited too long, and what is due by the source's time moved on by real time. */
  async tick(): Promise<void> {
    const { spool, clock, envelopeMsMax } = this.#o
    const waited = spool.readings.count() > 0 && clock.nowMs() - this.#bufferedSinceMs >= envelopeMsMax
    if (!waited && this.#time.nowMs() < this.#dueMs()) return
    this.#closeNow(0)
    await this.#sealClosing()
  }

  /** Within a transaction: what becomes envelope 0 of a leg that began with a cut. It has no readings, so that everyone hears of it at once. */
  closeHandover(leg: Leg): void {
    this.#close(leg, { flags: FLAG.handover, sealDue: false })
  }

  /** `heartbeatMs`: the source's time of an envelope without readings. */
  #closeNow(flags: number, heartbeatMs = this.#time.nowMs()): void {
    this.#o.spool.transaction(() => this.#close(this.leg, { flags, sealDue: false, heartbeatMs }))
  }

  #close(
    leg: Leg,
    {
      flags,
      sealDue,
      heartbeatMs = leg.startMonotonicMs,
    }: { flags: number; sealDue: boolean; heartbeatMs?: number },
  ): void {
    const { spool, terms, readingsPerEnvelope, bootId, clock } = this.#o
    const readings = flags & FLAG.handover ? [] : spool.readings.oldest(readingsPerEnvelope)
    const { checkpointEvery, sealEveryMs } = windows(terms)
    const excursion = readings.some(({ outside }) => outside)
    const due = leg.n - leg.checkpointSeq >= checkpointEvery
    const lastSealMs = spool.fact<number>('lastSealMs') ?? clock.nowMs()
    const sealNow = sealDue || clock.nowMs() - lastSealMs >= sealEveryMs
    if (sealNow || spool.fact('lastSealMs') === undefined) spool.setFact('lastSealMs', clock.nowMs())
    const base = readings[0] ?? this.#time.at(heartbeatMs)
    spool.setFact('closing', {
      leg: leg.leg,
      seq: leg.n,
      count: readings.length,
      flags: flags | (excursion ? FLAG.excursion : 0) | (excursion || due ? FLAG.checkpoint : 0),
      baseMonotonicMs: Math.max(0, base.monotonicMs - leg.startMonotonicMs),
      baseUtcMs: base.utcMs,
      bootId: toHex(bootId),
      sealDue: sealNow,
    } satisfies Closing)
  }

  /** Closes and beats where it was due before the source's time `monotonicMs`. */
  async #passTime(monotonicMs: number): Promise<void> {
    for (let dueMs = this.#dueMs(); dueMs < monotonicMs; dueMs = this.#dueMs()) {
      this.#closeNow(0, dueMs)
      await this.#sealClosing()
    }
  }

  /** The source's monotonic time at which the next envelope is due: one with what is buffered, or a heartbeat. */
  #dueMs(): number {
    const first = this.#o.spool.readings.oldest(1)[0]
    return first ? first.monotonicMs + this.#beats.closeAfterMs : this.#lastBaseMs() + this.#beats.beatAfterMs
  }

  /** Where the newest envelope of the leg begins, or the leg itself, by the source's monotonic time. */
  #lastBaseMs(): number {
    const last = this.#o.spool.fact<LastBase>('lastBase')
    const { leg, startMonotonicMs } = this.leg
    return last?.leg === leg ? last.monotonicMs : startMonotonicMs
  }

  async #sealClosing(): Promise<void> {
    const { spool, crypto, agreement, chainId, clockState, clock, sealer, spooled } = this.#o
    const closing = spool.fact<Closing>('closing')
    if (!closing) return
    const leg = this.leg
    const readings = spool.readings.oldest(closing.count)
    const keys = this.keys()
    const { wire, digest } = await sealEnvelope(crypto, keys, {
      ref: { chainId, agreement, leg: leg.leg },
      seq: closing.seq,
      previous: fromHex(leg.head),
      flags: closing.flags,
      readings: readings.map((reading) => ({
        ...reading,
        monotonicMs: reading.monotonicMs - leg.startMonotonicMs,
      })),
      seed: bodySeed(keys, leg.leg, closing.seq),
      bootId: fromHex(closing.bootId),
      baseMonotonicMs: closing.baseMonotonicMs,
      baseUtcMs: closing.baseUtcMs,
      clockState,
      ...(closing.flags & FLAG.handover ? this.#handoverParts(leg.leg - 1) : {}),
    })
    step('edge.sealed')
    this.#commit(leg, closing, { wire, digest: toHex(digest) })
    step('edge.spooled')
    this.#bufferedSinceMs = clock.nowMs()
    this.#report(closing, readings, wire.length)
    spooled()
    if (closing.sealDue) sealer.wake()
  }

  #commit(leg: Leg, closing: Closing, { wire, digest }: { wire: Uint8Array; digest: `0x${string}` }): void {
    const { spool } = this.#o
    const frontier = MerkleFrontier.restore(leg.frontier)
    frontier.append(fromHex(digest))
    const root = toHex(frontier.root())
    const n = closing.seq + 1
    spool.transaction(() => {
      spool.frames.add({ kind: 'envelope', leg: leg.leg, seq: closing.seq, digest, bytes: wire })
      const checkpointSeq = closing.flags & FLAG.checkpoint ? closing.seq : leg.checkpointSeq
      const grown = { leg: leg.leg, n, head: digest, root, frontier: frontier.snapshot(), checkpointSeq }
      spool.legs.grow(grown, closing.count)
      spool.readings.removeOldest(closing.count)
      const monotonicMs = leg.startMonotonicMs + closing.baseMonotonicMs
      spool.setFact('lastBase', { leg: leg.leg, monotonicMs } satisfies LastBase)
      spool.clearFact('closing')
      if (closing.sealDue) spool.seals.add({ leg: leg.leg, n, root, head: digest })
    })
  }

  /** Keys of the current leg. */
  keys(): KeySet {
    const leg = this.leg
    if (this.#keys?.leg !== leg.leg) this.#keys = { leg: leg.leg, keys: importKeySet(leg.keys!) }
    return this.#keys.keys
  }

  #handoverParts(endedLeg: number) {
    const { spool } = this.#o
    const cut = spool.legs.get(endedLeg)?.cut
    const accept = spool.offers.accepted(endedLeg)?.accept
    if (!cut || !accept) throw new Error(`leg ${endedLeg} has ended without cut or acceptance`)
    return { cut: decodeSignedCut(cut), accept: decodeSignedAccept(accept) }
  }

  #report(closing: Closing, readings: readonly BufferedReading[], bytes: number): void {
    const temperatures = readings.flatMap(({ values }) => values.temperature ?? [])
    this.#o.tell({
      event: 'envelope',
      leg: closing.leg,
      seq: closing.seq,
      readings: readings.length,
      flags: closing.flags,
      bytes,
      fromMs: readings[0]?.utcMs ?? null,
      toMs: readings.at(-1)?.utcMs ?? null,
      temperature:
        temperatures.length === 0
          ? null
          : { minMilliC: Math.min(...temperatures), maxMilliC: Math.max(...temperatures) },
    })
  }
}
