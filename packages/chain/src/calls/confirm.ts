import { decodeSignedAccept, decodeSignedLegKeys } from '@consign/envelope'
import { device, discloseClause, general, type Terms } from '@consign/terms'
import { bytesToHex, type Hex, hexToBytes, sha256 } from 'viem'
import type { AgreementArguments, AgreementCall } from '../agreement-call.ts'
import { legKeysOf, NO_CLAUSE, NO_LEG_KEYS, offerOf } from '../evidence.ts'
import { acceptOf, delegationOf, takerOf } from './cut.ts'

const ZERO_32: Hex = `0x${'00'.repeat(32)}`
const NO_OFFER = {
  device: ZERO_32,
  m: 0,
  head: ZERO_32,
  nextKeysHash: ZERO_32,
  nonce: `0x${'00'.repeat(16)}` as Hex,
  ttlEnvelopes: 0,
}
const NO_ACCEPT = {
  party: `0x${'00'.repeat(20)}` as Hex,
  amount: 0n,
  penaltyMax: 0n,
  reservationsHash: ZERO_32,
}

/**
 * Arguments of `confirmLeg`. `keys`: the signed keys of the leg. `handover`, for a leg after the first: the signed keys of the leg before, and the
 * signed offer and acceptance with which it began. Throws when the terms do not list who accepted.
 */
export function confirmLegArguments(evidence: {
  terms: Terms
  keys: Hex
  handover?: { keysBefore: Hex; offer: Hex; accept: Hex }
}): AgreementArguments<'confirmLeg'> {
  const { terms, keys, handover } = evidence
  const { record, slhDsa } = decodeSignedLegKeys(hexToBytes(keys))
  const accept = handover && decodeSignedAccept(hexToBytes(handover.accept))
  return [
    record.leg,
    legKeysOf(keys),
    bytesToHex(slhDsa),
    handover ? NO_CLAUSE : discloseClause(terms, device(terms)),
    handover ? legKeysOf(handover.keysBefore) : NO_LEG_KEYS,
    handover ? offerOf(handover.offer) : NO_OFFER,
    handover ? acceptOf(handover.accept) : NO_ACCEPT,
    accept ? bytesToHex(accept.slhDsa) : '0x',
    accept ? discloseClause(terms, takerOf(terms, accept.record.party)) : NO_CLAUSE,
    discloseClause(terms, general(terms)),
  ]
}

/** `confirmLeg`, or `confirmDelegatedLeg` when a delegate accepted. Throws as confirmLegArguments does. */
export function confirmLegCall(evidence: Parameters<typeof confirmLegArguments>[0]): AgreementCall {
  const args = confirmLegArguments(evidence)
  const { delegation } = evidence.handover ? decodeSignedAccept(hexToBytes(evidence.handover.accept)) : {}
  if (!delegation) return { functionName: 'confirmLeg', args }
  const [leg, keys, keysSignature, _device, ...handover] = args
  const delegated = {
    delegation: delegationOf(delegation),
    signature: bytesToHex(delegation.slhDsa),
    mlDsaKeyHash: sha256(delegation.record.mlDsaKey),
    slhDsaKey: bytesToHex(delegation.record.slhDsaKey),
  }
  return { functionName: 'confirmDelegatedLeg', args: [leg, keys, keysSignature, ...handover, delegated] }
}
