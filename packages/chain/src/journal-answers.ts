/** What a node's answers say in words: reasons of reverts, and the events of a receipt. */
import {
  type Abi,
  type AbiEvent,
  BaseError,
  type DecodeErrorResultReturnType,
  decodeErrorResult,
  decodeEventLog,
  type Hex,
  type Log,
  RpcRequestError,
} from 'viem'
import type { TransactionResult } from './journal-decider.ts'

/** Why a call reverts, as `Name(arguments)` of the custom error or the node's words; undefined when the node could not tell (transient). */
export function revertReason(error: unknown, abi: Abi): string | undefined {
  const cause = rpcCause(error)
  const data = revertData(cause)
  if (data !== undefined && data !== '0x') return errorName(data, abi)
  // Code 3 is geth's "execution reverted"; others only say so in words.
  if (cause?.code === 3 || /revert|invalid opcode/i.test(cause?.message ?? ''))
    return `execution reverted: ${firstLine(cause?.message)}`
  return undefined
}

/** The node's own words behind whatever the client wrapped around them. */
export function rpcMessage(error: unknown): string {
  const cause = rpcCause(error)
  return firstLine(cause?.message ?? String(error))
}

/**
 * The known events of a receipt as one flat record: `event` is the name of the first, arguments of the first win. Integers of up to 64 bits
 * are numbers (seq, size, leg, ms), larger ones decimal strings (token amounts).
 */
export function receiptResult(logs: readonly Log[], abi: Abi): TransactionResult | undefined {
  const result: TransactionResult = {}
  for (const log of logs) {
    const event = eventOfLog(log, abi)
    if (event === undefined) continue
    for (const [name, value] of [['event', event.name] as const, ...event.values]) result[name] ??= value
  }
  return Object.keys(result).length === 0 ? undefined : result
}

/** One event with its arguments in order, as plain as in receiptResult; undefined when the ABI has no such event. */
export function eventOfLog(
  log: Pick<Log, 'data' | 'topics'>,
  abi: Abi,
): { name: string; values: [string, string | number | boolean][] } | undefined {
  let decoded: { eventName?: string | undefined; args?: unknown }
  try {
    decoded = decodeEventLog({ abi, data: log.data, topics: log.topics })
  } catch {
    return undefined
  }
  const declared = abi.find(
    (item): item is AbiEvent => item.type === 'event' && item.name === decoded.eventName,
  )
  if (declared === undefined) return undefined
  const args = (decoded.args ?? {}) as Record<string, unknown>
  const values = declared.inputs.flatMap((input): [string, string | number | boolean][] =>
    input.name === undefined ? [] : [[input.name, plain(args[input.name], input.type)]],
  )
  return { name: declared.name, values }
}

function plain(value: unknown, type: string): string | number | boolean {
  if (typeof value === 'bigint') return /^u?int64$/.test(type) ? Number(value) : value.toString()
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'string') return JSON.stringify(value)
  return type === 'address' ? value.toLowerCase() : value
}

function errorName(data: Hex, abi: Abi): string {
  try {
    const { errorName: name, args }: DecodeErrorResultReturnType = decodeErrorResult({ abi, data })
    return `${name}(${(args ?? []).map(String).join(', ')})`
  } catch {
    return `execution reverted with unknown error ${data.slice(0, 10)}`
  }
}

type RpcCause = { message?: string; code?: number; data?: unknown }

// What the node itself answered; viem wraps it several times.
function rpcCause(error: unknown): RpcCause | undefined {
  if (!(error instanceof BaseError)) return error instanceof Error ? error : undefined
  const answered = error.walk((cause) => cause instanceof RpcRequestError)
  if (!(answered instanceof RpcRequestError)) return { message: error.details || error.shortMessage }
  return { message: answered.details, code: answered.code, data: answered.data }
}

// Nodes put revert bytes into `data`, or into `data.data`.
function revertData(cause: RpcCause | undefined): Hex | undefined {
  const data = cause?.data
  if (typeof data === 'string' && data.startsWith('0x')) return data as Hex
  const inner = (data as { data?: unknown } | undefined)?.data
  return typeof inner === 'string' && inner.startsWith('0x') ? (inner as Hex) : undefined
}

function firstLine(message: string | undefined): string {
  return message?.split('\n', 1)[0] ?? 'no reason given'
}
