/**
 * Published vectors, from fixed seeds: whoever implements docs/formats.md elsewhere checks against them. Post-quantum signatures are hedged,
 * so those differ each time they are made; everything else is the same to the byte.
 */
import { agreementAddress, agreementInitCode, agreementSalt } from '../address.ts'
import type { Terms } from '../clauses.ts'
import type { TermsDraft } from '../draft.ts'
import { caseId, clauseHash, discloseClause, discloseHeading, termsHash } from '../hashing.ts'
import { sampleAgreement } from '../testing.ts'
import { placeOf, repeat } from './place.ts'
import { signatureVectors } from './signatures.ts'

export type Vectors = Awaited<ReturnType<typeof buildVectors>>

/** Content by file name; `drafts` are the examples by name. */
export async function buildVectors(drafts: Record<string, TermsDraft>) {
  const samples = Object.entries(drafts).map(([name, draft]) => ({ name, ...sampleAgreement(draft) }))
  const [first] = samples
  if (!first) throw new Error('vectors need at least one draft')
  return {
    'terms.json': {
      about:
        'Terms documents, their clauses as Solidity takes them (structs Clause and Heading) and their hashes. SHA-256.',
      agreements: samples.map(({ name, terms }) => ({ name, ...hashedTerms(terms) })),
    },
    'signatures.json': await signatureVectors(first),
    'identities.json': {
      about:
        'Addresses of agreements (CREATE2 of an OpenZeppelin clone with immutable arguments) and case ids.',
      agreements: samples.map(({ name, terms }) => ({ name, ...addressOf(terms) })),
      cases: caseStarts().map((start) => ({ ...start, caseId: caseId(start) })),
    },
  }
}

function hashedTerms(terms: Terms) {
  const heading = discloseHeading(terms)
  return {
    termsHash: termsHash(terms),
    terms,
    clauses: terms.clauses.map((clause) => {
      const { index, size, ...disclosure } = discloseClause(terms, clause)
      return { ...disclosure, index: Number(index), size: Number(size), clauseHash: clauseHash(clause) }
    }),
    heading: { parties: heading.parties.length, rest: heading.rest },
  }
}

function addressOf(terms: Terms) {
  const place = placeOf(terms)
  return {
    ...place,
    salt: agreementSalt(place),
    initCode: agreementInitCode(place),
    address: agreementAddress(place),
  }
}

function caseStarts() {
  const agreement = repeat('a9', 20)
  return [
    { agreement, leg: 0, limitId: 1, startSeq: 0, startIndex: 0 },
    { agreement, leg: 1, limitId: 1, startSeq: 7, startIndex: 31 },
    { agreement, leg: 1, limitId: 4, startSeq: 0xffff_ffff, startIndex: 0xffff }, // cumulative, mean kinetic, deadline, milestone
    { agreement, leg: 1, limitId: 4, startSeq: 0xffff_ffff, startIndex: 0xfffe }, // loss
    { agreement, leg: 1, limitId: 5, startSeq: 9, startIndex: 0xffff }, // silence, tamper
    { agreement, leg: 0xffff_ffff, limitId: 0xffff, startSeq: 0xffff_ffff, startIndex: 0xffff },
  ]
}
