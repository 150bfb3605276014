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
  /** Wallet of the present custodian. */
  custodian: Hex
  /** The newest offer of the current leg, if any. */
  open: { offerDigest: Hex; m: number; ttlEnvelopes: number; accepted: boolean } | undefined
  /** How many envelopes the leg would end with if it were cut now. */
  n: number
  /** Whether the device ever made this offer, in any leg. */
  knows: (offerDigest: Hex) => boolean
}

export type Acceptance = { signed: SignedAccept; party: PartyClause; acceptDigest: Hex }

/** An offer holds while its leg, ended now, would not have grown past m + ttl envelopes. */
export const hasExpired = (offer: { m: number; ttlEnvelopes: number }, n: number): boolean =>
  n > offer.m + offer.ttlEnvelopes

/**
 * Whether these bytes move custody: everything that the device can check by itself against the terms it was given, cheap checks first.
 * Throws Refusal 'accept.length', 'accept.party', 'accept.holder', 'accept.termsHash', 'accept.offer' (none of ours), 'accept.none' (nothing is
 * offered), 'accept.replayed', 'accept.superseded', 'accept.expired', and those of verifyAccept: amount, penalty, signatures.
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
  return { signed, party, acceptDigest: await verifyAccept(crypto, party, domain, signed) }
}

function checkOffer(offerDigest: Hex, { open, knows, n }: OfferState): void {
  if (!knows(offerDigest))
    throw new Refusal(
      'accept.offer',
      `offer ${offerDigest} is not one of this device: scan the device's own offer`,
    )
  if (!open)
    throw new Refusal('accept.replayed', 'this offer was of an earlier leg: scan again for a new one')
  if (open.accepted)
    throw new Refusal('accept.replayed', 'this leg was accepted already: the first acceptance holds')
  if (open.offerDigest !== offerDigest)
    throw new Refusal('accept.superseded', `a newer offer is open, ${open.offerDigest}: accept that one`)
  if (hasExpired(open, n))
    throw new Refusal(
      'accept.expired',
      `the offer held up to envelope ${open.m + open.ttlEnvelopes}: scan again`,
    )
}
