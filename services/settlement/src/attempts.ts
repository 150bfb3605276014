/** Attempts to pay over channels, in the log before the channel is asked: what a payment channel that cannot be asked by key needs to know of itself. */
import type { PaymentOrder } from './adapters/payment-channel.ts'
import type { AttemptBook } from './domain/attempt-book.ts'
import { type Attempt, isOver } from './domain/payments.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

/** `refusal`: what the last one ended with; while it is absent, the last one may still pay. */
export type PastAttempts = { attempts: readonly Attempt[]; refusal?: { code: string; reason: string } }

export interface AttemptJournal {
  of(order: PaymentOrder): Promise<PastAttempts>
  /** Durable when resolved. Throws Refusal 'settlement.attempt' while an earlier one may still pay. */
  begin(order: PaymentOrder, attempt: Attempt): Promise<void>
  /** It was paid, though the log does not say so yet. */
  moved(order: PaymentOrder): void
  /** What other payments may have moved since the last attempt began, and whether there are others whose end is not known. */
  since(order: PaymentOrder): { paid: bigint; othersOpen: boolean }
}

export function attemptJournal(book: AttemptBook, options: StreamOptions): AttemptJournal {
  return {
    async of({ agreement, paymentId }) {
      const { payments } = await new SettlementStream(agreement, options).state()
      const payment = payments.find((one) => one.paymentId === paymentId)
      if (payment === undefined) return { attempts: [] }
      const { attempts, refusal } = payment
      if (refusal === undefined || !isOver(payment)) return { attempts }
      return { attempts, refusal: { code: refusal.code, reason: refusal.reason } }
    },

    async begin({ agreement, paymentId }, attempt) {
      const stream = new SettlementStream(agreement, options)
      await stream.decide({ type: 'attempt', paymentId, ...attempt }, 'settlement.attempted')
    },

    moved: ({ paymentId }) => book.moved(paymentId),
    since: ({ paymentId }) => book.since(paymentId),
  }
}
