/**
 * EIP-712 typed data that parties sign, so that wallets show it. Domain { name: "Consign", version: "1", chainId, verifyingContract }:
 * the factory for an Agreement, the agreement itself for all others; none for a Delegation. docs/formats.md, EIP-712.
 */
import { type Accept, type Delegation, pqKeyHash } from '@consign/envelope'
import { bytesToHex, type Hex, hashTypedData } from 'viem'

export type AgreementDomain = { chainId: number; factory: Hex }
export type AgreementMessage = { termsHash: Hex; payer: Hex; payee: Hex }
export type AcceptDomain = { chainId: number; agreement: Hex }

/** A handover without the device. `n`: envelopes of the leg that ends; amounts as in Accept. */
export type ManualCut = {
  termsHash: Hex
  leg: number
  n: number
  timeMs: bigint
  to: Hex
  nextKeysHash: Hex
  amount: bigint
  penaltyMax: bigint
  reasonsHash: Hex
}
/** `nextKeysHash` of a manual cut after which the goods go on unmeasured: no keys have this digest. */
export const NO_NEXT_KEYS: Hex = `0x${'ff'.repeat(32)}`

/** The payer refuses goods that were offered at their destination. */
export type TenderRefusal = { termsHash: Hex; leg: number; reasonsHash: Hex }
/** All that a party ever got off chain for this agreement, in the smallest unit. */
export type Acknowledgement = { party: Hex; cumulative: bigint }

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

export const DELEGATION_TYPES = {
  Delegation: [
    { name: 'party', type: 'address' },
    { name: 'delegate', type: 'address' },
    { name: 'pqKeyHash', type: 'bytes32' },
    { name: 'scope', type: 'bytes32' },
    { name: 'notAfterMs', type: 'uint64' },
  ],
} as const

export const MANUAL_CUT_TYPES = {
  ManualCut: [
    { name: 'termsHash', type: 'bytes32' },
    { name: 'leg', type: 'uint32' },
    { name: 'n', type: 'uint32' },
    { name: 'timeMs', type: 'uint64' },
    { name: 'to', type: 'address' },
    { name: 'nextKeysHash', type: 'bytes32' },
    { name: 'amount', type: 'uint256' },
    { name: 'penaltyMax', type: 'uint256' },
    { name: 'reasonsHash', type: 'bytes32' },
  ],
} as const

export const TENDER_REFUSAL_TYPES = {
  TenderRefusal: [
    { name: 'termsHash', type: 'bytes32' },
    { name: 'leg', type: 'uint32' },
    { name: 'reasonsHash', type: 'bytes32' },
  ],
} as const

export const ACKNOWLEDGEMENT_TYPES = {
  Acknowledgement: [
    { name: 'party', type: 'address' },
    { name: 'cumulative', type: 'uint256' },
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

/** What a party signs so that somebody else accepts for it, in agreements that may not exist yet: so no contract verifies it by its address. */
export function delegationTypedData(chainId: number, delegation: Delegation) {
  const { party, delegate, scope, notAfterMs } = delegation
  return {
    domain: { name: 'Consign', version: '1', chainId },
    types: DELEGATION_TYPES,
    primaryType: 'Delegation',
    message: {
      ...{ party, delegate, pqKeyHash: bytesToHex(pqKeyHash(delegation)), scope },
      notAfterMs: BigInt(notAfterMs),
    },
  } as const
}

/** What both custodians sign when the device is dead or lost. */
export function manualCutTypedData(where: AcceptDomain, cut: ManualCut) {
  return {
    domain: domain(where.chainId, where.agreement),
    types: MANUAL_CUT_TYPES,
    primaryType: 'ManualCut',
    message: cut,
  } as const
}

/** What the payer signs to refuse a tender within its grace. */
export function tenderRefusalTypedData(where: AcceptDomain, refusal: TenderRefusal) {
  return {
    domain: domain(where.chainId, where.agreement),
    types: TENDER_REFUSAL_TYPES,
    primaryType: 'TenderRefusal',
    message: refusal,
  } as const
}

/** What a party signs for payments that it got off chain. */
export function acknowledgementTypedData(where: AcceptDomain, acknowledgement: Acknowledgement) {
  return {
    domain: domain(where.chainId, where.agreement),
    types: ACKNOWLEDGEMENT_TYPES,
    primaryType: 'Acknowledgement',
    message: acknowledgement,
  } as const
}

/** keccak, 32 bytes; the party's ML-DSA signs this digest too. */
export const agreementDigest = (where: AgreementDomain, message: AgreementMessage): Hex =>
  hashTypedData(agreementTypedData(where, message))

/** keccak, 32 bytes: `acceptDigest` of the Cut. The party's ML-DSA and SLH-DSA sign it too. */
export const acceptDigest = (where: AcceptDomain, accept: Accept): Hex =>
  hashTypedData(acceptTypedData(where, accept))

/** keccak, 32 bytes; the party's ML-DSA and SLH-DSA sign it too. */
export const delegationDigest = (chainId: number, delegation: Delegation): Hex =>
  hashTypedData(delegationTypedData(chainId, delegation))

/** keccak, 32 bytes; names the leg's end in place of a Cut's digest. Both parties' ML-DSA sign it too. */
export const manualCutDigest = (where: AcceptDomain, cut: ManualCut): Hex =>
  hashTypedData(manualCutTypedData(where, cut))

/** keccak, 32 bytes; the payer's ML-DSA signs it too. */
export const tenderRefusalDigest = (where: AcceptDomain, refusal: TenderRefusal): Hex =>
  hashTypedData(tenderRefusalTypedData(where, refusal))

/** keccak, 32 bytes; the party's ML-DSA signs it too. */
export const acknowledgementDigest = (where: AcceptDomain, acknowledgement: Acknowledgement): Hex =>
  hashTypedData(acknowledgementTypedData(where, acknowledgement))
