/**
 * Delegation: a party lets somebody else, a driver, accept goods for it. Its digest and its signatures are EIP-712 (docs/formats.md, "EIP-712") and
 * are made and checked where the terms are; here are its bytes, with the delegate's public keys in place of their hash, and that hash.
 */
import { sha256 } from '@consign/merkle/sha256'
import { concatBytes, type Hex } from './bytes.ts'
import { SUITE, TAG, taggedDigest } from './digest.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import {
  ECDSA_SIGNATURE_BYTES,
  ML_DSA_KEY_BYTES,
  ML_DSA_SIGNATURE_BYTES,
  SLH_DSA_KEY_BYTES,
  SLH_DSA_SIGNATURE_BYTES,
} from './keys.ts'

export const DELEGATION_BYTES = 20 + 20 + ML_DSA_KEY_BYTES + SLH_DSA_KEY_BYTES + 32 + 8
export const SIGNED_DELEGATION_BYTES =
  DELEGATION_BYTES + ECDSA_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES + SLH_DSA_SIGNATURE_BYTES

/** `scope` of a delegation for all agreements of its party; else the terms hash of one. */
export const ALL_AGREEMENTS: Hex = `0x${'00'.repeat(32)}`

/** `party`, `delegate`: wallets; the other keys are the delegate's. `notAfterMs`: the last ms UTC, by the device's clock. */
export type Delegation = {
  party: Hex
  delegate: Hex
  mlDsaKey: Uint8Array
  slhDsaKey: Uint8Array
  scope: Hex
  notAfterMs: number
}

/** Signed by the party. `ecdsa`: its wallet's r ‖ s ‖ v, 65 bytes. */
export type SignedDelegation = {
  record: Delegation
  ecdsa: Uint8Array
  mlDsa: Uint8Array
  slhDsa: Uint8Array
}

/** What the signed structure has of the delegate's keys: SHA-256(tag ‖ suite ‖ SHA-256(ML-DSA key) ‖ SLH-DSA key). */
export function pqKeyHash({ mlDsaKey, slhDsaKey }: Pick<Delegation, 'mlDsaKey' | 'slhDsaKey'>): Uint8Array {
  return taggedDigest(TAG.delegate, concatBytes(Uint8Array.of(SUITE), sha256(mlDsaKey), slhDsaKey))
}

/** 1424 bytes; throws Refusal `delegation.field`. */
export function encodeDelegation(record: Delegation): Uint8Array {
  return new FieldWriter('delegation', DELEGATION_BYTES)
    .hex('party', record.party, 20)
    .hex('delegate', record.delegate, 20)
    .bytes('mlDsaKey', record.mlDsaKey, ML_DSA_KEY_BYTES)
    .bytes('slhDsaKey', record.slhDsaKey, SLH_DSA_KEY_BYTES)
    .hex('scope', record.scope, 32)
    .uint64('notAfterMs', record.notAfterMs)
    .finish()
}

/** Throws Refusal `delegation.length` or `delegation.field`. */
export function decodeDelegation(bytes: Uint8Array): Delegation {
  const reader = new FieldReader('delegation', bytes, DELEGATION_BYTES)
  return {
    party: reader.hex(20),
    delegate: reader.hex(20),
    mlDsaKey: reader.bytes(ML_DSA_KEY_BYTES),
    slhDsaKey: reader.bytes(SLH_DSA_KEY_BYTES),
    scope: reader.hex(32),
    notAfterMs: reader.uint64('notAfterMs'),
  }
}

/** `Delegation 1424 ‖ ECDSA 65 ‖ ML-DSA 2420 ‖ SLH-DSA 7856`: what a driver carries, and what follows the accept that it signs. */
export function encodeSignedDelegation(signed: SignedDelegation): Uint8Array {
  return concatBytes(encodeDelegation(signed.record), signed.ecdsa, signed.mlDsa, signed.slhDsa)
}

/** Throws Refusal `delegation.length` or `delegation.field`. */
export function decodeSignedDelegation(bytes: Uint8Array): SignedDelegation {
  const reader = new FieldReader('delegation', bytes, SIGNED_DELEGATION_BYTES)
  return {
    record: decodeDelegation(reader.bytes(DELEGATION_BYTES)),
    ecdsa: reader.bytes(ECDSA_SIGNATURE_BYTES),
    mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES),
    slhDsa: reader.bytes(SLH_DSA_SIGNATURE_BYTES),
  }
}
