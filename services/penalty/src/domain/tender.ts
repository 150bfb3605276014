import type { TenderClause } from '@consign/terms'
import { isInBox, type JudgedEnvelope } from '@consign/terms/judging'

/**
 * When goods were offered at their destination: an offer follows an envelope whose last position is inside it, and whose time is that of the
 * tender. Offers and envelopes may come in any order; the earliest tender of a leg counts, also when the payer refuses it (P19).
 */
export class Tender {
  readonly #destination: TenderClause | undefined
  readonly #offersAt = new Set<number>()
  readonly #thereMs = new Map<number, number>()

  constructor(destination: TenderClause | undefined) {
    this.#destination = destination
  }

  /** An offer that follows envelope `m` - 1. */
  offer(m: number): void {
    this.#offersAt.add(m - 1)
  }

  take({ seq, clockState, baseUtcMs, columns }: JudgedEnvelope): void {
    const latitude = columns.get('latitude')?.at(-1)
    const longitude = columns.get('longitude')?.at(-1)
    if (this.#destination === undefined || latitude === undefined || longitude === undefined) return
    if (clockState !== 0 && isInBox(this.#destination, latitude, longitude)) this.#thereMs.set(seq, baseUtcMs)
  }

  /** UTC ms; undefined when there was none. */
  get tenderedMs(): number | undefined {
    const times = [...this.#offersAt].map((seq) => this.#thereMs.get(seq)).filter((ms) => ms !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }
}
