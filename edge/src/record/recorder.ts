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
import type { Clock } from './clock.ts'
import { crossLimits } from './excursions.ts'
import type { Sealer } from './sealer.ts'
import { bodySeed } from './seed.ts'

const OFFSET_MS_MAX = 0xffffffff // times in a body are uint32 after the base
const HEARTBEATS_PER_SILENCE = 2 // one may be lost to bad luck before the device counts as silent

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

/** Where the source's time stands: that of the last reading. */
export type SourceTime = { monotonicMs: number; utcMs: number }

/**
 * Turns readings into signed envelopes of the current leg. A reading is durable, with the source's position, before the next is taken; an
 * envelope's content is durable before it is signed; its seq and its signed bytes become durable together. Not reentrant: one call at a time.
 */
export class Recorder {
  readonly #o: RecorderOptions
  #keys: { leg: number; keys: KeySet } | undefined
  #bufferedSinceMs: number
  #lastEnvelopeMs: number
  #lastItemMs: number

  constructor(options: RecorderOptions) {
    this.#o = options
    this.#bufferedSinceMs = this.#lastEnvelopeMs = this.#lastItemMs = options.clock.nowMs()
  }

  get leg(): Leg {
    const leg = this.#o.spool.legs.current()
    if (!leg) throw new Error('the device has no leg yet')
    return leg
  }

  get sourceTime(): SourceTime {
    return this.#o.spool.fact<SourceTime>('sourceTime') ?? { monotonicMs: 0, utcMs: this.#o.clock.nowMs() }
  }

  /** Finishes what a killed process had begun. */
  async resume(): Promise<void> {
    await this.#sealClosing()
  }

  /** Takes the source's reading at `position`; closes the envelope when it is full or a limit is crossed. */
  async take(reading: Reading, position: number): Promise<void> {
    const { spool, terms, clock, tell } = this.#o
    const first = spool.readings.oldest(1)[0]
    if (first && reading.monotonicMs - first.monotonicMs > OFFSET_MS_MAX) await this.flush(0)
    const { broken, crossings, outside } = crossLimits(
      limits(terms),
      spool.fact<number[]>('broken') ?? [],
      reading.values,
    )
    const buffered = spool.readings.count()
    if (buffered === 0) this.#bufferedSinceMs = clock.nowMs()
    this.#lastItemMs = clock.nowMs()
    const leg = this.leg
    spool.transaction(() => {
      spool.readings.add({ ...reading, outside })
      spool.setFact('position', position + 1)
      spool.setFact('broken', broken)
      spool.setFact('sourceTime', {
        monotonicMs: reading.monotonicMs,
        utcMs: reading.utcMs,
      } satisfies SourceTime)
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

  /** Brings the leg to a checkpoint that covers every reading taken: flushes, or adds a heartbeat when the last envelope was none. */
  async checkpoint(): Promise<void> {
    await this.flush(FLAG.checkpoint)
    const { n, checkpointSeq } = this.leg
    if (n === 0 || checkpointSeq === n - 1) return
    this.#closeNow(FLAG.checkpoint)
    await this.#sealClosing()
  }

  /** Closes what has waited too long, and breaks silence with a heartbeat. */
  async tick(): Promise<void> {
    const { spool, clock, envelopeMsMax, terms } = this.#o
    const nowMs = clock.nowMs()
    const waited = spool.readings.count() > 0 && nowMs - this.#bufferedSinceMs >= envelopeMsMax
    const silentMs = windows(terms).silenceMsMax / HEARTBEATS_PER_SILENCE
    if (!waited && nowMs - this.#lastEnvelopeMs < silentMs) return
    this.#closeNow(0)
    await this.#sealClosing()
  }

  /** Within a transaction: what becomes envelope 0 of a leg that began with a cut. It has no readings, so that everyone hears of it at once. */
  closeHandover(leg: Leg): void {
    this.#close(leg, { flags: FLAG.handover, sealDue: false })
  }

  #closeNow(flags: number): void {
    this.#o.spool.transaction(() => this.#close(this.leg, { flags, sealDue: false }))
  }

  #close(leg: Leg, { flags, sealDue }: { flags: number; sealDue: boolean }): void {
    const { spool, terms, readingsPerEnvelope, bootId, clock } = this.#o
    const readings = flags & FLAG.handover ? [] : spool.readings.oldest(readingsPerEnvelope)
    const { checkpointEvery, sealEveryMs } = windows(terms)
    const excursion = readings.some(({ outside }) => outside)
    const due = leg.n - leg.checkpointSeq >= checkpointEvery
    const lastSealMs = spool.fact<number>('lastSealMs') ?? clock.nowMs()
    const sealNow = sealDue || clock.nowMs() - lastSealMs >= sealEveryMs
    if (sealNow || spool.fact('lastSealMs') === undefined) spool.setFact('lastSealMs', clock.nowMs())
    const base = readings[0] ?? (flags & FLAG.handover ? this.sourceTime : this.#heartbeatTime())
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

  /** The source's time moved on by the real time since its last reading. */
  #heartbeatTime(): SourceTime {
    const { monotonicMs, utcMs } = this.sourceTime
    const sinceMs = this.#o.clock.nowMs() - this.#lastItemMs
    return { monotonicMs: monotonicMs + sinceMs, utcMs: utcMs + sinceMs }
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
    this.#lastEnvelopeMs = this.#bufferedSinceMs = clock.nowMs()
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
