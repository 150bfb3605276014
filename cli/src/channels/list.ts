import type { Channel } from '@consign/raiden-client'
import { command, type Report } from '../command.ts'
import { table, tokensWritten } from '../written.ts'
import { NODE, withNode } from './node.ts'

export const list = command({
  name: 'channels list',
  summary: 'Shows the payment channels of a Raiden node.',
  details:
    'Capacity is what the node’s side can still pay; deposit and withdrawn are its totals since the channel was opened.',
  example: 'consign channels list --node http://127.0.0.1:5001',
  options: { node: NODE },
  common: [],
  run: async (_context, { node: nodeUrl }): Promise<Report> => {
    const channels = await withNode(nodeUrl, (node) => node.channels())
    const lines =
      channels.length === 0
        ? ['The node has no channels.']
        : table(['partner', 'token', 'state', 'capacity', 'deposit', 'withdrawn'], channels.map(row))
    return { lines, data: { channels } }
  },
})

const row = ({ partner, token, state, balance, totalDeposit, totalWithdraw }: Channel): string[] => [
  ...[partner, token, state],
  ...[balance, totalDeposit, totalWithdraw].map(tokensWritten),
]
