/** The payer's transactions on an agreement, each under the name that stands for it for ever. Pure. */
import {
  claimArguments,
  encodeAgreementCall,
  fundArguments,
  type Intent,
  releaseArguments,
  settleArguments,
  settlementTokenAbi,
} from '@consign/chain'
import { formatTokens, general, type Terms } from '@consign/terms'
import { encodeFunctionData, type Hex } from 'viem'
import type { Acknowledged } from './acknowledgement.ts'

/** Names of refusals that time or others lift. */
export const LIFTED_ERRORS = [
  'AgreementNotSettleable',
  'AgreementDisputesOpen',
  'AgreementNotSettled',
  'AgreementClaimTooEarly',
  'ERC20InsufficientAllowance',
  'ERC20InsufficientBalance',
] as const

export type AgreementOf = { agreement: Hex; terms: Terms }

/** Lets the agreement take the guarantee from the payer's wallet. */
export function approveCall({ agreement, terms }: AgreementOf): Intent {
  const { token, guaranteeTotal } = general(terms)
  const args = [agreement, BigInt(guaranteeTotal)] as const
  const data = encodeFunctionData({ abi: settlementTokenAbi, functionName: 'approve', args })
  return { key: `approve:${agreement}`, to: token, data, what: 'approve the guarantee', agreement }
}

export function fundCall({ agreement, terms }: AgreementOf): Intent {
  const data = encodeAgreementCall({ functionName: 'fund', args: fundArguments(terms) })
  return { key: `fund:${agreement}`, to: agreement, data, what: 'pay in the guarantee', agreement }
}

export function acknowledgeCall(agreement: Hex, { party, cumulative, signature }: Acknowledged): Intent {
  const args = [party, BigInt(cumulative), signature.ecdsa] as const
  const data = encodeAgreementCall({ functionName: 'acknowledge', args })
  const what = `show that ${party} has acknowledged ${formatTokens(BigInt(cumulative))} tokens`
  return { key: `acknowledge:${agreement}:${party}:${cumulative}`, to: agreement, data, what, agreement }
}

export function settleCall({ agreement, terms }: AgreementOf): Intent {
  const data = encodeAgreementCall({ functionName: 'settle', args: settleArguments(terms) })
  return { key: `settle:${agreement}`, to: agreement, data, what: 'settle the agreement', agreement }
}

export function claimCall({ agreement, terms }: AgreementOf, wallet: Hex): Intent {
  const data = encodeAgreementCall({ functionName: 'claim', args: claimArguments(terms, wallet) })
  const what = `have the guarantee of ${wallet} paid to it`
  return { key: `claim:${agreement}:${wallet}`, to: agreement, data, what, agreement }
}

/** What can be released grows with what is acknowledged: each such sum has a release of its own. */
export function releaseCall({ agreement, terms }: AgreementOf, wallet: Hex, acknowledged: bigint): Intent {
  const data = encodeAgreementCall({ functionName: 'release', args: releaseArguments(terms, wallet) })
  const what = `get back what ${wallet} needs no guarantee for`
  return { key: `release:${agreement}:${wallet}:${acknowledged}`, to: agreement, data, what, agreement }
}

/** Of the keys that are `open`, those that must be settled before this intent: the approval before the funding, acknowledgements before a release. */
export function settledBefore({ key, agreement }: Intent, open: readonly string[]): string[] {
  const [kind, , party] = key.split(':')
  if (kind === 'fund') return open.filter((other) => other.startsWith(`approve:${agreement}`))
  if (kind === 'release')
    return open.filter((other) => other.startsWith(`acknowledge:${agreement}:${party}:`))
  return []
}
