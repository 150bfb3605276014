/**
 * What has been stored of one leg, and what a new envelope is in the light of it. No clock and no I/O: the same entries in the same
 * order give the same answers, so that the ledger is rebuilt from the log.
 *
 * The first envelope seen at a counter that fits its neighbours is on the main branch; what contradicts a neighbour is a second branch
 * (`fork`). An authentic envelope is never refused: it gets flags.
 */
import type { Hex } from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'

/** One envelope as the chain sees it: its counter, its digest and the digest it names as its predecessor's. */
export type Link = { seq: number; digest: Hex; previous: Hex }

/** How far a device's clock may run ahead of ours before its time is flagged: beyond any NTP error, below any deadline dispute. */
export const FUTURE_MS_MAX = 5 * 60_000

export class LegLedger {
  readonly #start: Hex
  readonly #main = new Map<number, Hex>()
  readonly #forks = new Map<Hex, number>()
  /** seq → the digest that the stored envelope seq+1 names, while seq itself is missing. */
  readonly #awaited = new Map<number, Hex>()
  #endSeq: number | undefined
  #nextSeq = 0

  /** `start` is what envelope 0 must name as its predecessor: the digest of the leg's keys (leg 0) or of the cut that began it. */
  constructor(start: Hex) {
    this.#start = start
  }

  /** One above the highest counter on the main branch. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /** Envelopes held, both branches: what the memory bound counts. */
  get size(): number {
    return this.#main.size + this.#forks.size
  }

  /** The digest on the main branch at `seq`. */
  digestAt(seq: number): Hex | undefined {
    return this.#main.get(seq)
  }

  /** The leg is [0, n): envelopes from `n` on came after its cut. The first cut known counts. */
  cutAt(n: number): void {
    this.#endSeq ??= n
  }

  /** Where this very envelope is stored already. */
  branchOf(link: Link): 'main' | 'fork' | undefined {
    if (this.#main.get(link.seq) === link.digest) return 'main'
    return this.#forks.has(link.digest) ? 'fork' : undefined
  }

  /**
   * What is odd about an envelope that is not stored yet. `latestUtcMs` is the time of its last reading by its own clock; `otherKeys`
   * says that it is signed by keys of the device that the leg's cut did not name.
   */
  flagsOf(link: Link, latestUtcMs: number, nowMs: number, { otherKeys = false } = {}): EnvelopeFlag[] {
    const flags: EnvelopeFlag[] = []
    const place = otherKeys ? 'fork' : this.#place(link)
    if (place !== undefined) flags.push(place)
    if (latestUtcMs > nowMs + FUTURE_MS_MAX) flags.push('futureTime')
    if (this.#endSeq !== undefined && link.seq >= this.#endSeq) flags.push('afterCut')
    return flags
  }

  /** Takes up an envelope with the flags that `flagsOf` gave it, now or when it was stored. */
  record(link: Link, flags: readonly EnvelopeFlag[]): void {
    if (flags.includes('fork')) {
      this.#forks.set(link.digest, link.seq)
      return
    }
    this.#main.set(link.seq, link.digest)
    this.#awaited.delete(link.seq)
    if (link.seq > 0 && !this.#main.has(link.seq - 1)) this.#awaited.set(link.seq - 1, link.previous)
    if (link.seq >= this.#nextSeq) this.#nextSeq = link.seq + 1
  }

  #place(link: Link): 'jump' | 'fork' | undefined {
    if (this.#main.has(link.seq)) return 'fork'
    const awaited = this.#awaited.get(link.seq)
    if (awaited !== undefined && awaited !== link.digest) return 'fork'
    const predecessor = link.seq === 0 ? this.#start : this.#main.get(link.seq - 1)
    if (predecessor === link.previous) return undefined
    return predecessor !== undefined || this.#forks.has(link.previous) ? 'fork' : 'jump'
  }
}
