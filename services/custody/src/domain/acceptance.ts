import { type Accept, Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import { type PartyClause, partyByWallet } from '@consign/terms'
import type { Agreement, Offer } from './agreement.ts'
import { custodianUnchanged } from './custodian.ts'

/** What an acceptance answers: the leg that would end, the offer, and the taker's clause. */
export type Answered = { leg: number; offer: Offer; party: PartyClause }

/**
 * Checks what an acceptance says, not its signatures, against the agreement. `acceptDigest` that is already recorded passes whatever
 * became of its offer: it changes nothing. `highestSeq`: last envelope of the leg seen, undefined when none was; the device has the
 * last word about expiry, so a request is refused only when it is surely too late. An offer that is not known may be under way (retry).
 * Throws Refusal `accept.agreement`, `.offer`, `.party`, `.termsHash`, `.amount`, `.penaltyMax`, `.custodian`, `.replayed`, `.expired`.
 */
export function answer(
  state: Agreement,
  record: Accept,
  acceptDigest: Hex,
  highestSeq: (leg: number) => number | undefined,
): Answered {
  const { signed } = state
  if (signed === undefined) {
    throw new Refusal('accept.agreement', 'no such agreement is signed here; submit the signed terms first')
  }
  const leg = state.legs.findIndex(({ offers }) =>
    offers.some((made) => made.offerDigest === record.offerDigest),
  )
  const ending = state.legs[leg]
  const offer = ending?.offers.find((made) => made.offerDigest === record.offerDigest)
  if (ending === undefined || offer === undefined) {
    throw new Refusal(
      'accept.offer',
      `no offer ${record.offerDigest} of this agreement is known here; try again, or scan the current offer`,
      { retry: true },
    )
  }
  const party = acceptingParty(state, record)
  if (ending.acceptances.some((given) => given.acceptDigest === acceptDigest)) return { leg, offer, party }
  if (party.wallet === ending.custodian) throw custodianUnchanged('accept', party.wallet)
  if (ending.cut !== undefined) {
    throw new Refusal('accept.replayed', `leg ${leg} has ended, its offers are over; scan the current offer`)
  }
  const seen = highestSeq(leg)
  const lastSeq = offer.m + offer.ttlEnvelopes
  if (seen !== undefined && seen >= lastSeq) {
    throw new Refusal(
      'accept.expired',
      `the offer ended at envelope ${lastSeq}, the device is at ${seen}; ask it for a new offer`,
    )
  }
  return { leg, offer, party }
}

/** The taker's clause, its amounts as agreed. Throws Refusal `accept.party`, `.termsHash`, `.amount`, `.penaltyMax`. */
export function acceptingParty(state: Agreement, record: Accept): PartyClause {
  const { signed } = state
  const party = signed === undefined ? undefined : partyByWallet(signed.terms, record.party)
  if (signed === undefined || party === undefined) {
    throw new Refusal(
      'accept.party',
      `${record.party} is no party of the terms; only listed parties can accept`,
    )
  }
  if (record.termsHash !== signed.termsHash) {
    throw new Refusal('accept.termsHash', `the acceptance names other terms; sign ${signed.termsHash}`)
  }
  if (record.amount !== BigInt(party.amount)) {
    throw new Refusal(
      'accept.amount',
      `${party.name} accepted amount ${record.amount}; the terms say ${party.amount}`,
    )
  }
  if (record.penaltyMax !== BigInt(party.penaltyCap)) {
    throw new Refusal(
      'accept.penaltyMax',
      `${party.name} accepted penaltyMax ${record.penaltyMax}; the terms say ${party.penaltyCap}`,
    )
  }
  return party
}
