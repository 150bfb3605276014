import { decodeSignedOffer, parseEnvelope } from '@consign/envelope'
import { deadline, discloseClause, type Terms, tender } from '@consign/terms'
import { type Hex, hexToBytes } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { disclosureOf, legKeysOf, offerOf, p256Signature } from '../evidence.ts'

/**
 * Arguments of `recordTender`. `keys`: the signed keys of the leg; `offer`: the device's signed offer; `wire`: the envelope that the offer
 * follows, with the device's position. Throws when the terms have no tender clause.
 */
export function tenderArguments(evidence: {
  terms: Terms
  keys: Hex
  offer: Hex
  wire: Uint8Array
}): AgreementArguments<'recordTender'> {
  const { record, p256 } = decodeSignedOffer(hexToBytes(evidence.offer))
  const envelope = parseEnvelope(evidence.wire)
  return [
    record.leg,
    legKeysOf(evidence.keys),
    offerOf(evidence.offer),
    p256Signature(p256),
    tenderClause(evidence.terms),
    disclosureOf(envelope, 'latitude', false),
    disclosureOf(envelope, 'longitude', false),
  ]
}

/** Arguments of `refuseTender`. `reasonsHash`: SHA-256 of the reasons; `signature`: the payer's, EIP-712. */
export function refuseTenderArguments(refusal: {
  terms: Terms
  leg: number
  reasonsHash: Hex
  signature: Hex
}): AgreementArguments<'refuseTender'> {
  return [refusal.leg, refusal.reasonsHash, refusal.signature, tenderClause(refusal.terms)]
}

/** Arguments of `deliverByTender`, once the grace has passed. */
export function deliverByTenderArguments({
  terms,
  leg,
}: {
  terms: Terms
  leg: number
}): AgreementArguments<'deliverByTender'> {
  return [leg, tenderClause(terms)]
}

/** Arguments of `closeUndelivered`, once the goods count as lost. */
export function closeUndeliveredArguments({
  terms,
  leg,
}: {
  terms: Terms
  leg: number
}): AgreementArguments<'closeUndelivered'> {
  return [leg, discloseClause(terms, deadline(terms))]
}

function tenderClause(terms: Terms) {
  const clause = tender(terms)
  if (!clause) throw new Error('the terms have no tender clause')
  return discloseClause(terms, clause)
}
