/**
 * What of a plan is left to guarantees. The contract knows nothing of what only services judge: to a party that is charged so, it would
 * still owe the difference after all of the plan was paid off chain, and pay it from the guarantee. So such a party gets that guarantee from
 * the contract as a part of its due, and off chain only the rest. Pure.
 */
import { general, guaranteeOf, type PayoutPlan, parties, type Terms, transfersOf } from '@consign/terms'
import type { Hex } from 'viem'

/** A JSON document: amounts are decimal strings in the smallest unit. */
export type Guaranteed = { wallet: Hex; amount: string }

/** `plan`: of all cases; `proven`: of those that the chain can be shown. No more than what the wallet is due. */
export function guaranteedOf(terms: Terms, plan: PayoutPlan, proven: PayoutPlan): Guaranteed[] {
  const due = dueByWallet(plan)
  const dueOnChain = dueByWallet(proven)
  const { guaranteeBps } = general(terms)
  return parties(terms).flatMap(({ wallet, amount }): Guaranteed[] => {
    const guarantee = guaranteeOf(BigInt(amount), guaranteeBps)
    const owed = due.get(wallet) ?? 0n
    if (guarantee === 0n || (dueOnChain.get(wallet) ?? 0n) <= owed) return []
    return [{ wallet, amount: String(guarantee < owed ? guarantee : owed) }]
  })
}

/** What each wallet is due: payout and awards together; nothing is left out but what is nothing. */
export function dueByWallet(plan: PayoutPlan): Map<Hex, bigint> {
  return new Map(transfersOf(plan).map(({ wallet, amount }) => [wallet, amount]))
}
