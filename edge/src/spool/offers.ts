import type { Hex } from '@consign/envelope'
import type { Prepare } from './statements.ts'

/** An offer that was shown; `accept` is the first valid acceptance, stored before anything follows from it. */
export type OfferRow = {
  offerDigest: Hex
  leg: number
  m: number
  ttlEnvelopes: number
  offer: Uint8Array
  accept: Uint8Array | null
}

/** Keys of the leg to come, made before the first offer of the present one and kept for all of its offers. */
export type NextLeg = { leg: number; keys: Uint8Array; legKeys: Uint8Array }

export class OfferTable {
  readonly #prepare: Prepare
  constructor(prepare: Prepare) {
    this.#prepare = prepare
  }

  add(offer: Omit<OfferRow, 'accept'>): void {
    this.#prepare('INSERT INTO offers (offerDigest, leg, m, ttlEnvelopes, offer) VALUES (?, ?, ?, ?, ?)').run(
      offer.offerDigest,
      offer.leg,
      offer.m,
      offer.ttlEnvelopes,
      offer.offer,
    )
  }

  get(offerDigest: Hex): OfferRow | undefined {
    return this.#prepare('SELECT * FROM offers WHERE offerDigest = ?').get(offerDigest) as
      | OfferRow
      | undefined
  }

  /** The newest offer of a leg. */
  latest(leg: number): OfferRow | undefined {
    return this.#prepare('SELECT * FROM offers WHERE leg = ? ORDER BY rowid DESC LIMIT 1').get(leg) as
      | OfferRow
      | undefined
  }

  /** The offer of a leg that was accepted; there is at most one. */
  accepted(leg: number): (OfferRow & { accept: Uint8Array }) | undefined {
    return this.#prepare('SELECT * FROM offers WHERE leg = ? AND accept IS NOT NULL').get(leg) as
      | (OfferRow & { accept: Uint8Array })
      | undefined
  }

  accept(offerDigest: Hex, accept: Uint8Array): void {
    this.#prepare('UPDATE offers SET accept = ? WHERE offerDigest = ? AND accept IS NULL').run(
      accept,
      offerDigest,
    )
  }

  nextLeg(): NextLeg | undefined {
    return this.#prepare('SELECT * FROM next_leg').get() as NextLeg | undefined
  }

  prepareNextLeg(next: NextLeg): void {
    this.#prepare('INSERT INTO next_leg (leg, keys, legKeys) VALUES (?, ?, ?)').run(
      next.leg,
      next.keys,
      next.legKeys,
    )
  }

  takeNextLeg(): void {
    this.#prepare('DELETE FROM next_leg').run()
  }
}
