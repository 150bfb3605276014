/**
 * How clauses become hashes: `clauseHash = SHA-256(tag ‖ salt 32 ‖ kind 2 ‖ abi.encode(fields))`, `termsHash` = the RFC 9162 root with
 * each clauseHash as one leaf's data, so that a proof reveals only the clause it needs. docs/formats.md, Terms.
 */
import { metricByName, TAG, taggedDigest } from '@consign/envelope'
import { MerkleLog, merkleRoot } from '@consign/merkle'
import {
  bytesToHex,
  concatHex,
  encodeAbiParameters,
  type Hex,
  hexToBytes,
  numberToHex,
  padHex,
  parseAbiParameters,
  sha256,
  sliceHex,
  stringToHex,
} from 'viem'
import { CLAUSE_KINDS, type Clause, type Terms } from './clauses.ts'
import { unreachable } from './unreachable.ts'

const ROLE_NUMBERS = { payer: 1, payee: 2, carrier: 3 } as const
const KEYSTORE_NUMBERS = { file: 1, secureElement: 2 } as const
const SIDE_NUMBERS = { above: 1, below: 2 } as const

const GENERAL = parseAbiParameters(
  'uint16, uint64, bytes32, address, address, uint64, uint16, string, string',
)
const PARTY = parseAbiParameters('uint8, uint8, string, address, bytes32, bytes32, uint256, uint256')
const DEVICE = parseAbiParameters('bytes32, bytes32, bytes32, bytes32, bytes32, address, uint8')
const INSTANTANEOUS_LIMIT = parseAbiParameters('uint16, uint8, uint8, int32, uint256, address')
const DEADLINE = parseAbiParameters('uint64')
const ROUTE = parseAbiParameters('string, string')
const WINDOWS = parseAbiParameters('uint64, uint64, uint64, uint64, uint32, uint32')

/** The ABI-encoded fields of a clause, without salt and kind: what Solidity decodes. */
export function encodeClause(clause: Clause): Hex {
  switch (clause.kind) {
    case 'general':
      return encodeAbiParameters(GENERAL, [
        clause.ruleVersion,
        BigInt(clause.chainId),
        shipmentBytes32(clause.shipment),
        clause.token,
        clause.anchorWriter,
        BigInt(clause.classicalUntilMs),
        clause.guaranteeBps,
        clause.legalRegime,
        clause.penaltyNature,
      ])
    case 'party':
      return encodeAbiParameters(PARTY, [
        clause.index,
        ROLE_NUMBERS[clause.role],
        clause.name,
        clause.wallet,
        sha256(clause.mlDsaKey),
        clause.slhDsaKey,
        BigInt(clause.amount),
        BigInt(clause.penaltyCap),
      ])
    case 'device':
      return encodeAbiParameters(DEVICE, [
        clause.deviceId,
        sliceHex(clause.p256, 0, 32),
        sliceHex(clause.p256, 32, 64),
        sha256(clause.mlDsaKey),
        clause.slhDsaKey,
        clause.provisioner,
        KEYSTORE_NUMBERS[clause.keystore],
      ])
    case 'limit.instantaneous':
      return encodeAbiParameters(INSTANTANEOUS_LIMIT, [
        clause.limitId,
        metricByName(clause.metric).id,
        SIDE_NUMBERS[clause.side],
        clause.bound,
        BigInt(clause.penalty),
        clause.beneficiary,
      ])
    case 'deadline':
      return encodeAbiParameters(DEADLINE, [BigInt(clause.deliverByMs)])
    case 'route':
      return encodeAbiParameters(ROUTE, [clause.origin, clause.destination])
    case 'windows':
      return encodeAbiParameters(WINDOWS, [
        BigInt(clause.disputeMs),
        BigInt(clause.silenceMsMax),
        BigInt(clause.sealEveryMs),
        BigInt(clause.tenderGraceMs),
        clause.checkpointEvery,
        clause.offerTtlEnvelopes,
      ])
    default:
      return unreachable(clause)
  }
}

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
  const log = new MerkleLog()
  for (const each of terms.clauses) log.append(hexToBytes(clauseHash(each)))
  return {
    kind: CLAUSE_KINDS[clause.kind],
    salt: clause.salt,
    body: encodeClause(clause),
    index: BigInt(index),
    size: BigInt(terms.clauses.length),
    proof: log.inclusionProof(index).map((node) => bytesToHex(node)),
  }
}

/** The 18 ASCII digits of an SSCC, padded right with zeros to 32 bytes. */
export function shipmentBytes32(shipment: string): Hex {
  return stringToHex(shipment, { size: 32 })
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
