/**
 * Pays over Raiden, through the REST API of the payer's own node. A node takes no key for a payment: repeating a request may pay twice. So every
 * attempt is in the log before the node is asked, under the hash of a secret that follows from the payment's name, with what the channels held
 * then. What became of it is looked up before anything is repeated, and repeated under the same secret, until it is certainly over. When the node
 * knows nothing of an attempt, but its channels lack the amount, the answer stays `unknown`: a person has to look. One payment at a time.
 */
import { Refusal } from '@consign/envelope'
import type { Payment } from '@consign/raiden-client'
import type { Hex } from 'viem'
import type { AttemptJournal, PastAttempts } from '../attempts.ts'
import type { Attempt } from '../domain/payments.ts'
import type { PaymentChannel, PaymentOrder, PaymentOutcome } from './payment-channel.ts'
import { type RaidenReservationOptions, reserveChannels } from './raiden-reservation.ts'
import { identifierOf, type Secret, secretOf } from './raiden-secret.ts'
import { Turns } from './turns.ts'

export type RaidenOptions = RaidenReservationOptions & {
  /** that secrets are made with */
  secretKey: Uint8Array
  attempts: AttemptJournal
  /** ms that one payment is waited for before it is `unknown` */
  payMsMax: number
  /** ms after an attempt during which the node may still receive it: before, it is not repeated */
  quietMs: number
  /** ms UTC */
  now: () => number
  step: (name: string) => void
  logger: { error(fields: object, line: string): void }
}

type Found =
  | { status: 'sent' | 'pending'; secretHash: Hex }
  | { status: 'failed'; reason: string }
  | undefined

/** `via` of what goes over channels. */
export const VIA_RAIDEN = 'raiden'

/** Codes with which the node says that it has not paid: but only after it was looked up. */
const REFUSALS = ['channel.tokens', 'channel.path', 'channel.conflict', 'channel.missing', 'channel.request']

/** × quietMs = 100 s by default: by then what else was under way is over, or is itself in need of a person. */
const ALARM_AFTER = 10

export function raidenChannel(options: RaidenOptions): PaymentChannel {
  const { client, token, attempts, now, payMsMax } = options
  const turns = new Turns()
  const startedMs = now()
  /** when this process last asked the node to pay, by payment that is not over */
  const askedMs = new Map<Hex, number>()

  return {
    via: VIA_RAIDEN,

    async pay(order) {
      // A payment before it may take its whole bound; afterwards the scheduler asks again.
      const outcome = await turns.take(payMsMax, async () => {
        const ended = await payInTurn(order)
        if (ended.status === 'paid') attempts.moved(order)
        if (ended.status !== 'unknown') askedMs.delete(order.paymentId)
        return ended
      })
      return outcome ?? { status: 'unknown', reason: `another payment is under way since ${payMsMax} ms` }
    },

    async lookup(order) {
      const past = await attempts.of(order)
      if (past.attempts.length === 0) return undefined
      const known = await lookUp(order, past)
      if (known !== undefined) return known
      if (past.refusal !== undefined) return { status: 'refused', ...past.refusal }
      const reason = 'the node never received it'
      const lost = { status: 'refused', code: 'channel.lost', reason } as const
      return waitOf(order) ?? (await missing(order, past.attempts)) ?? lost
    },

    reserve: ({ channels }) => reserveChannels(options, channels),
  }

  async function payInTurn(order: PaymentOrder): Promise<PaymentOutcome> {
    const past = await attempts.of(order)
    const isOpen = past.attempts.length > 0 && past.refusal === undefined
    try {
      const known = past.attempts.length > 0 ? await lookUp(order, past) : undefined
      if (known?.status === 'paid' || known?.status === 'unknown') return known
      if (isOpen && known !== undefined) return waitOf(order) ?? known
      return isOpen ? await repeat(order, past.attempts) : await begin(order, past, known !== undefined)
    } catch (error) {
      if (!(error instanceof Refusal) || !error.code.startsWith('channel.')) throw error
      if (isOpen) return unknown(error.message)
      return { status: 'refused', code: error.code, reason: error.message }
    }
  }

  // What the node says of any attempt; undefined when it knows of none.
  async function lookUp(order: PaymentOrder, past: PastAttempts): Promise<PaymentOutcome | undefined> {
    const found = await find(order, past.attempts)
    if (found?.status === 'sent') return { status: 'paid', secretHash: found.secretHash }
    if (found?.status === 'pending') return unknown('the transfer is under way')
    if (found?.status === 'failed') return { status: 'refused', code: 'channel.failed', reason: found.reason }
    return undefined
  }

  // Pending first: what ends between the two questions is then in the second answer.
  async function find({ to, paymentId, amount }: PaymentOrder, past: readonly Attempt[]): Promise<Found> {
    const hashes = past.map(({ secretHash }) => secretHash)
    const identifier = identifierOf(paymentId)
    const last = hashes.at(-1)!
    const isOurs = (one: { target?: Hex; secretHash?: Hex; identifier?: bigint }) =>
      one.target === to &&
      (one.secretHash === undefined ? one.identifier === identifier : hashes.includes(one.secretHash))
    const pending = (await client.pendingTransfers(token)).find(isOurs)
    if (pending !== undefined) return { status: 'pending', secretHash: pending.secretHash ?? last }
    const own = (await client.payments(token, to)).filter(isOurs)
    const sent = own.find((one) => one.outcome === 'sent' && one.amount === amount)
    if (sent !== undefined) return { status: 'sent', secretHash: sent.secretHash ?? last }
    const failed = own.find((one: Payment) => one.outcome === 'failed' && one.secretHash === last)
    return failed && { status: 'failed', reason: failed.reason ?? 'the transfer failed' }
  }

  async function begin(order: PaymentOrder, past: PastAttempts, isFailed: boolean): Promise<PaymentOutcome> {
    const held = await heldIn()
    if (held.spendable < order.amount) {
      const reason = `our channels in token ${token} can pay ${held.spendable}, and ${order.amount} are needed for ${order.to}: deposit more`
      return { status: 'refused', code: 'payment.balance', reason }
    }
    const before = secretNumberOf(order.paymentId, past.attempts)
    // A transfer that failed may have told others its secret; one that never began has not.
    const isUsed = isFailed || past.refusal?.code === 'channel.conflict'
    const number = past.attempts.length === 0 ? 0 : before + (isUsed ? 1 : 0)
    const { secretHash } = secretOf(options.secretKey, order.paymentId, number)
    const attempt: Attempt = {
      attempt: past.attempts.length,
      secretHash,
      channels: held.channels,
      atMs: now(),
    }
    await attempts.begin(order, attempt)
    return await post(order, [...past.attempts, attempt])
  }

  // The node knows nothing of an attempt: it never came there, or still may, or was forgotten.
  async function repeat(order: PaymentOrder, past: readonly Attempt[]): Promise<PaymentOutcome> {
    return waitOf(order) ?? (await missing(order, past)) ?? (await post(order, past))
  }

  // What was asked for comes to the node within `quietMs`, or never. The process before this one may have asked until it ended.
  function waitOf({ paymentId }: PaymentOrder): PaymentOutcome | undefined {
    const waitMs = (askedMs.get(paymentId) ?? startedMs) + options.quietMs - now()
    return waitMs > 0 ? unknown(`the node may still receive it: asked again in ${waitMs} ms`) : undefined
  }

  // Throws nothing that would leave the attempt open and look like a refusal.
  async function post(order: PaymentOrder, past: readonly Attempt[]): Promise<PaymentOutcome> {
    const { secret, secretHash } = secretWith(order.paymentId, past)
    const { to: target, amount } = order
    const identifier = identifierOf(order.paymentId)
    askedMs.set(order.paymentId, now())
    try {
      await client.pay({ token, target, amount, identifier, secret, secretHash, timeoutMs: payMsMax })
      options.step('settlement.posted')
      return { status: 'paid', secretHash }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      askedMs.set(order.paymentId, now())
      if (!REFUSALS.includes(error.code)) return unknown(error.message)
      return await confirmed(order, past, error).catch((cause: Error) => unknown(cause.message))
    }
  }

  // The node has said that it does not pay. Whether that is so of every attempt, its lists and its channels tell.
  async function confirmed(
    order: PaymentOrder,
    past: readonly Attempt[],
    { code, message }: Refusal,
  ): Promise<PaymentOutcome> {
    const known = (await lookUp(order, { attempts: past })) ?? (await missing(order, past))
    // Where the node tells why one failed, it has just told it better.
    if (known !== undefined && known.status !== 'refused') return known
    return { status: 'refused', code: code === 'channel.tokens' ? 'payment.balance' : code, reason: message }
  }

  // Whether the channels lack the amount since the attempt, more than other payments explain; or whether that cannot be told, as one is gone.
  async function missing(order: PaymentOrder, past: readonly Attempt[]): Promise<PaymentOutcome | undefined> {
    const last = past.at(-1)!
    const held = (await heldIn()).channels
    const { paid, othersOpen } = attempts.since(order)
    const isGone = last.channels.some((one) => !held.some(({ identifier }) => identifier === one.identifier))
    const lacking = netOf(last.channels) - netOf(held) - paid
    if (!isGone && lacking < order.amount) return undefined
    // It may have come there between the two answers.
    const known = await lookUp(order, { attempts: past })
    if (known !== undefined) return known
    // Another one that is not over may explain it; but not for ever.
    if (othersOpen && now() - last.atMs < ALARM_AFTER * options.quietMs)
      return unknown(
        'the node does not know it; other payments whose end is not known may explain its channels',
      )
    const { paymentId, amount, to } = order
    const state = isGone ? 'a channel is gone since' : `its channels lack ${lacking}`
    const line = `the node does not know payment ${paymentId} of ${amount} to ${to}, but ${state}: find out whether ${to} was paid under ${last.secretHash}; nothing is repeated until then`
    options.logger.error({ paymentId, to, lacking: String(lacking) }, line)
    return unknown(line)
  }

  async function heldIn() {
    const channels = await client.channels(token)
    const opened = channels.filter(({ state }) => state === 'opened')
    return {
      spendable: opened.reduce((sum, { balance }) => sum + balance, 0n),
      channels: channels.map(({ identifier, balance, totalDeposit, totalWithdraw }) => ({
        identifier: String(identifier),
        balance: String(balance),
        deposited: String(totalDeposit - totalWithdraw),
      })),
    }
  }

  function secretNumberOf(paymentId: Hex, past: readonly Attempt[]): number {
    const last = past.at(-1)
    if (last === undefined) return 0
    for (let number = 0; number < past.length; number++)
      if (secretOf(options.secretKey, paymentId, number).secretHash === last.secretHash) return number
    throw new Refusal(
      'channel.secret',
      `the log holds attempts of payment ${paymentId} under secrets of another wallet key: start with that key`,
    )
  }

  function secretWith(paymentId: Hex, all: readonly Attempt[]): Secret {
    return secretOf(options.secretKey, paymentId, secretNumberOf(paymentId, all))
  }
}

// What came in less what went out, over all of them.
function netOf(channels: Attempt['channels']): bigint {
  return channels.reduce((sum, { balance, deposited }) => sum + BigInt(balance) - BigInt(deposited), 0n)
}

function unknown(reason: string): PaymentOutcome {
  return { status: 'unknown', reason }
}
