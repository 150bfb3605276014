/** The channels of a payment graph, and what stands in them. */
import { type Channel, raidenClient } from '@consign/raiden-client'
import { paymentGraph, type Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** `from` can pay `to` as much as `fromBalance` over it, and the other way round; decimal strings in the smallest unit. */
export type ChannelBalances = { name: string; from: Hex; to: Hex; fromBalance: string; toBalance: string }

/** `party`: whom the node pays or is paid for, as the terms name it; its own `address` is another one for the organisation. */
export type RaidenNode = { name: string; party: Hex; address: Hex; url: string }

/** What the nodes say now of each edge of the graph, in its order: PC-A, PC-B, … */
export async function readChannels(
  nodes: readonly RaidenNode[],
  terms: Terms,
  token: Hex,
): Promise<ChannelBalances[]> {
  const told = await Promise.all(
    nodes.map(async (node) => ({ ...node, channels: await raidenClient({ url: node.url }).channels(token) })),
  )
  return paymentGraph(terms).map(({ from, to }, i) => ({
    name: `PC-${String.fromCharCode('A'.charCodeAt(0) + i)}`,
    from,
    to,
    ...balancesOf(told, { from, to }),
  }))
}

/** What both ends of one edge say of it; 0 where there is no channel. */
export function balancesOf(
  nodes: readonly (RaidenNode & { channels: Channel[] })[],
  { from, to }: { from: Hex; to: Hex },
): Pick<ChannelBalances, 'fromBalance' | 'toBalance'> {
  const [payer, payee] = [from, to].map((wallet) => nodes.find(({ party }) => party === wallet))
  const balance = (own: typeof payer, other: typeof payer) =>
    String(own?.channels.find(({ partner }) => partner === other?.address)?.balance ?? 0n)
  return { fromBalance: balance(payer, payee), toBalance: balance(payee, payer) }
}
