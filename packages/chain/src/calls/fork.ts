import { parseEnvelope } from '@consign/envelope'
import { device, discloseClause, type Terms, tamper } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf, signedHeader } from '../evidence.ts'

/** Arguments of `reportFork`: wires of two different envelopes of one number and leg, and the leg's signed keys. */
export function forkArguments(evidence: {
  keys: Hex
  one: Uint8Array
  other: Uint8Array
}): AgreementArguments<'reportFork'> {
  const { keys, one, other } = evidence
  return [parseEnvelope(one).header.leg, legKeysOf(keys), signedHeader(one), signedHeader(other)]
}

/** Arguments of `proveTampering`, after the fork was reported. Throws when the terms have no tamper clause. */
export function tamperingArguments({
  terms,
  leg,
}: {
  terms: Terms
  leg: number
}): AgreementArguments<'proveTampering'> {
  const clause = tamper(terms)
  if (!clause) throw new Error('the terms have no tamper clause')
  return [leg, discloseClause(terms, device(terms)), discloseClause(terms, clause)]
}
