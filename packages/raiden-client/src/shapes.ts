/**
 * What Raiden nodes answer (REST API v1), in the two dialects that are spoken: the Python node (raiden/api/v1/encoding.py) says
 * `initiator_address` and `target_address` of a payment made, `initiator` or `target` of one listed, and of a failed one neither amount nor
 * identifier; TypeScript nodes say `initiator`, `target` and `secret_hash` of all. Addresses become lower case, amounts bigint.
 */
import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'
import { z } from 'zod'

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((value) => value.toLowerCase() as Hex)
const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform((value) => value.toLowerCase() as Hex)
// Decimal strings; older nodes wrote small ones as numbers.
const amount = z.union([z.string().regex(/^\d+$/), z.int().nonnegative()]).transform((value) => BigInt(value))

export type NodeStatus = 'ready' | 'syncing' | 'unavailable'

/** `balance`: what our side can still pay; `totalDeposit`, `totalWithdraw`: our side's, since the channel was opened. */
export type Channel = {
  identifier: bigint
  token: Hex
  tokenNetwork: Hex
  partner: Hex
  balance: bigint
  totalDeposit: bigint
  totalWithdraw: bigint
  state: 'opened' | 'closed' | 'settled' | (string & {})
  settleTimeout: bigint
  revealTimeout: bigint
}

/** What the node does not tell is absent. */
export type Payment = {
  outcome: 'sent' | 'failed' | 'received'
  initiator?: Hex
  target?: Hex
  token?: Hex
  amount?: bigint
  identifier?: bigint
  secretHash?: Hex
  /** when the node noted it, UTC milliseconds */
  timeMs?: number
  /** why it failed */
  reason?: string
}

export type PendingTransfer = {
  role: 'initiator' | 'mediator' | 'target'
  initiator: Hex
  target: Hex
  token: Hex
  amount: bigint
  identifier: bigint
  secretHash?: Hex
}

export const addressShape = z.object({ our_address: address }).transform((node) => node.our_address)

export const statusShape = z
  .object({ status: z.enum(['ready', 'syncing', 'unavailable']) })
  .transform(({ status }) => status)

export const tokensShape = z.array(address)

export const tokenNetworkShape = z
  .object({ token_network_address: address })
  .transform((network) => network.token_network_address)

export const channelShape = z
  .object({
    channel_identifier: amount,
    token_address: address,
    token_network_address: address,
    partner_address: address,
    balance: amount,
    total_deposit: amount,
    total_withdraw: amount.default(0n),
    state: z.string(),
    settle_timeout: amount,
    reveal_timeout: amount,
  })
  .transform(
    (channel): Channel => ({
      identifier: channel.channel_identifier,
      token: channel.token_address,
      tokenNetwork: channel.token_network_address,
      partner: channel.partner_address,
      balance: channel.balance,
      totalDeposit: channel.total_deposit,
      totalWithdraw: channel.total_withdraw,
      state: channel.state,
      settleTimeout: channel.settle_timeout,
      revealTimeout: channel.reveal_timeout,
    }),
  )

// The Python node writes UTC without saying so.
const logTime = z
  .string()
  .transform((text) => Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`))

export const channelsShape = z.array(channelShape)

const OUTCOMES = {
  EventPaymentSentSuccess: 'sent',
  EventPaymentSentFailed: 'failed',
  EventPaymentReceivedSuccess: 'received',
} as const

const paymentFields = z.object({
  initiator: address.optional(),
  initiator_address: address.optional(),
  target: address.optional(),
  target_address: address.optional(),
  token_address: address.nullish(),
  amount: amount.optional(),
  identifier: amount.nullish(),
  secret_hash: hash.nullish(),
  reason: z.string().optional(),
  log_time: logTime.optional(),
})

function paymentOf(outcome: Payment['outcome'], fields: z.output<typeof paymentFields>): Payment {
  const told = {
    initiator: fields.initiator ?? fields.initiator_address,
    target: fields.target ?? fields.target_address,
    token: fields.token_address,
    amount: fields.amount,
    identifier: fields.identifier,
    secretHash: fields.secret_hash,
    timeMs: Number.isNaN(fields.log_time) ? undefined : fields.log_time,
    reason: fields.reason,
  }
  const known = Object.entries(told).filter(([, value]) => value !== undefined && value !== null)
  return { outcome, ...Object.fromEntries(known) }
}

/** A payment that was just made: the answer 200 says so, whatever event it names. */
export const madeShape = paymentFields.transform((fields) => paymentOf('sent', fields))

export const paymentsShape = z.array(
  paymentFields
    .extend({ event: z.enum(Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[]) })
    .transform(({ event, ...fields }) => paymentOf(OUTCOMES[event], fields)),
)

const pendingShape = z
  .object({
    initiator: address,
    target: address,
    token_address: address,
    locked_amount: amount,
    payment_identifier: amount,
    role: z.string(),
    secret_hash: hash.nullish(),
  })
  .transform(
    (transfer): PendingTransfer => ({
      // The light client's command line writes `target,`.
      role: transfer.role.replace(/,$/, '') as PendingTransfer['role'],
      initiator: transfer.initiator,
      target: transfer.target,
      token: transfer.token_address,
      amount: transfer.locked_amount,
      identifier: transfer.payment_identifier,
      ...(transfer.secret_hash ? { secretHash: transfer.secret_hash } : {}),
    }),
  )

/** The light client lists null for the receiving side of a mediated transfer. */
export const pendingTransfersShape = z
  .array(pendingShape.nullable())
  .transform((transfers) => transfers.filter((transfer) => transfer !== null))

/** Throws Refusal 'channel.shape'. */
export function shaped<S extends z.ZodType>(shape: S, answer: unknown, what: string): z.output<S> {
  const parsed = shape.safeParse(answer)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.') || 'the answer'
  throw new Refusal(
    'channel.shape',
    `${what}: ${where} is not as Raiden's REST API v1 has it: ${issue?.message}; is that URL a Raiden node?`,
  )
}
