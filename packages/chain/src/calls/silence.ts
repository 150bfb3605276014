import { parseEnvelope } from '@consign/envelope'
import { discloseClause, type SilenceClause, silence, type Terms } from '@consign/terms'
import { bytesToHex, type Hex } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf, signedHeader } from '../evidence.ts'

/** Arguments of `proveSilence`. `wire` and `next`: two consecutive envelopes of a leg; `keys`: its signed keys. Throws when the terms have no silence clause. */
export function silenceArguments(evidence: {
  terms: Terms
  keys: Hex
  wire: Uint8Array
  next: Uint8Array
}): AgreementArguments<'proveSilence'> {
  const { header, headerBytes } = parseEnvelope(evidence.wire)
  return [
    header.leg,
    legKeysOf(evidence.keys),
    discloseClause(evidence.terms, silenceClause(evidence.terms)),
    bytesToHex(headerBytes),
    signedHeader(evidence.next),
  ]
}

/** Arguments of `claimSilence` after the envelope `last`, and the bond that goes with it. Throws when the terms have no silence clause. */
export function claimSilenceArguments(evidence: { terms: Terms; keys: Hex; last: Uint8Array }): {
  args: AgreementArguments<'claimSilence'>
  valueWei: bigint
} {
  const { terms, keys, last } = evidence
  const clause = silenceClause(terms)
  const { leg } = parseEnvelope(last).header
  return {
    args: [leg, legKeysOf(keys), discloseClause(terms, clause), signedHeader(last)],
    valueWei: BigInt(clause.bondWei),
  }
}

/** Arguments of `refuteSilence`. `next`: wire of the envelope after the one after which silence is claimed. */
export function refuteSilenceArguments(evidence: {
  caseId: Hex
  keys: Hex
  next: Uint8Array
}): AgreementArguments<'refuteSilence'> {
  return [evidence.caseId, legKeysOf(evidence.keys), signedHeader(evidence.next)]
}

function silenceClause(terms: Terms): SilenceClause {
  const clause = silence(terms)
  if (!clause) throw new Error('the terms have no silence clause')
  return clause
}
