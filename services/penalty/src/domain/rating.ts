import type { FactOf, Hex } from '@consign/events'

/** One leg that is over, as it counts for its custodian's rating with this payer. */
export type RatedLeg = { payer: Hex; party: Hex; agreement: Hex; leg: number; clean: boolean }

export type RatingChanged = FactOf<'penalty.rating.changed.v1'>

/** Share of legs without violation in permille, with one clean leg as a start: before any leg it is 1000. */
export const permille = (legsClean: number, legsTotal: number): number =>
  Math.floor((1000 * (legsClean + 1)) / (legsTotal + 1))

/**
 * The rating of one party with one payer: ratings are kept per pair, so that sham agreements rate only those who made them.
 * A leg counts once, however often it is told.
 */
export class Rating {
  #legsClean = 0
  #legsTotal = 0
  readonly #rated = new Set<string>()

  rate(leg: RatedLeg): RatingChanged | undefined {
    if (this.#rated.has(legKey(leg))) return undefined
    const legsClean = this.#legsClean + (leg.clean ? 1 : 0)
    const legsTotal = this.#legsTotal + 1
    return {
      type: 'penalty.rating.changed.v1',
      data: {
        payer: leg.payer,
        party: leg.party,
        agreement: leg.agreement,
        leg: leg.leg,
        legsClean,
        legsTotal,
        permille: permille(legsClean, legsTotal),
        permilleBefore: permille(this.#legsClean, this.#legsTotal),
      },
    }
  }

  evolve({ data }: RatingChanged): void {
    this.#legsClean = data.legsClean
    this.#legsTotal = data.legsTotal
    this.#rated.add(legKey(data))
  }
}

const legKey = (leg: { agreement: Hex; leg: number }): string => `${leg.agreement}.${leg.leg}`
