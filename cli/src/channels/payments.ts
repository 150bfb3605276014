import type { Payment } from '@consign/raiden-client'
import { command, optional, type Report } from '../command.ts'
import { address } from '../values.ts'
import { table, timeWritten, tokensWritten } from '../written.ts'
import { NODE, withNode } from './node.ts'

export const payments = command({
  name: 'channels payments',
  summary: 'Shows what a Raiden node paid, failed to pay and received, in the node’s order.',
  details: 'What the node does not tell is a dash: the Python node tells no amount of a payment that failed.',
  example: 'consign channels payments --node http://127.0.0.1:5001 --partner 0x…',
  options: { node: NODE, partner: optional(address, 'only payments to or from this address') },
  common: [],
  run: async (_context, { node: nodeUrl, partner }): Promise<Report> => {
    const all = await withNode(nodeUrl, (node) => node.payments())
    const found = all.filter(
      ({ initiator, target }) => !partner || initiator === partner || target === partner,
    )
    const lines = found.length === 0 ? ['No payments.'] : paymentTable(found)
    return { lines, data: { payments: found } }
  },
})

export const paymentTable = (found: Payment[]): string[] =>
  table(['when', 'what', 'with', 'amount', 'identifier', 'reason'], found.map(row))

function row({ outcome, initiator, target, amount, identifier, timeMs, reason }: Payment): string[] {
  return [
    timeMs === undefined ? '-' : timeWritten(timeMs),
    outcome,
    (outcome === 'received' ? initiator : target) ?? '-',
    amount === undefined ? '-' : tokensWritten(amount),
    identifier === undefined ? '-' : String(identifier),
    reason ?? '',
  ]
}
