/**
 * EIP-712 typed data that parties sign, so that wallets show it. Domain { name: "Consign", version: "1", chainId, verifyingContract }:
 * the factory for an Agreement, the agreement itself for an Accept. docs/formats.md, EIP-712.
 */
import type { Accept } from '@consign/envelope'
import { type Hex, hashTypedData } from 'viem'

export type AgreementDomain = { chainId: number; factory: Hex }
export type AgreementMessage = { termsHash: Hex; payer: Hex; payee: Hex }
export type AcceptDomain = { chainId: number; agreement: Hex }

const domain = (chainId: number, verifyingContract: Hex) =>
  ({ name: 'Consign', version: '1', chainId, verifyingContract }) as const

export const AGREEMENT_TYPES = {
  Agreement: [
    { name: 'termsHash', type: 'bytes32' },
    { name: 'payer', type: 'address' },
    { name: 'payee', type: 'address' },
  ],
} as const

export const ACCEPT_TYPES = {
  Accept: [
    { name: 'offerDigest', type: 'bytes32' },
    { name: 'party', type: 'address' },
    { name: 'termsHash', type: 'bytes32' },
    { name: 'amount', type: 'uint256' },
    { name: 'penaltyMax', type: 'uint256' },
    { name: 'reservationsHash', type: 'bytes32' },
  ],
} as const

/** What payer and payee sign before the agreement exists. */
export function agreementTypedData(where: AgreementDomain, message: AgreementMessage) {
  return {
    domain: domain(where.chainId, where.factory),
    types: AGREEMENT_TYPES,
    primaryType: 'Agreement',
    message,
  } as const
}

/** What a taker signs to take custody. Amounts in the token's smallest unit. */
export function acceptTypedData(where: AcceptDomain, accept: Accept) {
  return {
    domain: domain(where.chainId, where.agreement),
    types: ACCEPT_TYPES,
    primaryType: 'Accept',
    message: accept,
  } as const
}

/** keccak, 32 bytes; the party's ML-DSA signs this digest too. */
export const agreementDigest = (where: AgreementDomain, message: AgreementMessage): Hex =>
  hashTypedData(agreementTypedData(where, message))

/** keccak, 32 bytes: `acceptDigest` of the Cut. The party's ML-DSA and SLH-DSA sign it too. */
export const acceptDigest = (where: AcceptDomain, accept: Accept): Hex =>
  hashTypedData(acceptTypedData(where, accept))
