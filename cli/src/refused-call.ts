/** A call that the chain, or the Raiden node, refuses, or does not answer, in one line: what is wrong, what to do, and a stable code. */
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  decodeErrorResult,
  type Hex,
  HttpRequestError,
  InsufficientFundsError,
  TimeoutError,
} from 'viem'
import { reasonOf } from './reasons.ts'

/** `code`: "chain." and the contract's error, "rpc." and what failed, or "channel." and what the Raiden node says. Ends the process with 1. */
export class RefusedCall extends Error {
  override readonly name = 'RefusedCall'
  readonly code: string
  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

type Named = { abi: Abi; functionName: string; args: readonly unknown[] }

/** Runs a call; what it throws becomes a RefusedCall. */
export async function refusedCall<T>(call: Pick<Named, 'abi'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explained(error, call.abi) ?? error
  }
}

/** Undefined when it is no answer of a chain. */
export function explained(error: unknown, abi: Abi = []): RefusedCall | undefined {
  if (!(error instanceof BaseError)) return undefined
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (revert instanceof ContractFunctionRevertedError) return reverted(revert, abi, error)
  const data = revertData(error)
  if (data) return decoded(data, abi, error)
  if (error.walk((cause) => cause instanceof InsufficientFundsError))
    return new RefusedCall(
      'chain.funds',
      'the wallet has too little ether for value and gas; send it some',
      error,
    )
  if (error.walk((cause) => cause instanceof ContractFunctionZeroDataError))
    return new RefusedCall(
      'chain.noContract',
      'there is no such contract at the address; check --deployment and --folder',
      error,
    )
  if (error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError))
    return new RefusedCall('rpc.unreachable', 'the node does not answer; check --rpc', error)
  return new RefusedCall('rpc.refused', oneLine(error.shortMessage), error)
}

function reverted(revert: ContractFunctionRevertedError, abi: Abi, cause: BaseError): RefusedCall {
  const { data, reason, raw } = revert
  if (data)
    return new RefusedCall(
      `chain.${data.errorName}`,
      reasonOf(data.errorName, data.abiItem, data.args),
      cause,
    )
  if (raw && raw.length > 2) return decoded(raw, abi, cause)
  return new RefusedCall(
    'chain.reverted',
    reason ? oneLine(reason) : 'the contract refused and gave no reason',
    cause,
  )
}

function decoded(data: Hex, abi: Abi, cause: BaseError): RefusedCall {
  try {
    const { errorName, abiItem, args } = decodeErrorResult({ abi, data })
    return new RefusedCall(`chain.${errorName}`, reasonOf(errorName, abiItem, args), cause)
  } catch {
    return new RefusedCall(
      'chain.unknown',
      `the contract refused for a reason that is not known here: ${data.slice(0, 10)}`,
      cause,
    )
  }
}

// Where a node answers with the bytes alone.
function revertData(error: BaseError): Hex | undefined {
  const found = error.walk((cause) => {
    const { data } = cause as { data?: unknown }
    return typeof data === 'string' && /^0x[0-9a-f]{8}/.test(data)
  }) as { data?: Hex } | null
  return found?.data
}

const oneLine = (text: string): string => text.split('\n')[0] ?? text
