// Signed bytes, as parties hold them, in the structs of the contracts. Nothing is checked here: the contracts do that, and a simulation of
// the call says what they refuse.
import {
  decodeSignedLegKeys,
  decodeSignedOffer,
  disclose,
  type Envelope,
  type MetricName,
  parseEnvelope,
} from '@consign/envelope'
import { bytesToHex, type Hex, hexToBytes } from 'viem'

const ZERO_32: Hex = `0x${'00'.repeat(32)}`

/** Struct `LegKeys` where a call ignores it. */
export const NO_LEG_KEYS = { p256X: ZERO_32, p256Y: ZERO_32, mlDsaKeyHash: ZERO_32, slhDsaKey: ZERO_32 }
/** Struct `SignedHeader` where a call ignores it. */
export const NO_HEADER = { header: '0x' as Hex, signature: { r: ZERO_32, s: ZERO_32 } }
/** Struct `Clause` where a call ignores it. */
export const NO_CLAUSE = { kind: 0, salt: ZERO_32, body: '0x' as Hex, index: 0n, size: 0n, proof: [] }

/** Struct `LegKeys` of a leg's signed keys. */
export function legKeysOf(signedKeys: Hex) {
  const { keys } = decodeSignedLegKeys(hexToBytes(signedKeys)).record
  return {
    p256X: bytesToHex(keys.subarray(0, 32)),
    p256Y: bytesToHex(keys.subarray(32, 64)),
    mlDsaKeyHash: bytesToHex(keys.subarray(64, 96)),
    slhDsaKey: bytesToHex(keys.subarray(96, 128)),
  }
}

/** Struct `Offer` of a signed offer. */
export function offerOf(signedOffer: Hex) {
  const offer = decodeSignedOffer(hexToBytes(signedOffer)).record
  return {
    device: `0x${offer.device}` as Hex,
    m: offer.m,
    head: bytesToHex(offer.head),
    nextKeysHash: bytesToHex(offer.nextKeysHash),
    nonce: bytesToHex(offer.nonce),
    ttlEnvelopes: offer.ttlEnvelopes,
  }
}

/** Struct `P256Signature` of 64 bytes. */
export function p256Signature(signature: Uint8Array): { r: Hex; s: Hex } {
  return { r: bytesToHex(signature.subarray(0, 32)), s: bytesToHex(signature.subarray(32, 64)) }
}

/** Struct `SignedHeader` of an envelope's wire. */
export function signedHeader(wire: Uint8Array) {
  const { headerBytes, p256 } = parseEnvelope(wire)
  return { header: bytesToHex(headerBytes), signature: p256Signature(p256) }
}

/** Struct `Disclosure`: one envelope with the column of one metric and, where time counts, its times. */
export function disclosureOf(envelope: Envelope, metric: MetricName, withTimes: boolean) {
  const { body, header, headerBytes } = envelope
  const { times, column, hashes } = disclose(body, header.mask, header.count, metric)
  return {
    header: bytesToHex(headerBytes),
    times: withTimes ? bytesToHex(times.bytes) : ('0x' as Hex),
    timesSalt: withTimes ? bytesToHex(times.salt) : ZERO_32,
    column: column ? bytesToHex(column.bytes) : ('0x' as Hex),
    columnSalt: column ? bytesToHex(column.salt) : ZERO_32,
    hashes: hashes.map((hash) => bytesToHex(hash)),
  }
}
