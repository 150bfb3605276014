/**
 * Transactions. Each is simulated before it is sent, so that a refusal costs nothing; with --dry-run all of a command are simulated together,
 * one after another on the same state, and none is sent.
 */
import { walletClient } from '@consign/chain'
import { type Abi, encodeFunctionData, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import type { Report } from './command.ts'
import type { Chain, Context } from './context.ts'
import { refusedCall } from './refused-call.ts'
import { grouped } from './written.ts'

/** `what`: what has happened once it is mined, as a sentence. */
export type Call = {
  what: string
  to: Hex
  abi: Abi
  functionName: string
  args: readonly unknown[]
  valueWei?: bigint
}

export type ChainEvent = { name: string; args: Record<string, unknown> }

/** `say`: more lines about what the chain answered. */
export type Narration = (events: ChainEvent[]) => string[]

/** Sends the calls one after another as the key file's wallet, or simulates them. Throws RefusedCall for the first that is refused. */
export async function transact(context: Context, calls: Call[], say: Narration = () => []): Promise<Report> {
  const chain = await context.chain()
  const { wallet } = await context.keys()
  if (context.dryRun) return simulateAll(chain, wallet.address, calls)
  const client = walletClient(chain.url, wallet)
  const report: Report = { lines: [], data: { transactions: [], events: [] } }
  const transactions: unknown[] = []
  const events: ChainEvent[] = []
  for (const [place, call] of calls.entries()) {
    if (calls.length > 1) context.progress(`transaction ${place + 1} of ${calls.length}`)
    const receipt = await refusedCall(call, async () => {
      const { to, what: _, valueWei, ...rest } = call
      const value = valueWei === undefined ? {} : { value: valueWei }
      const { request } = await client.simulateContract({ ...rest, ...value, address: to, account: wallet })
      const hash = await client.writeContract({ ...request, chain: null })
      context.progress(`sent ${hash}, waiting for its block`)
      return client.waitForTransactionReceipt({ hash })
    })
    report.lines.push(call.what, `  ${costOf(receipt)}`)
    transactions.push(transactionOf(call, receipt))
    events.push(...eventsOf(receipt, call.abi))
  }
  return { lines: [...report.lines, ...say(events)], data: { transactions, events } }
}

async function simulateAll({ client }: Chain, account: Hex, calls: Call[]): Promise<Report> {
  const encoded = calls.map(({ to, abi, functionName, args, valueWei }) => ({
    to,
    data: encodeFunctionData({ abi, functionName, args }),
    value: valueWei ?? 0n,
  }))
  // What a refusal says is known only from a call of its own; later calls stand on the state that the earlier ones leave.
  const [first] = calls
  if (first) {
    const { to, valueWei = 0n, ...rest } = first
    await refusedCall(first, () =>
      client.simulateContract({ ...rest, address: to, account, value: valueWei }),
    )
  }
  const { results } = await client.simulateCalls({ account, calls: encoded })
  const lines: string[] = []
  const transactions: unknown[] = []
  for (const [place, result] of results.entries()) {
    const call = calls[place] as Call
    await refusedCall(call, async () => {
      if (result.status !== 'success') throw result.error
    })
    lines.push(`Would do: ${call.what}`, `  gas about ${grouped(result.gasUsed)}`)
    transactions.push({
      what: call.what,
      to: call.to,
      functionName: call.functionName,
      gas: String(result.gasUsed),
    })
  }
  return { lines: [...lines, 'Nothing was sent.'], data: { dryRun: true, transactions } }
}

function transactionOf(call: Call, receipt: TransactionReceipt) {
  return {
    what: call.what,
    to: call.to,
    functionName: call.functionName,
    hash: receipt.transactionHash,
    block: String(receipt.blockNumber),
    gas: String(receipt.gasUsed),
  }
}

const costOf = ({ gasUsed, transactionHash, blockNumber }: TransactionReceipt): string =>
  `gas ${grouped(gasUsed)}, transaction ${transactionHash}, block ${blockNumber}`

export function eventsOf(receipt: Pick<TransactionReceipt, 'logs'>, abi: Abi): ChainEvent[] {
  return parseEventLogs({ abi, logs: receipt.logs }).map((log) => ({
    name: log.eventName ?? '',
    args: (log.args ?? {}) as Record<string, unknown>,
  }))
}
