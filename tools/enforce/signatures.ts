// What a taker signs, or lets a delegate sign: EIP-712 in the domain of this project (docs/formats.md, EIP-712).
import { type Hex, hashTypedData } from 'viem'

const domain = (chainId: bigint | number, verifyingContract: Hex) =>
  ({ name: 'Consign', version: '1', chainId: BigInt(chainId), verifyingContract }) as const

const ACCEPT = [
  { name: 'offerDigest', type: 'bytes32' },
  { name: 'party', type: 'address' },
  { name: 'termsHash', type: 'bytes32' },
  { name: 'amount', type: 'uint256' },
  { name: 'penaltyMax', type: 'uint256' },
  { name: 'reservationsHash', type: 'bytes32' },
] as const

type AcceptMessage = {
  offerDigest: Hex
  party: Hex
  termsHash: Hex
  amount: bigint
  penaltyMax: bigint
  reservationsHash: Hex
}

const DELEGATION = [
  { name: 'party', type: 'address' },
  { name: 'delegate', type: 'address' },
  { name: 'pqKeyHash', type: 'bytes32' },
  { name: 'scope', type: 'bytes32' },
  { name: 'notAfterMs', type: 'uint64' },
] as const

type DelegationMessage = { party: Hex; delegate: Hex; pqKeyHash: Hex; scope: Hex; notAfterMs: bigint }

/** Digest of a delegation: no contract is in its domain, since it may be for all agreements of a party. */
export const delegationDigest = (chainId: bigint, message: DelegationMessage): Hex =>
  hashTypedData({
    domain: { name: 'Consign', version: '1', chainId },
    types: { Delegation: DELEGATION },
    primaryType: 'Delegation',
    message,
  })

/** Digest of an acceptance, which the device's cut names. */
export const acceptDigest = (place: { chainId: bigint; agreement: Hex }, message: AcceptMessage): Hex =>
  hashTypedData({
    domain: domain(place.chainId, place.agreement),
    types: { Accept: ACCEPT },
    primaryType: 'Accept',
    message,
  })
