/**
 * What a party signs for the PartyRegistry with its present SLH-DSA key: new keys, or the end of its keys. docs/formats.md, Registry.
 */
import { type CryptoProvider, SUITE, TAG, taggedDigest } from '@consign/envelope'
import { bytesToHex, concatHex, type Hex, hexToBytes, numberToHex, padHex, sha256 } from 'viem'
import type { PartyKeys } from './party-keys.ts'

/** The present keys that are replaced or revoked: `version` as the registry at `registry` says. */
export type RegisteredParty = { chainId: number; registry: Hex; party: Hex; version: number }
/** What the registry keeps of a key set. */
export type RegistryKeys = { mlDsaKeyHash: Hex; slhDsaKey: Hex }

export function registryKeys({ pq }: PartyKeys): RegistryKeys {
  return { mlDsaKeyHash: sha256(pq.public.mlDsa), slhDsaKey: bytesToHex(pq.public.slhDsa) }
}

/** SHA-256(tag consign.rotate ‖ suite 1 ‖ chain id 8 ‖ registry 20 ‖ party 20 ‖ version 4 ‖ mlDsaKeyHash 32 ‖ slhDsaKey 32). */
export function rotationDigest(of: RegisteredParty, next: RegistryKeys): Hex {
  return digestOf(TAG.rotate, [...partyBytes(of), next.mlDsaKeyHash, next.slhDsaKey])
}

/** SHA-256(tag consign.revoke ‖ suite 1 ‖ chain id 8 ‖ registry 20 ‖ party 20 ‖ version 4). */
export function revocationDigest(of: RegisteredParty): Hex {
  return digestOf(TAG.revoke, partyBytes(of))
}

/** 7856 bytes by the present SLH-DSA key, for `PartyRegistry.rotate`. */
export async function signRotation(
  crypto: CryptoProvider,
  present: PartyKeys,
  of: RegisteredParty,
  next: RegistryKeys,
): Promise<Hex> {
  return bytesToHex(await crypto.slhDsaSign(present.pq, hexToBytes(rotationDigest(of, next))))
}

/** 7856 bytes by the present SLH-DSA key, for `PartyRegistry.revokeFor`. */
export async function signRevocation(
  crypto: CryptoProvider,
  present: PartyKeys,
  of: RegisteredParty,
): Promise<Hex> {
  return bytesToHex(await crypto.slhDsaSign(present.pq, hexToBytes(revocationDigest(of))))
}

function partyBytes({ chainId, registry, party, version }: RegisteredParty): Hex[] {
  return [
    numberToHex(SUITE, { size: 1 }),
    numberToHex(chainId, { size: 8 }),
    padHex(registry, { size: 20 }),
    padHex(party, { size: 20 }),
    numberToHex(version, { size: 4 }),
  ]
}

const digestOf = (tag: Uint8Array, parts: Hex[]): Hex =>
  bytesToHex(taggedDigest(tag, hexToBytes(concatHex(parts))))
