/** Where the agreements of the vectors are: addresses that nothing has. */
import type { Hex } from 'viem'
import type { AgreementPlace } from '../address.ts'
import type { Terms } from '../clauses.ts'
import { termsHash } from '../hashing.ts'
import { payee, payer } from '../views.ts'

export const repeat = (byte: string, bytes: number): Hex => `0x${byte.repeat(bytes)}`
const FACTORY = repeat('fa', 20)
const IMPLEMENTATION = repeat('1a', 20)

export function placeOf(terms: Terms): AgreementPlace {
  return {
    factory: FACTORY,
    implementation: IMPLEMENTATION,
    termsHash: termsHash(terms),
    payer: payer(terms).wallet,
    payee: payee(terms).wallet,
  }
}
