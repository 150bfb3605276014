// Answers to a contest: by a seal of the leg, or by an anchor that is older than the end of trust in classical signatures.
import { decodeSignedSeal } from '@consign/envelope'
import { MerkleLog } from '@consign/merkle'
import { discloseClause, general, type Terms } from '@consign/terms'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { legKeysOf } from '../evidence.ts'

/**
 * Arguments of `answerWithSeal`. `seal`: the signed seal, as its frame holds it; `digests`: those of the leg's envelopes from 0, at least as many as
 * it seals; `seq`: the case's; `sealKnown`: this very seal is on chain already, so its signature need not be sent again.
 * Throws when the seal does not reach the envelope, or digests are missing.
 */
export function sealAnswerArguments(evidence: {
  terms: Terms
  caseId: Hex
  keys: Hex
  seal: Hex
  digests: readonly Uint8Array[]
  seq: number
  sealKnown?: boolean
}): AgreementArguments<'answerWithSeal'> {
  const { terms, caseId, keys, digests, seq } = evidence
  const { record, slhDsa } = decodeSignedSeal(hexToBytes(evidence.seal))
  if (seq >= record.n) throw new Error(`the seal ends at envelope ${record.n - 1}, the case is about ${seq}`)
  return [
    caseId,
    legKeysOf(keys),
    { n: record.n, root: bytesToHex(record.root), head: bytesToHex(record.head) },
    evidence.sealKnown ? '0x' : bytesToHex(slhDsa),
    inclusionProof(digests, seq, record.n),
    discloseClause(terms, general(terms)),
  ]
}

/**
 * Arguments of `answerWithAnchor`. `evidence`: digest of the case's envelope; `anchorSeq`: number of a root in the writer's log, over the first
 * `size` of `leaves`, the digests in the writer's tree; `witnessedAt`: seconds since 1970, when `AnchorLog.witness` noted it, 0 before
 * `classicalUntil`. Throws when the evidence is not under the root.
 */
export function anchorAnswerArguments(evidence: {
  terms: Terms
  caseId: Hex
  evidence: Hex
  anchorSeq: number
  leaves: readonly Uint8Array[]
  size: number
  witnessedAt?: number
}): AgreementArguments<'answerWithAnchor'> {
  const { terms, caseId, anchorSeq, leaves, size } = evidence
  const index = leaves.findIndex((leaf) => bytesToHex(leaf) === evidence.evidence)
  if (index < 0 || index >= size)
    throw new Error(`${evidence.evidence} is not among the ${size} leaves of the anchor`)
  return [
    caseId,
    BigInt(anchorSeq),
    BigInt(index),
    BigInt(size),
    inclusionProof(leaves, index, size),
    evidence.witnessedAt ?? 0,
    discloseClause(terms, general(terms)),
  ]
}

function inclusionProof(leaves: readonly Uint8Array[], index: number, size: number): Hex[] {
  if (leaves.length < size)
    throw new Error(`a proof under ${size} leaves needs all of them, not ${leaves.length}`)
  const log = new MerkleLog()
  for (const leaf of leaves.slice(0, size)) log.append(leaf)
  return log.inclusionProof(index).map((hash) => bytesToHex(hash))
}
