/**
 * Pays, once for each secret. A request is written to the journal, then given to the SDK; how it ended is read from the SDK's transfers,
 * never from the promise of the call, which is lost with the process and for a known secret never settles (raiden-ts 3.1.1). Whoever asks for
 * the same payment again waits for the same outcome.
 */
import type { Logger } from '@consign/runtime'
import { ApiRefusal, unavailable } from '../api/refusal.ts'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import {
  type Action,
  getTransfer,
  type Path,
  type SdkError,
  type TransferState,
  transferAction,
} from '../sdk/raiden-ts.ts'
import { codeOf, refusalOf } from '../sdk/refusals.ts'
import type { Journal, Payment, PaymentOrder } from './journal.ts'
import { EXPIRED, paymentOf, verdictOf } from './transfers.ts'

export type SendOptions = { lockTimeoutS?: number; paths?: Path[] }

export type PaymentsOptions = {
  journal: Journal
  address: string
  log: Logger
  now: () => number
  onConcluded: (payment: Payment) => void
}

/** After the unlock the money is the partner's; its word that it has it is waited for this long, so that both balances agree. */
const ACKNOWLEDGED_MS_MAX = 2_000
/** Finding a path and signing; then the lock runs. Behind it the payment goes on, and the caller may ask again. */
const SIGNED_MS_MAX = 30_000
/** A lock has expired when a confirmed block says so: with 5 confirmations at 12 s a minute after its time. */
const EXPIRED_REPORT_MS_MAX = 90_000

export class Payments {
  readonly #options: PaymentsOptions
  readonly #waiting = new Map<string, Set<(payment: Payment | undefined) => void>>()
  #isClosed = false
  #whenIdle: () => void = () => undefined

  constructor(options: PaymentsOptions) {
    this.#options = options
  }

  /** The payment of the secret or identifier that was given, if it is known; throws 409 when that is another payment. */
  known(order: PaymentOrder, isGiven: { secret: boolean; identifier: boolean }): Payment | undefined {
    const { journal } = this.#options
    const bySecret = isGiven.secret ? journal.find('sent', order.secretHash) : undefined
    if (bySecret && !isSame(bySecret, order))
      throw conflict('The secret is already in use for a payment of another amount, token or target.')
    if (bySecret && isGiven.identifier && bySecret.identifier !== order.identifier)
      throw conflict('The secret is already in use for a payment with another identifier.')
    const byIdentifier = isGiven.identifier ? journal.findByIdentifier(order.identifier) : undefined
    const isOther = isGiven.secret && byIdentifier?.secretHash !== order.secretHash
    if (byIdentifier && (isOther || !isSame(byIdentifier, order)))
      throw conflict('The identifier is already in use for a different payment.')
    // Nothing has left for it, so it can be tried again.
    if (bySecret?.state === 'failed' && !bySecret.isLocked) return undefined
    return bySecret ?? byIdentifier
  }

  /** Begins a payment that is not known; `outcome` tells how it goes. */
  begin(raiden: MendedRaiden, order: PaymentOrder, { lockTimeoutS, paths }: SendOptions): void {
    const { journal, now } = this.#options
    journal.begin(order, now())
    raiden
      .transfer(order.token, order.target, String(order.amount), {
        paymentId: String(order.identifier),
        secret: order.secret,
        secrethash: order.secretHash,
        ...(lockTimeoutS === undefined ? {} : { lockTimeout: lockTimeoutS }),
        ...(paths === undefined ? {} : { paths }),
      })
      .catch((error: SdkError) => {
        // The SDK has ended; whether it signed before is known when it has started again.
        if (error.name !== 'EmptyError') this.#refuse(order.secretHash, error, false)
      })
  }

  /** Waits for the end of a payment; throws its refusal when it failed, or 503 when it is still under way after its lock's time. */
  async outcome(secretHash: string, lockMsMax: number): Promise<Payment> {
    const known = this.#options.journal.find('sent', secretHash)
    if (known && known.state !== 'pending') return succeeded(known)
    const payment = await this.#next(secretHash, SIGNED_MS_MAX + lockMsMax + EXPIRED_REPORT_MS_MAX)
    if (payment) return succeeded(payment)
    throw new ApiRefusal(
      503,
      'raiden.payment_pending',
      'The payment is still under way; ask again with the same secret.',
      { secretHash },
    )
  }

  #next(secretHash: string, msMax: number): Promise<Payment | undefined> {
    const waiters = this.#waiting.get(secretHash) ?? new Set()
    this.#waiting.set(secretHash, waiters)
    return new Promise((resolve) => {
      const done = (payment: Payment | undefined) => {
        clearTimeout(timer)
        waiters.delete(done)
        if (waiters.size === 0 && this.#waiting.get(secretHash) === waiters) this.#waiting.delete(secretHash)
        if (this.#waiting.size === 0) this.#whenIdle()
        resolve(payment)
      }
      const timer = setTimeout(done, msMax, undefined)
      waiters.add(done)
    })
  }

  /** Follows the transfers of an instance of the SDK, from before it starts. */
  follow(raiden: MendedRaiden): void {
    raiden.action$.subscribe({
      next: (action) => this.#take(action, raiden),
      error: () => undefined,
    })
  }

  /** Brings the journal in step with what the SDK has on disk: what went on, or ended, while nobody wrote it down. */
  async reconcile(raiden: MendedRaiden): Promise<void> {
    const { journal, log } = this.#options
    if (journal.isEmpty()) await this.#importHistory(raiden)
    for (const transfer of Object.values(raiden.state.transfers)) this.#judge(transfer)
    for (const { secretHash } of journal.pending()) {
      const transfer = await knownTransfer(raiden, `sent:${secretHash}`)
      if (transfer) this.#judge(transfer)
      else {
        log.warn({ secretHash }, 'a payment had not left this node when it ended')
        const reason = 'the node ended before the payment left it'
        this.#fail(secretHash, new ApiRefusal(409, 'raiden.not_sent', reason), false)
      }
    }
  }

  /** Resolves when nobody waits for a payment any more, after `msMax` at the latest. */
  async idle(msMax: number): Promise<void> {
    if (this.#waiting.size === 0) return
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve
      setTimeout(resolve, msMax).unref()
    })
  }

  /** Writes nothing more; what is under way is found again at the next start. */
  close(): void {
    this.#isClosed = true
    for (const waiters of [...this.#waiting.values()]) for (const resolve of [...waiters]) resolve(undefined)
    this.#options.journal.close()
  }

  async #importHistory(raiden: MendedRaiden): Promise<void> {
    for (const { key } of await raiden.getTransfers()) {
      const transfer = await knownTransfer(raiden, key)
      if (transfer) this.#judge(transfer)
    }
  }

  #take(action: Action, raiden: MendedRaiden): void {
    if (this.#isClosed) return
    const meta = action.meta as { secrethash?: string; direction?: string } | undefined
    if (!meta?.secrethash || !meta.direction) return
    const transfer = raiden.state.transfers[`${meta.direction}:${meta.secrethash}`]
    if (meta.direction === 'sent' && transferAction.failure.is(action)) {
      this.#refuse(meta.secrethash, action.payload as SdkError, transfer !== undefined)
    } else if (transfer) this.#judge(transfer)
  }

  #judge(transfer: TransferState): void {
    const { address, journal, now } = this.#options
    const payment = paymentOf(transfer, 'succeeded')
    const isOwn = (payment.direction === 'sent' ? payment.initiator : payment.target) === address
    if (!isOwn) return
    const verdict = verdictOf(transfer)
    const { secretHash } = payment
    const known = journal.find(payment.direction, secretHash)
    if (known && known.state !== 'pending') return
    if (payment.direction === 'sent' && !known) journal.begin(payment, payment.changedMs)
    if (payment.direction === 'sent' && !known?.isLocked) journal.markLocked(secretHash)
    if (verdict.is === 'failed') {
      const { code, reason } = verdict
      this.#conclude({
        ...(known ?? payment),
        isLocked: true,
        state: 'failed',
        code,
        reason,
        changedMs: now(),
      })
    } else if (verdict.is === 'succeeded') {
      const done = { ...payment, secret: payment.secret || (known?.secret ?? ''), changedMs: now() }
      if (verdict.isAcknowledged) this.#conclude(done)
      else setTimeout(() => this.#conclude(done), ACKNOWLEDGED_MS_MAX).unref()
    }
  }

  /** Once a lock has left, whoever knows the secret can take it until its time is over, whatever the SDK complains of meanwhile. */
  #refuse(secretHash: string, error: SdkError, isSigned: boolean): void {
    if (this.#isClosed) return
    const isLocked = isSigned || (this.#options.journal.find('sent', secretHash)?.isLocked ?? false)
    if (!isLocked || codeOf(error) === EXPIRED) this.#fail(secretHash, error, isLocked)
  }

  #fail(secretHash: string, error: SdkError, isLocked: boolean): void {
    const known = this.#options.journal.find('sent', secretHash)
    if (known?.state !== 'pending') return
    const { code, message } = refusalOf(error)
    const reason = code === 'raiden.sdk' ? error.message : message
    this.#conclude({
      ...known,
      state: 'failed',
      isLocked,
      code: code === 'raiden.sdk' ? codeOf(error) : code,
      reason,
      changedMs: this.#options.now(),
    })
  }

  #conclude(payment: Payment): void {
    if (this.#isClosed || !this.#options.journal.conclude(payment)) return
    this.#options.onConcluded(payment)
    const waiters = this.#waiting.get(payment.secretHash)
    if (payment.direction !== 'sent' || !waiters) return
    for (const resolve of [...waiters]) resolve(payment)
  }
}

/** Undefined when the SDK has none. That its database cannot tell is no answer: taken for one, a payment that left would be made again. */
async function knownTransfer(
  { state, database }: Pick<MendedRaiden, 'state' | 'database'>,
  key: string,
): Promise<TransferState | undefined> {
  try {
    return await getTransfer(state, database, key)
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined
    throw error
  }
}

function succeeded(payment: Payment): Payment {
  if (payment.state === 'succeeded') return payment
  const { code = 'raiden.payment_failed', reason, secretHash } = payment
  if (code === 'raiden.unavailable') throw unavailable(`Payment couldn't be completed because: ${reason}`)
  const status = code === 'raiden.insufficient_capacity' ? 402 : 409
  throw new ApiRefusal(status, code, `Payment couldn't be completed because: ${reason}`, { secretHash })
}

function isSame(payment: PaymentOrder, order: PaymentOrder): boolean {
  return payment.token === order.token && payment.target === order.target && payment.amount === order.amount
}

function conflict(message: string): ApiRefusal {
  return new ApiRefusal(409, 'raiden.payment_conflict', message)
}
