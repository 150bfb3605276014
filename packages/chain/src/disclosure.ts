// Arguments of the agreement's calls, made from the signed bytes that every party holds. Nothing is checked here: the contract does that,
// and a simulation of the call says what it refuses.
import {
  decodeSignedAccept,
  decodeSignedCut,
  decodeSignedLegKeys,
  decodeSignedOffer,
  disclose,
  type Envelope,
  type MetricName,
  parseEnvelope,
  type SignedLegKeys,
} from '@consign/envelope'
import {
  device,
  discloseClause,
  type LimitClause,
  partyByWallet,
  payee,
  payer,
  type Terms,
} from '@consign/terms'
import { bytesToHex, type ContractFunctionArgs, type Hex, hexToBytes } from 'viem'
import type { agreementAbi } from './generated/agreement.ts'

type Arguments<Name extends 'start' | 'recordCut' | 'proveViolation'> = ContractFunctionArgs<
  typeof agreementAbi,
  'nonpayable',
  Name
>

/** Arguments of `start`. `keys`: the signed keys of leg 0, as their frame holds them. */
export function startArguments(evidence: { terms: Terms; keys: Hex }): Arguments<'start'> {
  const { terms } = evidence
  const signed = decodeSignedLegKeys(hexToBytes(evidence.keys))
  return [
    legKeys(signed),
    p256Signature(signed.p256),
    discloseClause(terms, device(terms)),
    discloseClause(terms, payer(terms)),
    discloseClause(terms, payee(terms)),
  ]
}

/**
 * Arguments of `recordCut`. `keys`: the signed keys of the leg that ends; `offer`, `accept`, `cut`: signed records, as their frames hold them.
 * Throws when the acceptance is by somebody whom the terms do not list.
 */
export function cutArguments(evidence: {
  terms: Terms
  keys: Hex
  offer: Hex
  accept: Hex
  cut: Hex
}): Arguments<'recordCut'> {
  const offer = decodeSignedOffer(hexToBytes(evidence.offer)).record
  const accept = decodeSignedAccept(hexToBytes(evidence.accept))
  const cut = decodeSignedCut(hexToBytes(evidence.cut))
  const taker = partyByWallet(evidence.terms, accept.record.party)
  if (!taker) throw new Error(`the terms do not list ${accept.record.party}, who accepted`)
  return [
    cut.record.leg,
    legKeys(decodeSignedLegKeys(hexToBytes(evidence.keys))),
    {
      device: `0x${offer.device}`,
      m: offer.m,
      head: bytesToHex(offer.head),
      nextKeysHash: bytesToHex(offer.nextKeysHash),
      nonce: bytesToHex(offer.nonce),
      ttlEnvelopes: offer.ttlEnvelopes,
    },
    {
      party: accept.record.party,
      amount: accept.record.amount,
      penaltyMax: accept.record.penaltyMax,
      reservationsHash: accept.record.reservationsHash,
    },
    bytesToHex(accept.ecdsa),
    { n: cut.record.n, head: bytesToHex(cut.record.head), root: bytesToHex(cut.record.root) },
    p256Signature(cut.p256),
    discloseClause(evidence.terms, taker),
  ]
}

/**
 * Arguments of `proveViolation`. `keys`: the signed keys of the leg; `run`: wires of consecutive envelopes, from the one with the last value
 * inside (or the leg's first) to the one with the first reading outside; `index`: place of that reading in the last of them.
 */
export function disclosureFor(evidence: {
  terms: Terms
  limit: LimitClause
  keys: Hex
  run: Uint8Array[]
  index: number
}): Arguments<'proveViolation'> {
  const run = evidence.run.map(parseEnvelope)
  const last = run.at(-1)
  if (!last) throw new Error('a violation needs at least the envelope that holds it')
  return [
    last.header.leg,
    legKeys(decodeSignedLegKeys(hexToBytes(evidence.keys))),
    discloseClause(evidence.terms, evidence.limit),
    run.map((envelope) => envelopeDisclosure(envelope, evidence.limit.metric)),
    evidence.index,
    p256Signature(last.p256),
  ]
}

function envelopeDisclosure(envelope: Envelope, metric: MetricName) {
  const { column, hashes } = disclose(envelope.body, envelope.header.mask, envelope.header.count, metric)
  return {
    header: bytesToHex(envelope.headerBytes),
    column: column ? bytesToHex(column.bytes) : ('0x' as Hex),
    columnSalt: column ? bytesToHex(column.salt) : NO_SALT,
    hashes: hashes.map((hash) => bytesToHex(hash)),
  }
}

const NO_SALT: Hex = `0x${'00'.repeat(32)}`

function legKeys({ record: { keys } }: SignedLegKeys) {
  return {
    p256X: bytesToHex(keys.subarray(0, 32)),
    p256Y: bytesToHex(keys.subarray(32, 64)),
    mlDsaKeyHash: bytesToHex(keys.subarray(64, 96)),
    slhDsaKey: bytesToHex(keys.subarray(96, 128)),
  }
}

function p256Signature(signature: Uint8Array): { r: Hex; s: Hex } {
  return { r: bytesToHex(signature.subarray(0, 32)), s: bytesToHex(signature.subarray(32, 64)) }
}
