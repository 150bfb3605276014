// What a taker's wallet signs: EIP-712 in the domain of this project (docs/formats.md, EIP-712).
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

/** Digest of an acceptance, which the device's cut names. */
export const acceptDigest = (place: { chainId: bigint; agreement: Hex }, message: AcceptMessage): Hex =>
  hashTypedData({
    domain: domain(place.chainId, place.agreement),
    types: { Accept: ACCEPT },
    primaryType: 'Accept',
    message,
  })
