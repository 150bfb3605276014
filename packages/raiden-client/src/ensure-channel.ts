/** A channel that can pay an amount: opened or topped up as far as that needs. */
import { Refusal } from '@consign/envelope'
import type { ChannelOf, RaidenClient } from './client.ts'
import type { Channel } from './shapes.ts'

export type ChannelNeed = ChannelOf & {
  /** what our side must be able to pay */
  balanceMin: bigint
  /** the most that our side may have in this channel */
  exposureMax?: bigint
  /** of a channel that is opened, in the node's unit */
  settleTimeout?: bigint
}

type Client = Pick<RaidenClient, 'channel' | 'open' | 'deposit'>

/**
 * Resolves with the channel when its balance is `balanceMin` or more. Safe to repeat at any time: deposits are totals, and what is there is
 * looked at first. Throws Refusal 'channel.exposure' (nothing was done), 'channel.closed' (retry: a closed channel has to be settled before
 * there can be another one), 'channel.tokens' (retry: the node's wallet lacks tokens or ether), and what the client throws.
 */
export async function ensureChannel(client: Client, need: ChannelNeed): Promise<Channel> {
  const { balanceMin, exposureMax } = need
  const channel = await client.channel(need)
  if (channel?.state === 'opened' && channel.balance >= balanceMin) return channel
  if (exposureMax !== undefined && balanceMin > exposureMax)
    throw new Refusal(
      'channel.exposure',
      `the channel with ${need.partner} needs a balance of ${balanceMin}, and may have ${exposureMax}: raise the limit or wait until less is open`,
    )
  try {
    return await opened(client, need, channel)
  } catch (error) {
    // Somebody else was faster, or what we sent before has arrived meanwhile.
    if (!(error instanceof Refusal) || error.code !== 'channel.conflict') throw error
    const now = await client.channel(need)
    if (now?.state === 'opened' && now.balance >= balanceMin) return now
    throw error
  }
}

async function opened(client: Client, need: ChannelNeed, channel: Channel | undefined): Promise<Channel> {
  const { token, partner, balanceMin, settleTimeout } = need
  if (channel === undefined || channel.state === 'settled')
    return await client.open({ token, partner, totalDeposit: balanceMin, settleTimeout })
  if (channel.state !== 'opened')
    throw new Refusal(
      'channel.closed',
      `the channel with ${partner} is ${channel.state}: it has to be settled before it can be opened again`,
      { retry: true },
    )
  return await client.deposit(need, channel.totalDeposit + balanceMin - channel.balance)
}
