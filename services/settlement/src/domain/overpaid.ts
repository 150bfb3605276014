/**
 * What a wallet got beyond its due. The contract pays of a guarantee what it does not know to be acknowledged: a wallet that has it paid out in the
 * moment in which a slice is paid gets that slice too much, and no more (P23). Pure.
 */
import type { EventData, FactOf } from '@consign/events'
import type { Hex } from 'viem'
import { dueByWallet } from './guaranteed.ts'
import type { Payment, Settlement } from './settlement.ts'
import { isClaim } from './slices.ts'

type Made = Pick<EventData<'settlement.payment.intended.v1'>, 'wallet' | 'amount' | 'via'>

/** What is to be said once `made` is made, too: nothing when it is not beyond the due. */
export function overpaid(settlement: Settlement, made: Made): FactOf<'settlement.overpaid.v1'>[] {
  const { of, plan, payments } = settlement
  const { wallet } = made
  const own = [...payments.filter((one) => one.wallet === wallet && one.made), made]
  const [paid, claimed] = [sumOf(own.filter((one) => !isClaim(one))), sumOf(own.filter(isClaim))]
  const due = dueByWallet(plan!).get(wallet) ?? 0n
  if (paid + claimed <= due) return []
  const amounts = { due: String(due), paid: String(paid), claimed: String(claimed) }
  return [
    {
      type: 'settlement.overpaid.v1',
      data: { ...of!, wallet, ...amounts, excess: String(paid + claimed - due) },
    },
  ]
}

/** Of all wallets together. */
export function excessOf({ plan, payments }: Settlement): bigint {
  const due = plan === undefined ? new Map<Hex, bigint>() : dueByWallet(plan)
  const made = payments.filter((one: Payment) => one.made)
  const excess = [...new Set(made.map(({ wallet }) => wallet))].map(
    (wallet) => sumOf(made.filter((one) => one.wallet === wallet)) - (due.get(wallet) ?? 0n),
  )
  return excess.reduce((sum, one) => (one > 0n ? sum + one : sum), 0n)
}

function sumOf(payments: readonly Pick<Made, 'amount'>[]): bigint {
  return payments.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
}
