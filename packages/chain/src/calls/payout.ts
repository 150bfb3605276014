// Guarantee, settlement, and what is paid out of the guarantee.
import { discloseClause, discloseHeading, general, partyByWallet, type Terms, windows } from '@consign/terms'
import { type Hex, parseSignature } from 'viem'
import type { AgreementArguments } from '../agreement-call.ts'

/** Arguments of `fund`, which is shown what `settle` will be; the sender must have approved the general clause's `guaranteeTotal`. */
export function fundArguments(terms: Terms): AgreementArguments<'fund'> {
  return settleArguments(terms)
}

/** Arguments of `fundWithPermit`. `signature`: the sender's ERC-2612 permit for the agreement, 65 bytes; `deadline` in seconds since 1970. */
export function fundWithPermitArguments(
  terms: Terms,
  permit: { deadline: bigint; signature: Hex },
): AgreementArguments<'fundWithPermit'> {
  const { r, s, yParity } = parseSignature(permit.signature)
  return [...fundArguments(terms), permit.deadline, 27 + yParity, r, s]
}

/** Arguments of `settle`. */
export function settleArguments(terms: Terms): AgreementArguments<'settle'> {
  return [discloseHeading(terms), discloseClause(terms, windows(terms))]
}

/** Arguments of `claim` for a party. Throws when the terms do not list it. */
export function claimArguments(terms: Terms, wallet: Hex): AgreementArguments<'claim'> {
  return [
    discloseClause(terms, general(terms)),
    discloseClause(terms, windows(terms)),
    discloseClause(terms, partyOf(terms, wallet)),
  ]
}

/** Arguments of `release` of what a party can no longer claim. Throws when the terms do not list it. */
export function releaseArguments(terms: Terms, wallet: Hex): AgreementArguments<'release'> {
  return [discloseClause(terms, general(terms)), discloseClause(terms, partyOf(terms, wallet))]
}

function partyOf(terms: Terms, wallet: Hex) {
  const party = partyByWallet(terms, wallet)
  if (!party) throw new Error(`the terms do not list ${wallet}`)
  return party
}
