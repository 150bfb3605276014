/**
 * Accept: the taker's signed yes to an Offer. Its digest and its signatures are EIP-712 (docs/formats.md, "EIP-712") and are made and checked
 * where the terms are; here are only its bytes.
 */
import { concatBytes, type Hex } from './bytes.ts'
import {
  decodeSignedDelegation,
  encodeSignedDelegation,
  SIGNED_DELEGATION_BYTES,
  type SignedDelegation,
} from './delegation.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { ECDSA_SIGNATURE_BYTES, ML_DSA_SIGNATURE_BYTES, SLH_DSA_SIGNATURE_BYTES } from './keys.ts'

export const ACCEPT_BYTES = 32 + 20 + 32 + 32 + 32 + 32
export const SIGNED_ACCEPT_BYTES =
  ACCEPT_BYTES + ECDSA_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES + SLH_DSA_SIGNATURE_BYTES

/** Amounts in the token's smallest unit. */
export type Accept = {
  offerDigest: Hex
  party: Hex
  termsHash: Hex
  amount: bigint
  penaltyMax: bigint
  reservationsHash: Hex
}

/** `ecdsa`: the wallet's r ‖ s ‖ v, 65 bytes. With a `delegation` by `record.party`, all signatures are the delegate's. */
export type SignedAccept = {
  record: Accept
  ecdsa: Uint8Array
  mlDsa: Uint8Array
  slhDsa: Uint8Array
  delegation?: SignedDelegation
}

/** 180 bytes; throws Refusal `accept.field`. */
export function encodeAccept(record: Accept): Uint8Array {
  return new FieldWriter('accept', ACCEPT_BYTES)
    .hex('offerDigest', record.offerDigest, 32)
    .hex('party', record.party, 20)
    .hex('termsHash', record.termsHash, 32)
    .uint256('amount', record.amount)
    .uint256('penaltyMax', record.penaltyMax)
    .hex('reservationsHash', record.reservationsHash, 32)
    .finish()
}

/** Throws Refusal `accept.length`. */
export function decodeAccept(bytes: Uint8Array): Accept {
  const reader = new FieldReader('accept', bytes, ACCEPT_BYTES)
  return {
    offerDigest: reader.hex(32),
    party: reader.hex(20),
    termsHash: reader.hex(32),
    amount: reader.uint256(),
    penaltyMax: reader.uint256(),
    reservationsHash: reader.hex(32),
  }
}

/** Frame 6: `Accept 180 ‖ ECDSA 65 ‖ ML-DSA 2420 ‖ SLH-DSA 7856`, and `‖ signed delegation 11765` when a delegate signed it. */
export function encodeSignedAccept(signed: SignedAccept): Uint8Array {
  const parts = [encodeAccept(signed.record), signed.ecdsa, signed.mlDsa, signed.slhDsa]
  return concatBytes(...parts, ...(signed.delegation ? [encodeSignedDelegation(signed.delegation)] : []))
}

/** Which of the two it is, its length tells. Throws Refusal `accept.length`, `delegation.field`. */
export function decodeSignedAccept(bytes: Uint8Array): SignedAccept {
  const isDelegated = bytes.length === SIGNED_ACCEPT_BYTES + SIGNED_DELEGATION_BYTES
  const reader = new FieldReader('accept', bytes, isDelegated ? bytes.length : SIGNED_ACCEPT_BYTES)
  return {
    record: decodeAccept(reader.bytes(ACCEPT_BYTES)),
    ecdsa: reader.bytes(ECDSA_SIGNATURE_BYTES),
    mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES),
    slhDsa: reader.bytes(SLH_DSA_SIGNATURE_BYTES),
    ...(isDelegated ? { delegation: decodeSignedDelegation(reader.bytes(SIGNED_DELEGATION_BYTES)) } : {}),
  }
}
