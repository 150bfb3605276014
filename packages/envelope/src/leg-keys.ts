/**
 * LegKeys: the keys of a leg, signed by the device (leg 0) or by the keys of the leg before, under every algorithm. Whoever follows these
 * records from the device's keys in the terms knows that a leg key belongs to that device.
 */
import { sha256 } from '@consign/merkle/sha256'
import { concatBytes, equalBytes, viewOf } from './bytes.ts'
import { TAG, taggedDigest } from './digest.ts'
import { FieldReader } from './fields.ts'
import type { KeySet } from './key-set.ts'
import {
  KEYS_BYTES,
  keysBytes,
  ML_DSA_KEY_BYTES,
  ML_DSA_SIGNATURE_BYTES,
  P256_KEY_BYTES,
  P256_SIGNATURE_BYTES,
  type PublicKeys,
  SLH_DSA_SIGNATURE_BYTES,
} from './keys.ts'
import { type LegRef, PREFIX_BYTES, readRecord, writeRecord } from './leg-ref.ts'
import type { CryptoProvider } from './provider.ts'
import { Refusal } from './refusal.ts'
import { signUnder, verifyUnder } from './signatures.ts'

export const LEG_KEYS_BYTES = PREFIX_BYTES + KEYS_BYTES
export const SIGNED_LEG_KEYS_BYTES =
  LEG_KEYS_BYTES + ML_DSA_KEY_BYTES + P256_SIGNATURE_BYTES + ML_DSA_SIGNATURE_BYTES + SLH_DSA_SIGNATURE_BYTES

/** `keys`: the 128 bytes of keysBytes. */
export type LegKeys = LegRef & { keys: Uint8Array }

/** The ML-DSA key travels beside the record, which holds its hash. */
export type SignedLegKeys = {
  record: LegKeys
  mlDsaKey: Uint8Array
  p256: Uint8Array
  mlDsa: Uint8Array
  slhDsa: Uint8Array
}

/** 161 bytes. */
export function encodeLegKeys(record: LegKeys): Uint8Array {
  return writeRecord('legKeys', LEG_KEYS_BYTES, record).bytes('keys', record.keys, KEYS_BYTES).finish()
}

/** Throws Refusal `legKeys.length`, `legKeys.suite` or `legKeys.field`. */
export function decodeLegKeys(bytes: Uint8Array): LegKeys {
  const { ref, reader } = readRecord('legKeys', bytes, LEG_KEYS_BYTES)
  return { ...ref, keys: reader.bytes(KEYS_BYTES) }
}

/** Digest of the record; `nextKeysHash` of an Offer. */
export function legKeysDigest(record: LegKeys | Uint8Array): Uint8Array {
  return taggedDigest(TAG.legKeys, record instanceof Uint8Array ? record : encodeLegKeys(record))
}

/** Signs the keys of a leg with those of the device or of the leg before; throws Refusal `legKeys.mlDsaKey` when record and keys differ. */
export async function signLegKeys(
  crypto: CryptoProvider,
  signer: KeySet,
  record: LegKeys,
  nextPublic: PublicKeys,
): Promise<SignedLegKeys> {
  if (!equalBytes(record.keys, keysBytes(nextPublic)))
    throw new Refusal(
      'legKeys.mlDsaKey',
      'The record does not hold the keys given; encode it from the same keys',
    )
  const bytes = encodeLegKeys(record)
  const signatures = await signUnder(crypto, signer, { tag: TAG.legKeys, bytes }, ['p256', 'mlDsa', 'slhDsa'])
  return { record, mlDsaKey: nextPublic.mlDsa, ...signatures }
}

/**
 * Checks all three signatures and the ML-DSA key's hash; returns the keys of the new leg. Throws Refusal `legKeys.mlDsaKey` or
 * `legKeys.signature.…`. Whether `signerPublic` is the right signer, and the record that of the expected leg, is the caller's to check.
 */
export async function verifyLegKeys(
  crypto: CryptoProvider,
  signerPublic: PublicKeys,
  signed: SignedLegKeys,
): Promise<PublicKeys> {
  const { keys } = signed.record
  if (!equalBytes(sha256(signed.mlDsaKey), keys.subarray(64, 96)))
    throw new Refusal(
      'legKeys.mlDsaKey',
      'The ML-DSA key beside the record is not the one whose hash it holds',
    )
  const { p256, mlDsa, slhDsa } = signed
  const bytes = encodeLegKeys(signed.record)
  await verifyUnder(
    crypto,
    signerPublic,
    { structure: 'legKeys', tag: TAG.legKeys, bytes },
    { p256, mlDsa, slhDsa },
  )
  return {
    p256: viewOf(keys, 0, P256_KEY_BYTES),
    mlDsa: signed.mlDsaKey,
    slhDsa: viewOf(keys, 96, KEYS_BYTES),
  }
}

/** Frame 2: `LegKeys 161 ‖ ML-DSA public key 1312 ‖ P-256 64 ‖ ML-DSA 2420 ‖ SLH-DSA 7856`. */
export function encodeSignedLegKeys(signed: SignedLegKeys): Uint8Array {
  return concatBytes(encodeLegKeys(signed.record), signed.mlDsaKey, signed.p256, signed.mlDsa, signed.slhDsa)
}

/** Throws Refusal `legKeys.length` and those of decodeLegKeys. */
export function decodeSignedLegKeys(bytes: Uint8Array): SignedLegKeys {
  const reader = new FieldReader('legKeys', bytes, SIGNED_LEG_KEYS_BYTES)
  return {
    record: decodeLegKeys(reader.bytes(LEG_KEYS_BYTES)),
    mlDsaKey: reader.bytes(ML_DSA_KEY_BYTES),
    p256: reader.bytes(P256_SIGNATURE_BYTES),
    mlDsa: reader.bytes(ML_DSA_SIGNATURE_BYTES),
    slhDsa: reader.bytes(SLH_DSA_SIGNATURE_BYTES),
  }
}
