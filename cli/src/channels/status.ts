import { Refusal } from '@consign/envelope'
import type { PendingTransfer, RaidenClient } from '@consign/raiden-client'
import type { Hex } from 'viem'
import { command, type Report } from '../command.ts'
import { table, tokensWritten } from '../written.ts'
import { NODE, withNode } from './node.ts'
import { paymentTable } from './payments.ts'

// What a person reads at once; --json and channels payments have all.
const FAILED_SHOWN_MAX = 10

export const status = command({
  name: 'channels status',
  summary:
    'Shows whether a Raiden node is ready, its address, what is pending and what failed, with reasons.',
  details: 'A node that is not ready yet shows its status alone.',
  example: 'consign channels status --node http://127.0.0.1:5001',
  options: { node: NODE },
  common: [],
  run: async (_context, { node: nodeUrl }): Promise<Report> =>
    withNode(nodeUrl, report, { whileSyncing: true }),
})

async function report(node: RaidenClient): Promise<Report> {
  const state = await node.status()
  const address = await addressOf(node)
  const head = [`status   ${state}`, `address  ${address ?? 'not known yet'}`]
  if (state !== 'ready') return { lines: head, data: { status: state, address } }
  const [pending, payments] = await Promise.all([node.pendingTransfers(), node.payments()])
  const failed = payments.filter(({ outcome }) => outcome === 'failed')
  return {
    lines: [...head, ...pendingLines(pending), ...failedLines(failed)],
    data: { status: state, address, pending, failed },
  }
}

/** A node may know it only when it is ready. */
async function addressOf(node: RaidenClient): Promise<Hex | undefined> {
  try {
    return await node.address()
  } catch (error) {
    if (error instanceof Refusal && ['channel.syncing', 'channel.missing'].includes(error.code))
      return undefined
    throw error
  }
}

function pendingLines(pending: PendingTransfer[]): string[] {
  if (pending.length === 0) return ['pending  none']
  const rows = pending.map(({ role, initiator, target, amount, identifier }) => [
    ...[role, initiator, target, tokensWritten(amount), String(identifier)],
  ])
  return ['', `${pending.length} pending:`, ...table(['as', 'from', 'to', 'amount', 'identifier'], rows)]
}

function failedLines(failed: Parameters<typeof paymentTable>[0]): string[] {
  if (failed.length === 0) return ['failed   none']
  const shown = failed.slice(-FAILED_SHOWN_MAX)
  const which = shown.length < failed.length ? `, the last ${shown.length}` : ''
  return ['', `${failed.length} failed${which}:`, ...paymentTable(shown)]
}
