/**
 * What becomes of one intended payment: attempted before its channel is asked, refused when nothing of it is under way, made once, or diverted
 * for ever. Between an attempt and its end nobody knows whether it was made; nothing but the channel's answer ends that. Pure.
 */
import { Refusal } from '@consign/envelope'
import type { EventData, FactOf } from '@consign/events'
import type { Hex } from 'viem'
import { overpaid } from './overpaid.ts'
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
export type LapsePayment = { paymentId: string; reason: string }

/** Whether it may still be made. */
export function isOpen({ made, diverted, lapsed }: Payment): boolean {
  return !made && !diverted && !lapsed
}

/** Whether every attempt of it has ended, without being made. */
export function isOver({ attempts, refusal }: Payment): boolean {
  return attempts.length === (refusal?.attempts ?? 0)
}

/**
 * Throws Refusal 'settlement.attempt' while an earlier one is not over, 'settlement.excess' when it would be too much, 'settlement.paid',
 * 'settlement.diverted', 'settlement.payment'.
 */
export function attempt(
  { paymentId, ...next }: Attempt & { paymentId: string },
  settlement: Settlement,
): FactOf<'settlement.payment.attempted.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  if (payment.made) throw new Refusal('settlement.paid', `Payment ${paymentId} was made: do not pay it again`)
  if (payment.diverted) throw divertedRefusal(payment)
  if (isExcess(settlement, payment.wallet))
    throw new Refusal(
      'settlement.excess',
      `With payment ${paymentId} its wallet would get more than its due: divert it`,
      { retry: true },
    )
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
 * Only of what is refused, and was first refused `patienceMs` ago; or of what would be too much since the wallet has claimed its guarantee, as soon as
 * nothing of it is under way. Throws Refusal 'settlement.patience' (retry) before, 'settlement.attempt' (retry) while it may have been made,
 * 'settlement.paid', 'settlement.divert' of what goes through no channel.
 */
export function divert(
  { paymentId, nowMs, patienceMs, guarantee }: DivertPayment,
  settlement: Settlement,
): FactOf<'settlement.payment.diverted.v1' | 'settlement.payment.intended.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  const { wallet, made, diverted, amount, via } = payment
  if (diverted) return []
  if (made) throw new Refusal('settlement.paid', `Payment ${paymentId} was made: nothing is to be diverted`)
  const why = isExcess(settlement, wallet) ? claimedAlready(payment) : refusedFor(payment, nowMs, patienceMs)
  const rest = restOf(settlement, wallet) + BigInt(amount)
  // The contract pays all that it can at once: who has claimed gets nothing more from it.
  const hasClaim = settlement.payments.some((one) => one.wallet === wallet && isClaim(one))
  const claim = hasClaim || guarantee <= 0n ? 0n : guarantee < rest ? guarantee : rest
  const to = claim > 0n ? VIA_GUARANTEE : VIA_ONCHAIN
  const data = { ...settlement.of!, paymentId, wallet, amount, via, ...why, to } as const
  const said = { type: 'settlement.payment.diverted.v1', data } as const
  if (claim === 0n) return [said]
  return [said, intended(settlement, { wallet, amount: claim, slice: 0, via: VIA_GUARANTEE })]
}

/** Whether a wallet would get more than its due if all that is intended were made. */
export function isExcess(settlement: Settlement, wallet: Hex): boolean {
  return restOf(settlement, wallet) < 0n
}

type Why = { code: string; reason: string }

function claimedAlready(payment: Payment): Why {
  if (isClaim(payment) || !isOver(payment)) throw openRefusal(payment)
  return { code: 'guarantee.claimed', reason: 'its wallet has had its guarantee paid out meanwhile' }
}

function refusedFor(payment: Payment, nowMs: number, patienceMs: number): Why {
  const { paymentId, refusal, via } = payment
  if (isClaim(payment) || via === VIA_ONCHAIN)
    throw new Refusal('settlement.divert', `Payment ${paymentId} goes by ${via}: there is no other way`)
  if (refusal === undefined || !isOver(payment)) throw openRefusal(payment)
  if (nowMs - refusal.sinceMs < patienceMs)
    throw new Refusal(
      'settlement.patience',
      `Payment ${paymentId} is refused since ${refusal.sinceMs}: wait`,
      {
        retry: true,
      },
    )
  // Parties see this event: what the node said of the payer's channels is not theirs.
  const since = new Date(refusal.sinceMs).toISOString()
  return { code: refusal.code, reason: `refused by its channel since ${since}` }
}

function openRefusal({ paymentId }: Payment): Refusal {
  return new Refusal('settlement.attempt', `Payment ${paymentId} may have been made: look it up`, {
    retry: true,
  })
}

/**
 * The contract owes no more what was left to a guarantee. Throws Refusal 'settlement.paid', 'settlement.lapse' of what no guarantee pays,
 * 'settlement.payment'.
 */
export function lapse(
  { paymentId, reason }: LapsePayment,
  settlement: Settlement,
): FactOf<'settlement.payment.lapsed.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  const { wallet, amount, via, made, lapsed } = payment
  if (lapsed) return []
  if (made) throw new Refusal('settlement.paid', `Payment ${paymentId} was made: nothing of it can lapse`)
  if (!isClaim(payment))
    throw new Refusal(
      'settlement.lapse',
      `Payment ${paymentId} goes by ${via}: only what a guarantee pays can lapse`,
    )
  const data = { ...settlement.of!, paymentId, wallet, amount, via, code: 'guarantee.nothingDue', reason }
  return [{ type: 'settlement.payment.lapsed.v1', data }]
}

/** Throws Refusal 'settlement.payment' of one that was never intended, 'settlement.diverted', 'settlement.lapsed'. */
export function recordPaid(
  paymentId: string,
  evidence: Evidence,
  settlement: Settlement,
): FactOf<'settlement.payment.made.v1' | 'settlement.overpaid.v1'>[] {
  const payment = paymentOf(paymentId, settlement)
  if (payment.diverted) throw divertedRefusal(payment)
  if (payment.lapsed)
    throw new Refusal('settlement.lapsed', `Payment ${paymentId} has lapsed: the contract owes nothing of it`)
  return payment.made ? [] : [madeOf(payment, evidence), ...overpaid(settlement, payment)]
}

/**
 * A party has had its guarantee paid out itself, once: so much less is to be paid to it, and what is intended already may be too much. What the plan
 * left to the guarantee is recorded otherwise.
 */
export function recordClaim(
  { wallet, amount, txHash }: RecordClaim,
  settlement: Settlement,
): FactOf<'settlement.payment.intended.v1' | 'settlement.payment.made.v1' | 'settlement.overpaid.v1'>[] {
  if (settlement.plan === undefined || amount <= 0n) return []
  if (settlement.payments.some((one) => one.wallet === wallet && isClaim(one))) return []
  const intent = intended(settlement, { wallet, amount, slice: 0, via: VIA_GUARANTEE })
  return [intent, madeOf(intent.data, { txHash }), ...overpaid(settlement, intent.data)]
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
