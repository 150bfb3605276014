/**
 * What becomes of one intended payment: attempted before its channel is asked, refused when nothing of it is under way, made once, or diverted
 * for ever. Between an attempt and its end nobody knows whether it was made; nothing but the channel's answer ends that. Pure.
 */
import { Refusal } from '@consign/envelope'
import type { EventData, FactOf } from '@consign/events'
import type { Hex } from 'viem'
import { VIA_GUARANTEE, VIA_ONCHAIN } from './payment-id.ts'
import type { Payment, Settlement } from './settlement.ts'
import { intended, isClaim, restOf } from './slices.ts'

export type Attempt = Omit<
  EventData<'settlement.payment.attempted.v1'>,
  'agreement' | 'shipment' | 'paymentId'
>

/** What shows that a payment was made. */
export type Evidence = { txHash: Hex } | { secretHash: Hex }

export type RefusePayment = { paymentId: string; code: string; reason: string; nowMs: number }
/** `guarantee`: what the contract holds for the wallet and no payment stands for. */
export type DivertPayment = { paymentId: string; nowMs: number; patienceMs: number; guarantee: bigint }
export type RecordClaim = { wallet: Hex; amount: bigint; txHash: Hex }

/** Whether every attempt of it has ended, without being made. */
export function isOver({ attempts, refusal }: Payment): boolean {
  return attempts.length === (refusal?.attempts ?? 0)
}

/** Throws Refusal 'settlement.attempt' while an earlier one is not over, 'settlement.paid', 'settlement.diverted', 'settlement.payment'. */
export function attempt(
  { paymentId, ...next }: Attempt & { paymentId: string },
  settlement: Settlement,
): FactOf<'settlement.payment.attempted.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  if (payment.made) throw new Refusal('settlement.paid', `Payment ${paymentId} was made: do not pay it again`)
  if (payment.diverted) throw divertedRefusal(payment)
  if (!isOver(payment))
    throw new Refusal(
      'settlement.attempt',
      `Attempt ${payment.attempts.length - 1} of payment ${paymentId} is not over: look it up`,
      { retry: true },
    )
  if (next.attempt !== payment.attempts.length)
    throw new Refusal(
      'settlement.attempt',
      `Payment ${paymentId} has had ${payment.attempts.length} attempts: the next one has that number`,
    )
  return [{ type: 'settlement.payment.attempted.v1', data: { ...settlement.of!, paymentId, ...next } }]
}

/** The same refusal of the same attempts is said once. */
export function refuse(
  { paymentId, code, reason, nowMs }: RefusePayment,
  settlement: Settlement,
): FactOf<'settlement.payment.refused.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  const { attempts, refusal, made, diverted } = payment
  if (made || diverted || (isOver(payment) && refusal?.code === code)) return []
  const data = { ...settlement.of!, paymentId, attempts: attempts.length, code, reason, atMs: nowMs }
  return [{ type: 'settlement.payment.refused.v1', data }]
}

/**
 * Only of what is refused, and was first refused `patienceMs` ago. Throws Refusal 'settlement.patience' (retry) before, 'settlement.attempt' (retry)
 * while it may have been made, 'settlement.paid', 'settlement.divert' of what goes through no channel.
 */
export function divert(
  { paymentId, nowMs, patienceMs, guarantee }: DivertPayment,
  settlement: Settlement,
): FactOf<'settlement.payment.diverted.v1' | 'settlement.payment.intended.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  const { wallet, refusal, made, diverted, via } = payment
  if (diverted) return []
  if (made) throw new Refusal('settlement.paid', `Payment ${paymentId} was made: nothing is to be diverted`)
  if (isClaim(payment) || via === VIA_ONCHAIN)
    throw new Refusal('settlement.divert', `Payment ${paymentId} goes by ${via}: there is no other way`)
  if (refusal === undefined || !isOver(payment))
    throw new Refusal('settlement.attempt', `Payment ${paymentId} may have been made: look it up`, {
      retry: true,
    })
  if (nowMs - refusal.sinceMs < patienceMs)
    throw new Refusal(
      'settlement.patience',
      `Payment ${paymentId} is refused since ${refusal.sinceMs}: wait`,
      {
        retry: true,
      },
    )
  const rest = restOf(settlement, wallet) + BigInt(payment.amount)
  const claim = guarantee < rest ? guarantee : rest
  const since = new Date(refusal.sinceMs).toISOString()
  // Parties see this event: what the node said of the payer's channels is not theirs.
  const why = { code: refusal.code, reason: `refused by its channel since ${since}` }
  const to = claim > 0n ? VIA_GUARANTEE : VIA_ONCHAIN
  const data = { ...settlement.of!, paymentId, wallet, amount: payment.amount, via, ...why, to } as const
  const said = { type: 'settlement.payment.diverted.v1', data } as const
  if (claim === 0n) return [said]
  return [said, intended(settlement, { wallet, amount: claim, slice: 0, via: VIA_GUARANTEE })]
}

/** Throws Refusal 'settlement.payment' of one that was never intended, 'settlement.diverted'. */
export function recordPaid(
  paymentId: string,
  evidence: Evidence,
  settlement: Settlement,
): FactOf<'settlement.payment.made.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  if (payment.diverted) throw divertedRefusal(payment)
  return payment.made ? [] : [madeOf(payment, evidence)]
}

/** A party has had its guarantee paid out itself: so much less is to be paid to it. What the plan left to it is recorded otherwise. */
export function recordClaim(
  { wallet, amount, txHash }: RecordClaim,
  settlement: Settlement,
): FactOf<'settlement.payment.intended.v1' | 'settlement.payment.made.v1'>[] {
  const rest = restOf(settlement, wallet)
  if (rest <= 0n || settlement.payments.some((one) => one.wallet === wallet && isClaim(one))) return []
  const claim = { wallet, amount: amount < rest ? amount : rest, slice: 0, via: VIA_GUARANTEE }
  const intent = intended(settlement, claim)
  return [intent, madeOf(intent.data, { txHash })]
}

function madeOf(
  { agreement, shipment, paymentId, wallet, amount, via }: EventData<'settlement.payment.intended.v1'>,
  evidence: Evidence,
): FactOf<'settlement.payment.made.v1'> {
  const data = { agreement, shipment, paymentId, wallet, amount, via, ...evidence }
  return { type: 'settlement.payment.made.v1', data }
}

function paymentOf(paymentId: string, { payments }: Settlement): Payment {
  const payment = payments.find((one) => one.paymentId === paymentId)
  if (payment !== undefined) return payment
  throw new Refusal('settlement.payment', `Payment ${paymentId} was never intended here: do not record it`)
}

function divertedRefusal({ paymentId, via }: Payment): Refusal {
  return new Refusal(
    'settlement.diverted',
    `Payment ${paymentId} was diverted from ${via}: it must never be made there`,
  )
}
