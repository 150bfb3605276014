/**
 * How clauses become hashes: `clauseHash = SHA-256(tag ‖ salt 32 ‖ kind 2 ‖ abi.encode(fields))`, `termsHash` = the RFC 9162 root with
 * each clauseHash as one leaf's data, so that a proof reveals only the clause it needs. docs/formats.md, Terms.
 */
import { TAG, taggedDigest } from '@consign/envelope'
import { MerkleLog, merkleRoot } from '@consign/merkle'
import { bytesToHex, concatHex, type Hex, hexToBytes, numberToHex, padHex } from 'viem'
import { encodeClause } from './clause-abi.ts'
import { CLAUSE_KINDS, type Clause, type Terms } from './clauses.ts'

/** SHA-256, 32 bytes. */
export function clauseHash(clause: Clause): Hex {
  const kind = numberToHex(CLAUSE_KINDS[clause.kind], { size: 2 })
  return digestHex(TAG.clause, [clause.salt, kind, encodeClause(clause)])
}

/** RFC 9162 §2.1.1 root over the clause hashes in document order, 32 bytes. */
export function termsHash(terms: Terms): Hex {
  return bytesToHex(merkleRoot(terms.clauses.map((clause) => hexToBytes(clauseHash(clause)))))
}

/** The Solidity struct `Clause`: one clause and its RFC 9162 §2.1.3 inclusion proof under `termsHash`. */
export type ClauseDisclosure = {
  kind: number
  salt: Hex
  body: Hex
  index: bigint
  size: bigint
  proof: Hex[]
}

/** Discloses one clause of `terms`, which must hold it (same salt and kind); throws otherwise, as that is a bug of the caller. */
export function discloseClause(terms: Terms, clause: Clause): ClauseDisclosure {
  const index = terms.clauses.findIndex((each) => each.salt === clause.salt && each.kind === clause.kind)
  if (index < 0) throw new Error(`the terms hold no such ${clause.kind} clause`)
  return {
    kind: CLAUSE_KINDS[clause.kind],
    ...contentOf(clause),
    index: BigInt(index),
    size: BigInt(terms.clauses.length),
    proof: logOf(terms)
      .inclusionProof(index)
      .map((node) => bytesToHex(node)),
  }
}

/** The Solidity struct `Heading`: the general clause and all parties, and the roots of the subtrees to their right under `termsHash`. */
export type HeadingDisclosure = {
  general: ClauseContent
  parties: ClauseContent[]
  size: bigint
  rest: Hex[]
}

/** A clause of which the place tells the kind. */
export type ClauseContent = { salt: Hex; body: Hex }

/** Discloses what terms begin with, in the order of docs/formats.md: the general clause, then the parties. */
export function discloseHeading(terms: Terms): HeadingDisclosure {
  const [first, ...shown] = terms.clauses.filter(({ kind }) => kind === 'general' || kind === 'party')
  if (first?.kind !== 'general') throw new Error('the terms do not begin with the general clause')
  const rest = logOf(terms).prefixProof(1 + shown.length)
  return {
    general: contentOf(first),
    parties: shown.map(contentOf),
    size: BigInt(terms.clauses.length),
    rest: rest.map((node) => bytesToHex(node)),
  }
}

function contentOf(clause: Clause): ClauseContent {
  return { salt: clause.salt, body: encodeClause(clause) }
}

function logOf(terms: Terms): MerkleLog {
  const log = new MerkleLog()
  for (const clause of terms.clauses) log.append(hexToBytes(clauseHash(clause)))
  return log
}

/** Where an excursion began: the first outside reading, by envelope and place within it. */
export type CaseStart = { agreement: Hex; leg: number; limitId: number; startSeq: number; startIndex: number }

/** `SHA-256(tag ‖ agreement 20 ‖ leg 4 ‖ limitId 2 ‖ startSeq 4 ‖ startIndex 2)`: one excursion, one case, one charge. */
export function caseId(start: CaseStart): Hex {
  return digestHex(TAG.case, [
    padHex(start.agreement, { size: 20 }),
    numberToHex(start.leg, { size: 4 }),
    numberToHex(start.limitId, { size: 2 }),
    numberToHex(start.startSeq, { size: 4 }),
    numberToHex(start.startIndex, { size: 2 }),
  ])
}

const digestHex = (tag: Uint8Array, parts: Hex[]): Hex =>
  bytesToHex(taggedDigest(tag, hexToBytes(concatHex(parts))))
