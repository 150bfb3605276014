// The bytes of docs/formats.md, read with nothing but viem: frames, records, envelopes, Merkle trees. Deliberately written apart from the
// packages that devices and services use, so that two readings of the formats must agree.
import { bytesToHex, concat, type Hex, sha256, stringToHex } from 'viem'

const P256_BYTES = 64
const ML_DSA_BYTES = 2420
const ML_DSA_KEY_BYTES = 1312
const SLH_DSA_BYTES = 7856
const HEADER_BYTES = 144
const PREFIX_BYTES = 33

const CHECKPOINT = 1
const HANDOVER = 4

/** What a device signed: `tagged` is the message, its SHA-256 the digest. */
type Signed = {
  chainId: bigint
  agreement: Hex
  leg: number
  tagged: Hex
  digest: Hex
  p256: Hex
  mlDsa: Hex
  slhDsa: Hex
}

export type LegKeys = { p256X: Hex; p256Y: Hex; mlDsaKeyHash: Hex; slhDsaKey: Hex }
export type SignedKeys = Signed & { keys: LegKeys; mlDsaKey: Hex }
export type Offer = Signed & {
  device: Hex
  m: number
  head: Hex
  nextKeysHash: Hex
  nonce: Hex
  ttlEnvelopes: number
}
/** `signed`: the whole frame behind its kind. */
export type Cut = Signed & {
  signed: Hex
  offerDigest: Hex
  acceptDigest: Hex
  n: number
  head: Hex
  root: Hex
}
export type Seal = Signed & { n: number; root: Hex; head: Hex }
export type Accept = {
  offerDigest: Hex
  party: Hex
  termsHash: Hex
  amount: bigint
  penaltyMax: bigint
  reservationsHash: Hex
  ecdsa: Hex
  mlDsa: Hex
  slhDsa: Hex
  signed: Hex
  /** When a delegate of the party signed it. */
  delegation?: Delegation
}
/** `mlDsaKey`, `slhDsaKey`: the delegate's, which `pqKeyHash` names; the signatures are the party's. */
export type Delegation = {
  party: Hex
  delegate: Hex
  mlDsaKey: Hex
  slhDsaKey: Hex
  pqKeyHash: Hex
  scope: Hex
  notAfterMs: bigint
  ecdsa: Hex
  mlDsa: Hex
  slhDsa: Hex
}
export type Envelope = Signed & {
  header: Hex
  mask: number
  seq: number
  bootId: Hex
  baseMonotonicMs: number
  /** 0 where the clock is not set. */
  utcMs: bigint
  count: number
  bodyHash: Hex
  previous: Hex
  body: Uint8Array
  /** The signed cut and acceptance that a leg's first envelope carries. */
  handover: Hex
}

export type Frame =
  | { kind: 'envelope'; envelope: Envelope }
  | { kind: 'keys'; keys: SignedKeys }
  | { kind: 'offer'; offer: Offer }
  | { kind: 'cut'; cut: Cut }
  | { kind: 'seal'; seal: Seal }
  | { kind: 'accept'; accept: Accept }

/** Reads one frame, `kind 1 ‖ bytes`, to its last byte. Throws for any other length or kind. */
export function readFrame(frame: Uint8Array): Frame {
  const bytes = frame.subarray(1)
  switch (frame[0]) {
    case 1:
      return { kind: 'envelope', envelope: readEnvelope(bytes) }
    case 2:
      return { kind: 'keys', keys: readKeys(bytes) }
    case 3:
      return { kind: 'offer', offer: readOffer(bytes) }
    case 4:
      return { kind: 'cut', cut: readCut(bytes) }
    case 5:
      return { kind: 'seal', seal: readSeal(bytes) }
    case 6:
      return { kind: 'accept', accept: readAccept(bytes) }
    default:
      throw new Error(`frame kind ${frame[0]} is none that a party needs`)
  }
}

function readEnvelope(wire: Uint8Array): Envelope {
  const fields = fieldsOf(wire)
  const version = fields.number(2)
  if (version !== 0x0101) throw new Error('an envelope is of version 1 and suite 1')
  const flags = fields.number(2)
  const mask = fields.number(4)
  const [chainId, agreement, leg, seq] = [fields.uint(8), fields.hex(20), fields.number(4), fields.number(4)]
  const [bootId, baseMonotonicMs] = [fields.hex(16), fields.number(8)]
  const baseUtcMs = fields.uint(8)
  const utcMs = fields.number(1) === 0 ? 0n : baseUtcMs
  fields.hex(1)
  const [count, bodyHash, previous] = [fields.number(2), fields.hex(32), fields.hex(32)]
  const header = bytesToHex(wire.subarray(0, HEADER_BYTES))
  const body = fields.bytes(16 + count * (4 + 4 * columnsOf(mask).length))
  const p256 = fields.hex(P256_BYTES)
  const mlDsa = flags & CHECKPOINT ? fields.hex(ML_DSA_BYTES) : '0x'
  const handover = flags & HANDOVER ? fields.hex(fields.left()) : '0x'
  fields.end()
  const signed = {
    chainId,
    agreement,
    leg,
    ...tagged('consign.envelope', header),
    p256,
    mlDsa,
    slhDsa: '0x' as Hex,
  }
  return {
    ...signed,
    header,
    mask,
    seq,
    bootId,
    baseMonotonicMs,
    utcMs,
    count,
    bodyHash,
    previous,
    body,
    handover,
  }
}

function readKeys(bytes: Uint8Array): SignedKeys {
  const { fields, record } = readRecord('consign.legkeys', bytes, PREFIX_BYTES + 128)
  const keys = {
    p256X: fields.hex(32),
    p256Y: fields.hex(32),
    mlDsaKeyHash: fields.hex(32),
    slhDsaKey: fields.hex(32),
  }
  const mlDsaKey = fields.hex(ML_DSA_KEY_BYTES)
  return { ...record, keys, mlDsaKey, ...signatures(fields, { p256: true, mlDsa: true, slhDsa: true }) }
}

function readOffer(bytes: Uint8Array): Offer {
  const { fields, record } = readRecord('consign.offer', bytes, 153)
  const [device, m, head, nextKeysHash] = [fields.hex(32), fields.number(4), fields.hex(32), fields.hex(32)]
  const [nonce, ttlEnvelopes] = [fields.hex(16), fields.number(4)]
  const offer = { device, m, head, nextKeysHash, nonce, ttlEnvelopes }
  return { ...record, ...offer, ...signatures(fields, { p256: true, mlDsa: true }) }
}

function readCut(bytes: Uint8Array): Cut {
  const { fields, record } = readRecord('consign.cut', bytes, 165)
  const [offerDigest, acceptDigest] = [fields.hex(32), fields.hex(32)]
  const cut = { offerDigest, acceptDigest, n: fields.number(4), head: fields.hex(32), root: fields.hex(32) }
  return { ...record, ...cut, signed: bytesToHex(bytes), ...signatures(fields, { p256: true, mlDsa: true }) }
}

function readSeal(bytes: Uint8Array): Seal {
  const { fields, record } = readRecord('consign.seal', bytes, 101)
  const seal = { n: fields.number(4), root: fields.hex(32), head: fields.hex(32) }
  return { ...record, ...seal, ...signatures(fields, { slhDsa: true }) }
}

function readAccept(bytes: Uint8Array): Accept {
  const fields = fieldsOf(bytes)
  const accept = {
    offerDigest: fields.hex(32),
    party: fields.hex(20),
    termsHash: fields.hex(32),
    amount: fields.uint(32),
    penaltyMax: fields.uint(32),
    reservationsHash: fields.hex(32),
    ...partySignatures(fields),
    signed: bytesToHex(bytes),
  }
  const delegation = fields.left() > 0 ? readDelegation(fields) : undefined
  fields.end()
  return { ...accept, ...(delegation ? { delegation } : {}) }
}

function readDelegation(fields: Fields): Delegation {
  const [party, delegate] = [fields.hex(20), fields.hex(20)]
  const [mlDsaKey, slhDsaKey] = [fields.hex(ML_DSA_KEY_BYTES), fields.hex(32)]
  const named = tagged('consign.delegate', concat(['0x01', sha256(mlDsaKey), slhDsaKey]))
  const [scope, notAfterMs] = [fields.hex(32), fields.uint(8)]
  const keys = { mlDsaKey, slhDsaKey, pqKeyHash: named.digest }
  return { party, delegate, ...keys, scope, notAfterMs, ...partySignatures(fields) }
}

function partySignatures(fields: Fields) {
  return { ecdsa: fields.hex(65), mlDsa: fields.hex(ML_DSA_BYTES), slhDsa: fields.hex(SLH_DSA_BYTES) }
}

// suite 1 ‖ chain id 8 ‖ agreement 20 ‖ leg 4, then the record's own fields.
function readRecord(tag: string, bytes: Uint8Array, recordBytes: number) {
  const fields = fieldsOf(bytes)
  if (fields.number(1) !== 1) throw new Error(`a ${tag} record is of suite 1`)
  const place = { chainId: fields.uint(8), agreement: fields.hex(20), leg: fields.number(4) }
  return { fields, record: { ...place, ...tagged(tag, bytesToHex(bytes.subarray(0, recordBytes))) } }
}

function signatures(fields: Fields, has: { p256?: boolean; mlDsa?: boolean; slhDsa?: boolean }) {
  const p256 = has.p256 ? fields.hex(P256_BYTES) : '0x'
  const mlDsa = has.mlDsa ? fields.hex(ML_DSA_BYTES) : '0x'
  const slhDsa = has.slhDsa ? fields.hex(SLH_DSA_BYTES) : '0x'
  fields.end()
  return { p256, mlDsa, slhDsa } as const
}

type Fields = ReturnType<typeof fieldsOf>

/** Big-endian fields in order; `end` throws unless every byte was read. */
function fieldsOf(bytes: Uint8Array) {
  let at = 0
  const take = (length: number) => {
    if (at + length > bytes.length) throw new Error(`${bytes.length} bytes are too few`)
    at += length
    return bytes.subarray(at - length, at)
  }
  return {
    bytes: take,
    hex: (length: number) => bytesToHex(take(length)),
    uint: (length: number) => BigInt(bytesToHex(take(length))),
    number: (length: number) => Number(BigInt(bytesToHex(take(length)))),
    left: () => bytes.length - at,
    end: () => {
      if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are too many`)
    },
  }
}

/** The bits of a mask, lowest first: one column each. */
export function columnsOf(mask: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (mask >>> bit) & 1)
}

/** Tags are 16 ASCII bytes, padded right with zeros. */
export function tagged(tag: string, bytes: Hex): { tagged: Hex; digest: Hex } {
  const message = concat([stringToHex(tag, { size: 16 }), bytes])
  return { tagged: message, digest: sha256(message) }
}

/** RFC 9162 section 2.1.1: the root over leaves of 32 bytes. */
export function merkleRoot(leaves: Hex[]): Hex {
  if (leaves.length === 0) return sha256('0x')
  if (leaves.length === 1) return sha256(concat(['0x00', leaves[0]!]))
  const split = splitOf(leaves.length)
  return sha256(concat(['0x01', merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split))]))
}

/** RFC 9162 section 2.1.3.1: the siblings from the leaf upwards. */
export function inclusionProof(leaves: Hex[], index: number): Hex[] {
  if (leaves.length <= 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...inclusionProof(left, index), merkleRoot(right)]
    : [...inclusionProof(right, index - split), merkleRoot(left)]
}

/** Roots of the subtrees to the right of the first `count` leaves, from the left: with those leaves they give the root. */
export function prefixProof(leaves: Hex[], count: number): Hex[] {
  if (leaves.length <= count) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return count > split ? prefixProof(right, count - split) : [...prefixProof(left, count), merkleRoot(right)]
}

// The largest power of two below the size.
function splitOf(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1)
}
