/**
 * What is to be paid next to each wallet: off chain slice by slice, the next one only when all before it are made and acknowledged, so that
 * the worst loss of either side is one slice (P23). Pure.
 */
import type { FactOf } from '@consign/events'
import type { Hex } from 'viem'
import { dueByWallet } from './guaranteed.ts'
import { type PaymentPart, paymentIdOf, VIA_GUARANTEE, VIA_ONCHAIN } from './payment-id.ts'
import type { Payment, Settlement } from './settlement.ts'

type Order = PaymentPart & { via: string }

/** Intended payments, each under the name that it has for ever. `via`: of the channel that is used where nothing was diverted. */
export function nextPayments(
  settlement: Settlement,
  via: string,
): FactOf<'settlement.payment.intended.v1'>[] {
  return [...dueByWallet(settlement.plan!)].flatMap(([wallet, due]) =>
    ordersOf(settlement, wallet, due, via).map((order) => intended(settlement, order)),
  )
}

export function intended(
  { of, plan }: Settlement,
  { via, ...part }: Order,
): FactOf<'settlement.payment.intended.v1'> {
  const { wallet, amount, slice } = part
  const isGuarantee = via === VIA_GUARANTEE
  const paymentId = paymentIdOf(of!.agreement, plan!, part, isGuarantee ? 'guarantee' : 'payment')
  const party = plan!.payouts.find((payout) => payout.wallet === wallet)?.party ?? 'beneficiary'
  const data = { ...of!, paymentId, party, wallet, amount: String(amount), via }
  return { type: 'settlement.payment.intended.v1', data: isGuarantee ? data : { ...data, slice } }
}

function ordersOf(settlement: Settlement, wallet: Hex, due: bigint, via: string): Order[] {
  const { guaranteed, payments, sliceBps } = settlement
  const own = payments.filter((payment) => payment.wallet === wallet)
  const left = BigInt(guaranteed.find((one) => one.wallet === wallet)?.amount ?? 0)
  const isLeft = left > 0n && !own.some(isClaim)
  const claim = { wallet, amount: left, slice: 0, via: VIA_GUARANTEE }
  const rest = restOf(settlement, wallet) - (isLeft ? left : 0n)
  const slices = own.filter((payment) => !isClaim(payment))
  const size = sliceOf(due - left, sliceBps)
  const next = {
    wallet,
    amount: rest < size ? rest : size,
    slice: slices.length,
    via: own.some(({ diverted }) => diverted) ? VIA_ONCHAIN : via,
  }
  const mayFollow = rest > 0n && isAcknowledged(settlement, wallet)
  return [...(mayFollow ? [next] : []), ...(isLeft ? [claim] : [])]
}

/** What of a wallet's due no payment stands for; negative when it has claimed what was intended already. */
export function restOf({ plan, payments }: Settlement, wallet: Hex): bigint {
  const due = plan === undefined ? 0n : (dueByWallet(plan).get(wallet) ?? 0n)
  return payments
    .filter((payment) => payment.wallet === wallet && !payment.diverted)
    .reduce((rest, { amount }) => rest - BigInt(amount), due)
}

/** Whether every slice that was intended is made, and the wallet has acknowledged their sum. What was diverted is none. */
export function isAcknowledged({ payments, acknowledged }: Settlement, wallet: Hex): boolean {
  const slices = payments.filter((one) => one.wallet === wallet && !isClaim(one) && !one.diverted)
  const sum = slices.reduce((total, { amount }) => total + BigInt(amount), 0n)
  return slices.every(({ made }) => made) && BigInt(acknowledged.get(wallet)?.cumulative ?? 0) >= sum
}

export function isClaim({ via }: Pick<Payment, 'via'>): boolean {
  return via === VIA_GUARANTEE
}

// Rounded up, so that 5,000 are two slices of whatever amount.
function sliceOf(amount: bigint, sliceBps: number): bigint {
  return (amount * BigInt(sliceBps) + 9_999n) / 10_000n
}
