import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Payment, PaymentOrder } from '../payments/journal.ts'
import { channelsOf, onChain } from '../sdk/channels.ts'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import { LOCK_PER_REVEAL_TIMEOUT } from '../sdk/node.ts'
import type { Path } from '../sdk/raiden-ts.ts'
import type { ApiContext } from './context.ts'
import {
  addressField,
  hash32Field,
  integerField,
  parseBody,
  parsePage,
  parsePathAddress,
  UINT64_MAX,
  UINT256_MAX,
} from './fields.ts'
import { ApiRefusal } from './refusal.ts'

const staticPath = z.strictObject({
  route: z.array(addressField).min(2).max(20),
  address_metadata: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  fee: integerField
    .refine((fee) => fee >= 0n && fee <= UINT256_MAX, 'The fee must be between 0 and 2^256 - 1.')
    .optional(),
})

const request = z.strictObject({
  amount: integerField,
  identifier: integerField.optional(),
  secret: hash32Field.optional(),
  secret_hash: hash32Field.optional(),
  lock_timeout: integerField.optional(),
  // Of Raiden's payment object; what counts is in the path.
  initiator_address: addressField.optional(),
  target_address: addressField.optional(),
  token_address: addressField.optional(),
  paths: z.array(staticPath).min(1).max(20).optional(),
})

type Params = { token: string; partner: string }

/** POST /payments/:token/:target and the history, GET /payments[/:token[/:partner]]. */
export function paymentRoutes(api: FastifyInstance, context: ApiContext): void {
  const { raiden, payments, journal, address } = context

  api.post<{ Params: Params }>('/payments/:token/:partner', async ({ params, body }) => {
    const token = parsePathAddress(params.token)
    const target = parsePathAddress(params.partner)
    const asked = parseBody(request, body)
    const secret = secretOf(asked)
    const order: PaymentOrder = {
      ...secret,
      token,
      target,
      initiator: address,
      amount: asked.amount,
      identifier: asked.identifier ?? randomIdentifier(),
    }
    checkOrder(order, address)
    const node = raiden()
    const lockTimeoutS = lockTimeoutOf(node, asked.lock_timeout)
    await onChain(node.monitorToken(token))
    // From here to `begin` nothing is waited for: two requests with one secret become one payment.
    const known = payments.known(order, {
      secret: asked.secret !== undefined,
      identifier: asked.identifier !== undefined,
    })
    if (!known) {
      checkCapacity(node, order)
      payments.begin(node, order, {
        ...(asked.lock_timeout === undefined ? {} : { lockTimeoutS }),
        ...(asked.paths === undefined ? {} : { paths: asked.paths.map(pathOf) }),
      })
    }
    return paymentObject(await payments.outcome((known ?? order).secretHash, lockTimeoutS * 1_000))
  })

  const history = (query: unknown, filter: { token?: string; partner?: string }) =>
    journal.events({ ...filter, ...parsePage(query) }).map(eventObject)
  api.get('/payments', async ({ query }) => {
    raiden()
    return history(query, {})
  })
  api.get<{ Params: Params }>('/payments/:token', async ({ params, query }) => {
    const token = parsePathAddress(params.token)
    raiden()
    return history(query, { token })
  })
  api.get<{ Params: Params }>('/payments/:token/:partner', async ({ params, query }) => {
    const filter = { token: parsePathAddress(params.token), partner: parsePathAddress(params.partner) }
    raiden()
    return history(query, filter)
  })
}

/** The names of the Python node, and those of the TypeScript node beside them. */
function paymentObject(payment: Payment) {
  const { secret, secretHash, identifier, token, initiator, target, amount, changedMs } = payment
  return {
    event: 'EventPaymentSentSuccess',
    initiator_address: initiator,
    target_address: target,
    initiator,
    target,
    token_address: token,
    amount: String(amount),
    identifier: String(identifier),
    secret,
    secret_hash: secretHash,
    log_time: logTime(changedMs),
  }
}

function eventObject(payment: Payment) {
  const { direction, state, secretHash, identifier, token, initiator, target, amount, reason, code } = payment
  const failed = { event: 'EventPaymentSentFailed', reason, code }
  const done = direction === 'sent' ? 'EventPaymentSentSuccess' : 'EventPaymentReceivedSuccess'
  return {
    ...(state === 'failed' ? failed : { event: done }),
    initiator,
    target,
    token_address: token,
    amount: String(amount),
    identifier: String(identifier),
    secret_hash: secretHash,
    log_time: logTime(payment.changedMs),
  }
}

/** ISO 8601 with milliseconds, in UTC and without a zone, as Raiden writes it. */
function logTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23)
}

function secretOf(asked: z.output<typeof request>): { secret: string; secretHash: string } {
  if (asked.secret_hash !== undefined && asked.secret === undefined)
    throw conflict('raiden.secret', 'secret_hash works only together with secret.')
  const secret = asked.secret ?? `0x${randomBytes(32).toString('hex')}`
  const secretHash = `0x${createHash('sha256')
    .update(Buffer.from(secret.slice(2), 'hex'))
    .digest('hex')}`
  if (asked.secret_hash !== undefined && asked.secret_hash !== secretHash)
    throw conflict('raiden.secret', 'secret_hash is not the SHA-256 of secret.')
  return { secret, secretHash }
}

function checkOrder({ amount, identifier, target }: PaymentOrder, address: string): void {
  if (target === address) throw conflict('raiden.same_address', 'Address must be different than ours')
  if (amount <= 0n) throw conflict('raiden.amount', 'Amount must be positive')
  if (amount > UINT256_MAX) throw conflict('raiden.amount', 'Amount too large')
  if (identifier <= 0n) throw conflict('raiden.identifier', 'Payment identifier cannot be 0 or negative')
  if (identifier > UINT64_MAX) throw conflict('raiden.identifier', 'Payment identifier is too large')
}

function lockTimeoutOf(node: MendedRaiden, asked: bigint | undefined): number {
  const { revealTimeout } = node.config
  if (asked === undefined) return Math.min(revealTimeout * LOCK_PER_REVEAL_TIMEOUT, node.settleTimeout - 1)
  if (asked <= BigInt(revealTimeout) || asked >= BigInt(node.settleTimeout))
    throw conflict(
      'raiden.lock_timeout',
      `lock_timeout must be more than the reveal timeout (${revealTimeout} s) and less than the settle timeout (${node.settleTimeout} s).`,
    )
  return Number(asked)
}

/** No single channel of the token can carry the amount, so no path can begin; without any channel, that is what is wrong. */
function checkCapacity(node: MendedRaiden, { token, amount }: PaymentOrder): void {
  const capacities = channelsOf(node)
    .filter((channel) => channel.token === token && channel.state === 'open')
    .map(({ capacity }) => BigInt(capacity.toString()))
  if (capacities.length === 0)
    throw conflict(
      'raiden.no_channel',
      'There is no open channel of this token, so there is no path to the target.',
    )
  if (capacities.every((capacity) => capacity < amount))
    throw new ApiRefusal(
      402,
      'raiden.insufficient_capacity',
      `Insufficient balance: no channel can pay ${amount}; they can pay ${capacities.join(', ')}.`,
    )
}

function pathOf({ route, address_metadata, fee }: z.output<typeof staticPath>): Path {
  return { path: route, fee: String(fee ?? 0n), ...(address_metadata ? { address_metadata } : {}) }
}

/** Of 63 bits, so that every client can hold it. */
function randomIdentifier(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) + 1n
}

function conflict(code: string, message: string): ApiRefusal {
  return new ApiRefusal(409, code, message)
}
