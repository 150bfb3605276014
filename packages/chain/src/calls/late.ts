import { parseEnvelope } from '@consign/envelope'
import { type DeadlineClause, discloseClause, type MilestoneClause, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf, NO_HEADER, NO_LEG_KEYS, signedHeader } from '../evidence.ts'

/**
 * Arguments of `proveLate`. `late`: wire of an envelope after the time of the clause, `keys`: the signed keys of its leg. `before`: only for a
 * deadline and a leg after the first: the last envelope of the leg before, not after the deadline, and that leg's keys.
 */
export function lateArguments(evidence: {
  terms: Terms
  clause: DeadlineClause | MilestoneClause
  keys: Hex
  late: Uint8Array
  before?: { keys: Hex; wire: Uint8Array }
}): AgreementArguments<'proveLate'> {
  const { terms, clause, keys, late, before } = evidence
  return [
    parseEnvelope(late).header.leg,
    legKeysOf(keys),
    discloseClause(terms, clause),
    signedHeader(late),
    before ? legKeysOf(before.keys) : NO_LEG_KEYS,
    before ? signedHeader(before.wire) : NO_HEADER,
  ]
}
