// Violations of limits. What fits in one transaction is one `proveViolation`; what does not is a scan over several.
import { type Envelope, parseEnvelope } from '@consign/envelope'
import { discloseClause, type LimitClause, type Terms } from '@consign/terms'
import { type Hex, maxUint256 } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'
import { disclosureOf, legKeysOf, p256Signature } from '../evidence.ts'

/** A limit that the chain can judge. */
export type ProvableLimit = LimitClause & {
  kind: 'limit.instantaneous' | 'limit.single' | 'limit.cumulative'
}

/** `keys`: the signed keys of the leg; `run`: wires of consecutive envelopes of it. `start`: place of the first reading outside, none for a cumulative limit. */
export type ViolationEvidence = {
  terms: Terms
  limit: ProvableLimit
  keys: Hex
  run: readonly Uint8Array[]
  start: { seq: number; index: number } | undefined
}

/** One transaction of a proof; they go out in order. */
export type ViolationCall =
  | { functionName: 'proveViolation' | 'advanceScan'; args: AgreementArguments<'proveViolation'> }
  | { functionName: 'dropScan'; args: AgreementArguments<'dropScan'> }

// A node takes transactions of 128 KiB, and a transaction 16.7 M gas. What is shown of an envelope of 512 readings is 4.7 KB and, counted
// with time, 0.47 M gas: 23 of them are 112 KB and 10.8 M gas (contracts/GAS.md).
const SHOWN_BYTES_MAX = 110_000
const SHOWN_READINGS_MAX = 12_288
/** Header, salts, offsets and paddings of one Disclosure, and 32 for each column's hash. */
const DISCLOSURE_BYTES = 608

/** Whether the chain can prove this limit: what spans legs, and mean kinetic temperature, only services judge. */
export function isProvable(limit: LimitClause): limit is ProvableLimit {
  if (limit.kind === 'limit.cumulative') return limit.scope === 'leg'
  return limit.kind === 'limit.instantaneous' || limit.kind === 'limit.single'
}

/**
 * The transactions that prove a violation: one, or as many scans as it takes and a last one that forgets the scan. Throws when the run is
 * empty or lacks the envelope where the violation is said to begin.
 */
export function violationCalls(evidence: ViolationEvidence): ViolationCall[] {
  const envelopes = evidence.run.map(parseEnvelope)
  const [first] = envelopes
  if (!first) throw new Error('a violation needs at least the envelope that holds it')
  if (evidence.start && !envelopes.some(({ header }) => header.seq === evidence.start?.seq))
    throw new Error(`the run lacks envelope ${evidence.start.seq}, in which the violation begins`)
  const withTimes = evidence.limit.kind !== 'limit.instantaneous' || evidence.limit.startUpMs > 0
  const chunks = chunksOf(envelopes, withTimes)
  const functionName = chunks.length === 1 ? 'proveViolation' : 'advanceScan'
  const calls: ViolationCall[] = chunks.map((chunk) => ({
    functionName,
    args: proofArguments(evidence, chunk, withTimes),
  }))
  if (chunks.length > 1)
    calls.push({ functionName: 'dropScan', args: [first.header.leg, evidence.limit.limitId] })
  return calls
}

function proofArguments(
  { terms, limit, keys, start }: ViolationEvidence,
  chunk: Envelope[],
  withTimes: boolean,
): AgreementArguments<'proveViolation'> {
  const last = chunk.at(-1) as Envelope
  const position = chunk.findIndex(({ header }) => header.seq === start?.seq)
  return [
    last.header.leg,
    legKeysOf(keys),
    discloseClause(terms, limit),
    chunk.map((envelope) => disclosureOf(envelope, limit.metric, withTimes)),
    position < 0 ? maxUint256 : BigInt(position),
    start?.index ?? 0,
    p256Signature(last.p256),
  ]
}

// As many envelopes in each as a transaction takes, at least one.
function chunksOf(envelopes: readonly Envelope[], withTimes: boolean): Envelope[][] {
  const chunks: Envelope[][] = []
  let [bytes, readings] = [0, 0]
  for (const envelope of envelopes) {
    const { count } = envelope.header
    const shownBytes = DISCLOSURE_BYTES + count * (withTimes ? 8 : 4)
    const chunk = chunks.at(-1)
    if (chunk && bytes + shownBytes <= SHOWN_BYTES_MAX && readings + count <= SHOWN_READINGS_MAX) {
      chunk.push(envelope)
      bytes += shownBytes
      readings += count
    } else {
      chunks.push([envelope])
      ;[bytes, readings] = [shownBytes, count]
    }
  }
  return chunks
}
