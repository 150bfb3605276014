/**
 * The port through which money leaves. An adapter is idempotent by paymentId, through crashes of this process at any point: however often
 * and however concurrently `pay` is called with one id, the receiver gets the amount once. It answers within a bound of its own.
 * Every adapter passes test/payment-channel-contract.ts.
 */
import type { Hex } from 'viem'
import type { Evidence } from '../domain/payments.ts'

/** `paymentId`: 0x and 64 hex digits; `amount` in the token's smallest unit. */
export type PaymentOrder = { agreement: Hex; paymentId: Hex; to: Hex; amount: bigint }

/**
 * paid: final, cannot be undone. unknown: under way or not to be told, ask again; it may have been paid. refused: not paid, and nothing is
 * under way; the same order may succeed later. `code` is stable ('payment.balance', 'payment.reverted', 'channel.path', …), `reason` one line
 * for people.
 */
export type PaymentOutcome =
  | ({ status: 'paid' } & Evidence)
  | { status: 'unknown'; reason: string }
  | { status: 'refused'; code: string; reason: string }

/**
 * What must be there to pay all open agreements. `channels`: of one agreement, with what each has to be able to pay for all of them; `total`: over all
 * channels; `aside`: what leaves the payer's wallet besides.
 */
export type Reservation = {
  channels: readonly { partner: Hex; amount: bigint }[]
  total: bigint
  aside: bigint
}

export interface PaymentChannel {
  /** Name in events, such as `onchain`. */
  readonly via: string
  pay(order: PaymentOrder): Promise<PaymentOutcome>
  /** What became of a payment, without paying; undefined when this channel was never asked to pay it. */
  lookup(order: PaymentOrder): Promise<PaymentOutcome | undefined>
  /** Resolves when it is there. Throws Waiting, or a Refusal with retry that names what is missing. */
  reserve(reservation: Reservation): Promise<void>
}
