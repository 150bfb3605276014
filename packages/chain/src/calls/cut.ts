import {
  decodeSignedAccept,
  decodeSignedCut,
  HEADER_BYTES,
  pqKeyHash,
  type SignedDelegation,
} from '@consign/envelope'
import { discloseClause, type PartyClause, partyByWallet, type Terms } from '@consign/terms'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { AgreementArguments, AgreementCall } from '../agreement-call.ts'
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

/** Whose acceptance a cut rests on: the call of a delegate's shows by its delegation, and by the envelope before the cut, that it held. */
export function isDelegated(signedAccept: Hex): boolean {
  return decodeSignedAccept(hexToBytes(signedAccept)).delegation !== undefined
}

/**
 * `recordCut`, or `recordDelegatedCut` when a delegate accepted. `last`: wire or header of the leg's last envelope, which only the second shows; undefined
 * when the leg has none. Throws as cutArguments does.
 */
export function cutCall(
  evidence: Parameters<typeof cutArguments>[0] & { last?: Uint8Array | undefined },
): AgreementCall {
  const args = cutArguments(evidence)
  const { delegation } = decodeSignedAccept(hexToBytes(evidence.accept))
  if (!delegation) return { functionName: 'recordCut', args }
  const delegated = {
    delegation: delegationOf(delegation),
    signature: bytesToHex(delegation.ecdsa),
    head: evidence.last ? bytesToHex(evidence.last.subarray(0, HEADER_BYTES)) : ('0x' as Hex),
  }
  return { functionName: 'recordDelegatedCut', args: [...args, delegated] }
}

/** Struct `Delegation`. */
export function delegationOf({ record }: SignedDelegation) {
  const { delegate, scope, notAfterMs } = record
  return { delegate, pqKeyHash: bytesToHex(pqKeyHash(record)), scope, notAfterMs: BigInt(notAfterMs) }
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
