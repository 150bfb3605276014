/**
 * The port through which money leaves. An adapter is idempotent by paymentId, through crashes of this process at any point: however often
 * and however concurrently `pay` is called with one id, the receiver gets the amount once. It answers within a bound of its own.
 * Every adapter passes test/payment-channel-contract.ts.
 */
import type { Hex } from 'viem'

/** `paymentId`: 0x and 64 hex digits; `amount` in the token's smallest unit. */
export type PaymentOrder = { agreement: Hex; paymentId: Hex; to: Hex; amount: bigint }

/**
 * paid: final, cannot be undone. unknown: under way or not to be told, ask again; it may have been paid. refused: not paid, and nothing is
 * under way; the same order may succeed later. `code` is stable ('payment.balance', 'payment.reverted', …), `reason` one line for people.
 */
export type PaymentOutcome =
  | { status: 'paid'; txHash: Hex }
  | { status: 'unknown'; reason: string }
  | { status: 'refused'; code: string; reason: string }

export interface PaymentChannel {
  /** Name in events, such as `onchain`. */
  readonly via: string
  pay(order: PaymentOrder): Promise<PaymentOutcome>
  /** What became of a payment, without paying; undefined when this channel was never asked to pay it. */
  lookup(paymentId: Hex): Promise<PaymentOutcome | undefined>
}
