import {
  type CryptoProvider,
  decodeSignedAccept,
  type Hex,
  type LegRef,
  Refusal,
  type SignedAccept,
} from '@consign/envelope'
import { type PartyClause, partyByWallet, type Terms, termsHash, verifyAccept } from '@consign/terms'

/** What the device knows about its own offers when an acceptance arrives. */
export type OfferState = {
  leg: number
  /** Wallet of the present custodian. */
  custodian: Hex
  /** The newest offer of the current leg, if any. */
  newest: { offerDigest: Hex; m: number; ttlEnvelopes: number; accept: Uint8Array | null } | undefined
  /** How many envelopes the leg would end with if it were cut now. */
  n: number
  /** UTC by the device's clock now. */
  utcMs: number
  /** Whether that clock was ever set. */
  isClockSet: boolean
  /** The leg in which the device made this offer; undefined when it never did. */
  legOf: (offerDigest: Hex) => number | undefined
}

export type Acceptance = { signed: SignedAccept; party: PartyClause; acceptDigest: Hex }

/** An offer holds while its leg, ended now, would not have grown past m + ttl envelopes. */
export const hasExpired = (offer: { m: number; ttlEnvelopes: number }, n: number): boolean =>
  n > offer.m + offer.ttlEnvelopes

/**
 * Whether these bytes move custody: everything that the device can check by itself against the terms it was given, cheap checks first.
 * Throws Refusal 'accept.length', 'accept.party', 'accept.holder', 'accept.termsHash', 'accept.offer' (none of ours), 'accept.replayed', 'accept.superseded', 'accept.expired', 'delegation.clock', and those of verifyAccept: amount,
 * penalty, delegation, signatures.
 */
export async function checkAcceptance(
  crypto: CryptoProvider,
  terms: Terms,
  domain: Pick<LegRef, 'chainId' | 'agreement'>,
  state: OfferState,
  bytes: Uint8Array,
): Promise<Acceptance> {
  const signed = decodeSignedAccept(bytes)
  const { record } = signed
  checkOffer(record.offerDigest, state)
  const party = partyByWallet(terms, record.party)
  if (!party)
    throw new Refusal('accept.party', `${record.party} is no party of these terms: it cannot take the goods`)
  if (party.wallet === state.custodian)
    throw new Refusal('accept.holder', `${party.name} holds the goods already: another party must accept`)
  if (record.termsHash !== termsHash(terms))
    throw new Refusal(
      'accept.termsHash',
      'the acceptance names other terms than this agreement: sign these terms',
    )
  if (signed.delegation && !state.isClockSet)
    throw new Refusal(
      'delegation.clock',
      'the device does not know the time, and so not whether the delegation has ended: bring it to a network first, or let the party itself accept',
    )
  return { signed, party, acceptDigest: await verifyAccept(crypto, party, domain, signed, state.utcMs) }
}

function checkOffer(offerDigest: Hex, { leg, newest, legOf, n }: OfferState): void {
  const offeredIn = legOf(offerDigest)
  if (offeredIn === undefined)
    throw new Refusal(
      'accept.offer',
      `offer ${offerDigest} is not one of this device: scan the device's own offer`,
    )
  if (offeredIn !== leg || !newest || newest.accept !== null) throw replayed(offeredIn)
  if (newest.offerDigest !== offerDigest)
    throw new Refusal('accept.superseded', `a newer offer is open, ${newest.offerDigest}: accept that one`)
  if (hasExpired(newest, n))
    throw new Refusal(
      'accept.expired',
      `the offer held up to envelope ${newest.m + newest.ttlEnvelopes}: scan again`,
    )
}

const replayed = (leg: number): Refusal =>
  new Refusal(
    'accept.replayed',
    `leg ${leg} was accepted already, and the first acceptance holds: scan again for a new offer`,
  )
