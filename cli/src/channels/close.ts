import { Refusal } from '@consign/envelope'
import type { Channel, RaidenClient } from '@consign/raiden-client'
import type { Hex } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import { address } from '../values.ts'
import { tokensWritten } from '../written.ts'
import { NODE, withNode } from './node.ts'

export const close = command({
  name: 'channels close',
  summary: 'Closes a channel; once its settle timeout has passed, each side gets what is its own.',
  details:
    'No payment goes over the channel any more. Both nodes must stay up until the timeout has passed, or what was paid last may be lost.',
  example: 'consign channels close --node http://127.0.0.1:5001 --partner 0x…',
  options: {
    node: NODE,
    partner: required(address, 'the other side of the channel'),
    token: optional(address, 'of which token, when there are channels of several'),
  },
  common: ['dry-run'],
  run: async (context, { node: nodeUrl, partner, token }): Promise<Report> =>
    withNode(nodeUrl, async (node) => {
      const channel = await channelWith(node, partner, token)
      const name = `The channel with ${partner}`
      if (channel.state !== 'opened')
        return { lines: [`${name} is ${channel.state} already; nothing is to be done.`], data: { channel } }
      if (context.dryRun)
        return {
          lines: [`${name} would be closed; ${tokensWritten(channel.balance)} of it are this side’s.`],
          data: { channel },
        }
      const closed = await node.close({ token: channel.token, partner })
      const unit = '(seconds; blocks with older contracts of Raiden)'
      const lines = [
        `${name} is closed; it can be settled after its timeout of ${closed.settleTimeout} ${unit}.`,
      ]
      return { lines, data: { channel: closed } }
    }),
})

/** An open one before any other. Refusal 'channel.missing', 'argument.missing' when the token matters. */
async function channelWith(node: RaidenClient, partner: Hex, token: Hex | undefined): Promise<Channel> {
  const found = (await node.channels(token)).filter((channel) => channel.partner === partner)
  const open = found.filter(({ state }) => state === 'opened')
  if (open.length > 1)
    throw new Refusal(
      'argument.missing',
      `there are channels with ${partner} of several tokens; say which by --token ${open.map((each) => each.token).join(' or ')}`,
    )
  const channel = open[0] ?? found.at(-1)
  if (!channel) throw new Refusal('channel.missing', `the node has no channel with ${partner}`)
  return channel
}
