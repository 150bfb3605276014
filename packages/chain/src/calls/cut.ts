import { decodeSignedAccept, decodeSignedCut } from '@consign/envelope'
import { discloseClause, type PartyClause, partyByWallet, type Terms } from '@consign/terms'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf, offerOf, p256Signature } from '../evidence.ts'

/**
 * Arguments of `recordCut`. `keys`: the signed keys of the leg that ends; `offer`, `accept`, `cut`: signed records, as their frames hold them.
 * Throws when the acceptance is by somebody whom the terms do not list.
 */
export function cutArguments(evidence: {
  terms: Terms
  keys: Hex
  offer: Hex
  accept: Hex
  cut: Hex
}): AgreementArguments<'recordCut'> {
  const accept = decodeSignedAccept(hexToBytes(evidence.accept))
  const cut = decodeSignedCut(hexToBytes(evidence.cut))
  return [
    cut.record.leg,
    legKeysOf(evidence.keys),
    offerOf(evidence.offer),
    acceptOf(evidence.accept),
    bytesToHex(accept.ecdsa),
    { n: cut.record.n, head: bytesToHex(cut.record.head), root: bytesToHex(cut.record.root) },
    p256Signature(cut.p256),
    discloseClause(evidence.terms, takerOf(evidence.terms, accept.record.party)),
  ]
}

/** Struct `Accept` of a signed acceptance. */
export function acceptOf(signedAccept: Hex) {
  const { party, amount, penaltyMax, reservationsHash } = decodeSignedAccept(hexToBytes(signedAccept)).record
  return { party, amount, penaltyMax, reservationsHash }
}

/** The clause of who takes over. Throws when the terms do not list it. */
export function takerOf(terms: Terms, wallet: Hex): PartyClause {
  const taker = partyByWallet(terms, wallet)
  if (!taker) throw new Error(`the terms do not list ${wallet}, who accepted`)
  return taker
}
