// What the orders of the payment channel contract have instead of a settlement in the log. It outlives a restart of the channel, as the log does.
import type { PaymentChannel } from '../src/adapters/payment-channel.ts'
import type { AttemptJournal, PastAttempts } from '../src/attempts.ts'
import type { Attempt } from '../src/domain/payments.ts'

export type RememberedAttempts = AttemptJournal & {
  /** The channel, of which refusals are remembered, too, as the service does. */
  remembering(channel: PaymentChannel): PaymentChannel
}

export function rememberedAttempts(given: readonly Attempt[] = []): RememberedAttempts {
  const known = new Map<string, PastAttempts>()
  const pastOf = (paymentId: string): PastAttempts => known.get(paymentId) ?? { attempts: given }
  return {
    of: async ({ paymentId }) => pastOf(paymentId),
    begin: async ({ paymentId }, attempt) => {
      known.set(paymentId, { attempts: [...pastOf(paymentId).attempts, attempt] })
    },
    moved: () => undefined,
    since: () => ({ paid: 0n, othersOpen: false }),
    remembering: (channel) => ({
      ...channel,
      async pay(order) {
        const outcome = await channel.pay(order)
        const { attempts } = pastOf(order.paymentId)
        if (outcome.status === 'refused' && attempts.length > 0) {
          const { code, reason } = outcome
          known.set(order.paymentId, { attempts, refusal: { code, reason } })
        }
        return outcome
      },
    }),
  }
}
