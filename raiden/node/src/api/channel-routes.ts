import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { channelsOf, channelWith, inTurn, onChain, untilChannel } from '../sdk/channels.ts'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import type { Channel, ChannelState } from '../sdk/raiden-ts.ts'
import type { ApiContext } from './context.ts'
import { addressField, integerField, parseBody, parsePathAddress, UINT256_MAX } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

const opening = z.strictObject({
  token_address: addressField,
  partner_address: addressField,
  total_deposit: integerField.optional(),
  settle_timeout: integerField.optional(),
  reveal_timeout: integerField.optional(),
})

const change = z.strictObject({
  total_deposit: integerField.optional(),
  total_withdraw: integerField.optional(),
  reveal_timeout: integerField.optional(),
  state: z.enum(['opened', 'closed', 'settled'], 'Must be one of: closed, opened, settled.').optional(),
})

const API_STATE: Record<ChannelState, 'opened' | 'closed' | 'settled'> = {
  open: 'opened',
  closing: 'opened',
  closed: 'closed',
  settleable: 'closed',
  settling: 'closed',
  settled: 'settled',
}

type Params = { token: string; partner: string }

/** GET, PUT and PATCH /channels. `total_deposit` and `total_withdraw` are totals: what is reached already is no change and no error. */
export function channelRoutes(api: FastifyInstance, context: ApiContext): void {
  const { raiden } = context
  const turn = inTurn()
  const inTurnOf = <T>(token: string, partner: string, work: () => Promise<T>) =>
    turn(`${token} ${partner}`, work)

  api.get('/channels', async () => channelsOf(raiden()).map((one) => channelObject(raiden(), one)))

  api.get<{ Params: Params }>('/channels/:token', async ({ params }) => {
    const token = parsePathAddress(params.token)
    const channels = channelsOf(raiden())
    return channels.filter((one) => one.token === token).map((one) => channelObject(raiden(), one))
  })

  api.get<{ Params: Params }>('/channels/:token/:partner', async ({ params }) => {
    const token = parsePathAddress(params.token)
    const partner = parsePathAddress(params.partner)
    const channel = channelWith(raiden(), token, partner)
    if (!channel) throw noChannel(404, token, partner)
    return channelObject(raiden(), channel)
  })

  api.put('/channels', async ({ body }, reply) => {
    const { token_address: token, partner_address: partner, ...options } = parseBody(opening, body)
    const { status, channel } = await inTurnOf(token, partner, () => open(raiden(), token, partner, options))
    return reply.code(status).send(channelObject(raiden(), channel))
  })

  api.patch<{ Params: Params }>('/channels/:token/:partner', async ({ params, body }) => {
    const token = parsePathAddress(params.token)
    const partner = parsePathAddress(params.partner)
    const asked = parseBody(change, body)
    const given = Object.values(asked).filter((value) => value !== undefined).length
    if (given === 0)
      throw new ApiRefusal(
        400,
        'raiden.nothing_to_do',
        "Nothing to do. Should either provide 'total_deposit', 'total_withdraw', 'reveal_timeout' or 'state' argument",
      )
    if (given > 1)
      throw new ApiRefusal(
        409,
        'raiden.one_change',
        "Only one of 'total_deposit', 'total_withdraw', 'reveal_timeout' and 'state' can be changed at the same time",
      )
    return inTurnOf(token, partner, async () => {
      const node = raiden()
      const channel = channelWith(node, token, partner)
      if (!channel) throw noChannel(409, token, partner)
      return channelObject(node, await patched(node, channel, asked))
    })
  })
}

/** Raiden's channel object. What is open to a payment is `balance`: deposits and receipts less payments, locks and withdrawals. */
export function channelObject(raiden: MendedRaiden, channel: Channel) {
  return {
    channel_identifier: String(channel.id),
    network_state: 'unknown',
    token_network_address: channel.tokenNetwork,
    partner_address: channel.partner,
    token_address: channel.token,
    balance: channel.capacity.toString(),
    total_deposit: channel.ownDeposit.toString(),
    total_withdraw: channel.ownWithdraw.toString(),
    state: API_STATE[channel.state],
    settle_timeout: String(raiden.settleTimeout),
    reveal_timeout: String(raiden.config.revealTimeout),
  }
}

type OpenOptions = {
  total_deposit?: bigint | undefined
  settle_timeout?: bigint | undefined
  reveal_timeout?: bigint | undefined
}

async function open(raiden: MendedRaiden, token: string, partner: string, options: OpenOptions) {
  const { total_deposit: deposit = 0n, settle_timeout: settle, reveal_timeout: reveal } = options
  if (partner === raiden.state.address)
    throw conflict('raiden.same_address', 'The partner must be another node.')
  if (settle !== undefined && settle !== BigInt(raiden.settleTimeout))
    throw conflict(
      'raiden.settle_timeout',
      `The contract's settle timeout is ${raiden.settleTimeout} s for all channels.`,
    )
  if (reveal !== undefined && reveal !== BigInt(raiden.config.revealTimeout))
    throw conflict(
      'raiden.reveal_timeout',
      `This node's reveal timeout is ${raiden.config.revealTimeout} s for all channels.`,
    )
  checkAmount('deposit', deposit)
  await onChain(raiden.monitorToken(token))
  const present = channelWith(raiden, token, partner)
  if (present) {
    if (present.state !== 'open') throw conflict('raiden.channel_state', 'Channel is not in an open state.')
    const isAsked = deposit > BigInt(present.ownDeposit.toString())
    return { status: 200, channel: isAsked ? await depositUpTo(raiden, present, deposit) : present }
  }
  await checkBalance(raiden, token, deposit)
  await onChain(raiden.openChannel(token, partner, deposit > 0n ? { deposit: String(deposit) } : {}))
  const channel = await untilChannel(
    raiden,
    token,
    partner,
    (one) => one?.ownDeposit.gte(String(deposit)) ?? false,
  )
  if (!channel) throw noChannel(409, token, partner)
  return { status: 201, channel }
}

async function patched(
  raiden: MendedRaiden,
  channel: Channel,
  asked: z.output<typeof change>,
): Promise<Channel> {
  if (asked.total_deposit !== undefined) {
    requireOpen(channel, "Can't set total deposit on a closed channel")
    checkAmount('deposit', asked.total_deposit)
    return depositUpTo(raiden, channel, asked.total_deposit)
  }
  if (asked.total_withdraw !== undefined) {
    requireOpen(channel, "Can't withdraw from a closed channel")
    checkAmount('withdraw', asked.total_withdraw)
    return withdrawUpTo(raiden, channel, asked.total_withdraw)
  }
  if (asked.reveal_timeout !== undefined) {
    requireOpen(channel, "Can't update the reveal timeout of a closed channel")
    if (asked.reveal_timeout === BigInt(raiden.config.revealTimeout)) return channel
    throw conflict(
      'raiden.reveal_timeout',
      `This node's reveal timeout is ${raiden.config.revealTimeout} s for all channels.`,
    )
  }
  if (asked.state === 'closed') return closeChannel(raiden, channel)
  if (asked.state === 'settled') return settle(raiden, channel)
  throw new ApiRefusal(400, 'raiden.channel_state', `Provided invalid channel state ${asked.state}`)
}

async function depositUpTo(raiden: MendedRaiden, channel: Channel, total: bigint): Promise<Channel> {
  const { token, partner } = channel
  const missing = total - BigInt(channel.ownDeposit.toString())
  if (missing === 0n) return channel
  if (missing < 0n)
    throw conflict(
      'raiden.deposit',
      `The total deposit is ${channel.ownDeposit} already and cannot be lowered.`,
    )
  await checkBalance(raiden, token, missing)
  await onChain(raiden.depositChannel(token, partner, String(missing)))
  return (
    (await untilChannel(raiden, token, partner, (one) => !one || one.ownDeposit.gte(String(total)))) ??
    channel
  )
}

async function withdrawUpTo(raiden: MendedRaiden, channel: Channel, total: bigint): Promise<Channel> {
  const { token, partner } = channel
  const missing = total - BigInt(channel.ownWithdraw.toString())
  if (missing === 0n) return channel
  if (missing < 0n)
    throw conflict(
      'raiden.withdraw',
      `The total withdraw is ${channel.ownWithdraw} already and cannot be lowered.`,
    )
  if (channel.ownWithdrawable.lt(String(missing)))
    throw conflict('raiden.withdraw', `No more than ${channel.ownWithdrawable} can be withdrawn now.`)
  await onChain(raiden.withdrawChannel(token, partner, String(missing)))
  return (
    (await untilChannel(raiden, token, partner, (one) => !one || one.ownWithdraw.gte(String(total)))) ??
    channel
  )
}

export async function closeChannel(raiden: MendedRaiden, channel: Channel): Promise<Channel> {
  const { token, partner } = channel
  requireOpen(channel, 'Attempted to close an already closed channel')
  await onChain(raiden.closeChannel(token, partner))
  const after = await untilChannel(raiden, token, partner, (one) => !one || API_STATE[one.state] !== 'opened')
  return after ?? settled(channel)
}

async function settle(raiden: MendedRaiden, channel: Channel): Promise<Channel> {
  const { token, partner } = channel
  if (API_STATE[channel.state] !== 'closed')
    throw conflict('raiden.channel_state', 'Only a closed channel can be settled.')
  // The node settles by itself when the time has come; this waits for it.
  await onChain(untilChannel(raiden, token, partner, (one) => one?.id !== channel.id))
  return settled(channel)
}

function settled(channel: Channel): Channel {
  return { ...channel, state: 'settled', capacity: channel.capacity.sub(channel.capacity) }
}

function requireOpen({ state }: Channel, message: string): void {
  if (API_STATE[state] !== 'opened') throw conflict('raiden.channel_state', message)
}

function checkAmount(what: 'deposit' | 'withdraw', amount: bigint): void {
  if (amount < 0n) throw conflict(`raiden.${what}`, `Amount to ${what} must not be negative.`)
  if (amount > UINT256_MAX) throw conflict(`raiden.${what}`, `Amount to ${what} is too large.`)
}

async function checkBalance(raiden: MendedRaiden, token: string, amount: bigint): Promise<void> {
  const balance = await raiden.getTokenBalance(token)
  if (balance.lt(String(amount)))
    throw new ApiRefusal(
      402,
      'raiden.balance',
      `Not enough balance to deposit. ${token} Available=${balance} Needed=${amount}`,
    )
}

function noChannel(status: 404 | 409, token: string, partner: string): ApiRefusal {
  return new ApiRefusal(
    status,
    'raiden.no_channel',
    `Requested channel for token ${token} and partner ${partner} not found`,
  )
}

function conflict(code: string, message: string): ApiRefusal {
  return new ApiRefusal(409, code, message)
}
