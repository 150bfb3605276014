/** The plan that follows from what the contract has fixed: of goods that never came, where no services have assessed a delivery. Pure. */
import { type PayoutPlan, parties, type Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** Of one party that is paid; due = agreed - charged + awarded. */
export type FixedPayout = {
  wallet: Hex
  agreed: bigint
  charged: bigint
  uncollected: bigint
  awarded: bigint
}

/** What settlement on chain fixed, and what is the payer's. Nobody is in `payouts` when no leg began. */
export type Fixed = { payouts: readonly FixedPayout[]; refund: bigint; settledAtMs: number }

export function dueOf({ payouts }: Fixed, wallet: Hex): bigint {
  const payout = payouts.find((one) => one.wallet === wallet)
  return payout === undefined ? 0n : payout.agreed - payout.charged + payout.awarded
}

/** In the same order as every other plan. */
export function fixedPlanOf(terms: Terms, { payouts, refund }: Fixed): PayoutPlan {
  const found = parties(terms).flatMap(({ name, wallet }) => {
    const fixed = payouts.find((one) => one.wallet === wallet)
    return fixed === undefined ? [] : [{ ...fixed, party: name }]
  })
  const awards = found
    .filter(({ awarded }) => awarded > 0n)
    .map(({ wallet, awarded }) => ({ beneficiary: wallet, amount: String(awarded) }))
    .sort((a, b) => (a.beneficiary < b.beneficiary ? -1 : 1))
  return {
    payouts: found.map(({ party, wallet, agreed, charged, uncollected }) => ({
      party,
      wallet,
      agreed: String(agreed),
      penalty: String(charged),
      uncollected: String(uncollected),
      paid: String(agreed - charged),
    })),
    awards,
    refund: String(refund),
    uncollected: String(found.reduce((sum, { uncollected }) => sum + uncollected, 0n)),
  }
}
