/** What a breach costs, from a draft: tokens become the smallest unit, what is left out gets its documented default. */
import type { Hex } from 'viem'
import { UINT96_MAX, UNLIMITED } from './clause-fields.ts'
import type { PartyClause, Penalty } from './clauses.ts'
import { parseTokens } from './tokens.ts'

export type Amount = string | number
export type Cost = {
  penaltyTokens?: Amount | undefined
  perStepTokens?: Amount | undefined
  caseMaxTokens?: Amount | undefined
  limitMaxTokens?: Amount | undefined
  beneficiary?: string | undefined
}

export class Pricing {
  readonly #parties: PartyClause[]

  constructor(parties: PartyClause[]) {
    this.#parties = parties
  }

  /** `step` in the unit of the excess. Without steps a case costs its base at most, with steps all that penalties can take from a party. */
  penalty(cost: Cost, step: number): Penalty {
    const base = parseTokens(cost.penaltyTokens ?? 0)
    const limitMax = cost.limitMaxTokens === undefined ? UNLIMITED : String(parseTokens(cost.limitMaxTokens))
    const everything = this.everythingUpTo(limitMax)
    const caseMax = step > 0 && everything > base ? everything : base
    return {
      base: String(base),
      perStep: String(parseTokens(cost.perStepTokens ?? 0)),
      step,
      caseMax: String(cost.caseMaxTokens === undefined ? caseMax : parseTokens(cost.caseMaxTokens)),
      limitMax,
      beneficiary: this.walletOf(cost.beneficiary),
    }
  }

  /** The largest penalty cap of any party, as far as one clause may take it. */
  everythingUpTo(limitMax: string): bigint {
    const caps = this.#parties.map(({ penaltyCap }) => BigInt(penaltyCap)).sort(ascending)
    return [caps.at(-1) ?? 0n, BigInt(limitMax), UINT96_MAX].sort(ascending)[0] as bigint
  }

  /** Names were checked with the draft; the payer stands first. */
  walletOf(name: string | undefined): Hex {
    const party = name === undefined ? this.#parties[0] : this.#parties.find((each) => each.name === name)
    if (!party) throw new Error(`no party is called ${name}`)
    return party.wallet
  }
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1)
