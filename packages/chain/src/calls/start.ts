import { decodeSignedLegKeys } from '@consign/envelope'
import { device, discloseClause, discloseHeading, type Terms } from '@consign/terms'
import { type Hex, hexToBytes } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf, p256Signature } from '../evidence.ts'

/** Arguments of `start`. `keys`: the signed keys of leg 0, as their frame holds them. */
export function startArguments({ terms, keys }: { terms: Terms; keys: Hex }): AgreementArguments<'start'> {
  return [
    legKeysOf(keys),
    p256Signature(decodeSignedLegKeys(hexToBytes(keys)).p256),
    discloseClause(terms, device(terms)),
    discloseHeading(terms),
  ]
}
