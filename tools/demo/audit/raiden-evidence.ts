import { type Channel, type Payment, raidenClient } from '@consign/raiden-client'
import type { Hex } from 'viem'
import type { RaidenNode } from '../channels.ts'

export type RaidenQuery = {
  token: Hex
  /** The organisation's node first. */
  nodes: RaidenNode[]
}

export type NodeEvidence = RaidenNode & {
  channels: Channel[]
  /** Made and received, to and from every other node of the run. */
  payments: Payment[]
}

/** What the nodes themselves say, each of its own channels and payments. */
export type RaidenEvidence = { nodes: NodeEvidence[] }

const READS_MAX = 20
const READ_PAUSE_MS = 250

/** Reads all nodes; again while payments of other shipments are under way, since then their books cannot agree. */
export async function readRaiden({ token, nodes }: RaidenQuery): Promise<RaidenEvidence> {
  for (let reads = 1; ; reads++) {
    const evidence = { nodes: await Promise.all(nodes.map((node) => readNode(token, node, nodes))) }
    if (reads === READS_MAX || evidence.nodes.every(isBalanced)) return evidence
    await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS))
  }
}

/** What the node's channels have gained since they were deposited into is what it received less what it sent; what it passes on cancels out. */
export function isBalanced({ channels, payments }: NodeEvidence): boolean {
  const gained = channels.reduce(
    (sum, { balance, totalDeposit, totalWithdraw }) => sum + balance - totalDeposit + totalWithdraw,
    0n,
  )
  return gained === sumOf(payments, 'received') - sumOf(payments, 'sent')
}

const sumOf = (payments: Payment[], outcome: Payment['outcome']): bigint =>
  payments.reduce((sum, payment) => (payment.outcome === outcome ? sum + (payment.amount ?? 0n) : sum), 0n)

async function readNode(token: Hex, node: RaidenNode, all: RaidenNode[]): Promise<NodeEvidence> {
  const client = raidenClient({ url: node.url })
  const others = all.filter(({ address }) => address !== node.address)
  const [channels, ...payments] = await Promise.all([
    client.channels(token),
    ...others.map(({ address }) => client.payments(token, address)),
  ])
  return { ...node, channels, payments: payments.flat() }
}

/** The payment that came in at a wallet under this secret, as the receiver's own node knows it. */
export function receivedUnder(
  { nodes }: RaidenEvidence,
  wallet: Hex,
  secretHash: Hex | undefined,
): Payment | undefined {
  const node = nodes.find(({ party }) => party === wallet)
  return node?.payments.find((one) => one.outcome === 'received' && one.secretHash === secretHash)
}
