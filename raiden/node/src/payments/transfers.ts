/** What the state of a transfer in the SDK means for the payment that it carries. */
import { raidenTransfer, type TransferState } from '../sdk/raiden-ts.ts'
import type { Payment } from './journal.ts'

/** Of a payment whose lock is over by the chain's word (sdk/expiring.ts). */
export const EXPIRED = 'raiden.xfer_expired'

export type Verdict =
  | { is: 'pending' }
  /** The partner has, or is bound to get, the money; `isAcknowledged`: it said so. */
  | { is: 'succeeded'; isAcknowledged: boolean }
  | { is: 'failed'; code: string; reason: string }

export function verdictOf(transfer: TransferState): Verdict {
  if (transfer.direction === 'received') {
    // The secret alone is a claim that is enforceable on chain only; what counts as received is the unlocked balance.
    const isUnlocked = transfer.unlock !== undefined || transfer.secretRegistered !== undefined
    return isUnlocked ? { is: 'succeeded', isAcknowledged: true } : { is: 'pending' }
  }
  if (transfer.unlockProcessed || transfer.secretRegistered) return { is: 'succeeded', isAcknowledged: true }
  if (transfer.unlock) return { is: 'succeeded', isAcknowledged: false }
  if (transfer.expired)
    return { is: 'failed', code: EXPIRED, reason: 'the lock expired before the payment was complete' }
  // A closed channel alone ends nothing: who knows the secret can register it until the lock's time, and is paid when the channel is settled.
  if (transfer.channelSettled)
    return {
      is: 'failed',
      code: 'raiden.channel_closed',
      reason: 'the channel was closed before the payment was complete',
    }
  return { is: 'pending' }
}

/** The payment as the journal keeps it, for a transfer that this node sent or was the target of. */
export function paymentOf(transfer: TransferState, state: 'pending' | 'succeeded'): Payment {
  const { direction, secrethash, secret, paymentId, token, initiator, target, value, changedAt } =
    raidenTransfer(transfer)
  return {
    direction,
    secretHash: secrethash,
    secret: secret ?? '',
    identifier: BigInt(paymentId.toString()),
    token,
    initiator,
    target,
    amount: BigInt(value.toString()),
    state,
    isLocked: true,
    changedMs: changedAt.getTime(),
  }
}
