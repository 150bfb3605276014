/**
 * Published vectors, from fixed seeds: whoever implements docs/formats.md elsewhere checks against them. Post-quantum signatures are hedged,
 * so those differ each time they are made; everything else is the same to the byte.
 */
import { type Accept, native } from '@consign/envelope'
import { bytesToHex, type Hex } from 'viem'
import { agreementAddress, agreementInitCode, agreementSalt } from '../address.ts'
import type { Terms } from '../clauses.ts'
import type { TermsDraft } from '../draft.ts'
import { caseId, clauseHash, discloseClause, termsHash } from '../hashing.ts'
import type { PartyKeys } from '../party-keys.ts'
import { signAccept, signAgreement } from '../signatures.ts'
import { type SampleAgreement, sampleAgreement } from '../testing.ts'
import { acceptDigest, agreementDigest } from '../typed-data.ts'
import { carriers, parties, payee, payer } from '../views.ts'

const repeat = (byte: string, bytes: number): Hex => `0x${byte.repeat(bytes)}`
const FACTORY = repeat('fa', 20)
const IMPLEMENTATION = repeat('1a', 20)

export type Vectors = Awaited<ReturnType<typeof buildVectors>>

/** Content by file name; `drafts` are the examples by name. */
export async function buildVectors(drafts: Record<string, TermsDraft>) {
  const samples = Object.entries(drafts).map(([name, draft]) => ({ name, ...sampleAgreement(draft) }))
  const [first] = samples
  if (!first) throw new Error('vectors need at least one draft')
  return {
    'terms.json': {
      about:
        'Terms documents, their clauses as Solidity takes them (struct Clause) and their hashes. SHA-256.',
      agreements: samples.map(({ name, terms }) => ({ name, ...hashedTerms(terms) })),
    },
    'signatures.json': await signatures(first),
    'identities.json': {
      about:
        'Addresses of agreements (CREATE2 of an OpenZeppelin clone with immutable arguments) and case ids.',
      agreements: samples.map(({ name, terms }) => ({ name, ...addressOf(terms) })),
      cases: caseStarts().map((start) => ({ ...start, caseId: caseId(start) })),
    },
  }
}

function hashedTerms(terms: Terms) {
  return {
    termsHash: termsHash(terms),
    terms,
    clauses: terms.clauses.map((clause) => {
      const { index, size, ...disclosure } = discloseClause(terms, clause)
      return { ...disclosure, index: Number(index), size: Number(size), clauseHash: clauseHash(clause) }
    }),
  }
}

function placeOf(terms: Terms) {
  return {
    factory: FACTORY,
    implementation: IMPLEMENTATION,
    termsHash: termsHash(terms),
    payer: payer(terms).wallet,
    payee: payee(terms).wallet,
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

async function signatures({ terms, parties: keys, facts }: SampleAgreement) {
  const { factory, termsHash, payer, payee } = placeOf(terms)
  const message = { termsHash, payer, payee }
  const agreementDomain = { chainId: facts.chainId, factory }
  const acceptDomain = { chainId: facts.chainId, agreement: agreementAddress(placeOf(terms)) }
  const taker = carriers(terms)[0]
  if (!taker) throw new Error('vectors need terms with a carrier')
  const accept: Accept = {
    offerDigest: repeat('0f', 32),
    party: taker.wallet,
    termsHash,
    amount: BigInt(taker.amount),
    penaltyMax: BigInt(taker.penaltyCap),
    reservationsHash: repeat('00', 32),
  }
  const keysOf = (wallet: Hex): PartyKeys => {
    const found = keys[parties(terms).find((party) => party.wallet === wallet)?.name ?? '']
    if (!found) throw new Error(`no keys for ${wallet}`)
    return found
  }
  const signed = await signAccept(native, keysOf(taker.wallet), acceptDomain, accept)
  return {
    about:
      'EIP-712 digests (keccak) and their signatures by the parties of the first agreement of terms.json.',
    agreement: {
      domain: agreementDomain,
      message,
      digest: agreementDigest(agreementDomain, message),
      payer: await signAgreement(native, keysOf(payer), agreementDomain, message),
      payee: await signAgreement(native, keysOf(payee), agreementDomain, message),
    },
    accept: {
      domain: acceptDomain,
      message: { ...accept, amount: String(accept.amount), penaltyMax: String(accept.penaltyMax) },
      digest: acceptDigest(acceptDomain, accept),
      ecdsa: bytesToHex(signed.ecdsa),
      mlDsa: bytesToHex(signed.mlDsa),
      slhDsa: bytesToHex(signed.slhDsa),
    },
  }
}

function caseStarts() {
  const agreement = repeat('a9', 20)
  return [
    { agreement, leg: 0, limitId: 1, startSeq: 0, startIndex: 0 },
    { agreement, leg: 1, limitId: 1, startSeq: 7, startIndex: 31 },
    { agreement, leg: 0xffff_ffff, limitId: 0xffff, startSeq: 0xffff_ffff, startIndex: 0xffff },
  ]
}
