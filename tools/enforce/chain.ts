// The chain, reached by nothing but JSON-RPC: reads, and transactions that are simulated first, so that a refusal costs no gas and says its name.
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createWalletClient,
  type Hex,
  http,
  type PrivateKeyAccount,
  parseEventLogs,
  publicActions,
  type TransactionReceipt,
} from 'viem'

const POLLING_INTERVAL_MS = 200

/** One transaction: which step it is, and in plain words what it does. */
export type Call = {
  step: string
  what: string
  from: PrivateKeyAccount
  to: Hex
  abi: Abi
  functionName: string
  args: readonly unknown[]
  value?: bigint
}

/** A contract's refusal, by the name that its interface explains. */
export class Refused extends Error {
  readonly reason: string
  readonly args: readonly unknown[]
  constructor(step: string, reason: string, args: readonly unknown[]) {
    super(`${step}: the contract refused: ${reason}(${args.join(', ')})`)
    this.reason = reason
    this.args = args
  }
}

export type Event = { name: string; args: Record<string, unknown> }
export type Chain = ReturnType<typeof connect>

export function connect(rpcUrl: string, print: (step: string, what: string, gas?: bigint) => void) {
  const client = createWalletClient({ transport: http(rpcUrl), pollingInterval: POLLING_INTERVAL_MS }).extend(
    publicActions,
  )

  const read = async <T>(address: Hex, abi: Abi, functionName: string, args: unknown[] = []): Promise<T> =>
    (await client.readContract({ address, abi, functionName, args })) as T

  const send = async ({ step, what, from, to, abi, ...call }: Call): Promise<Event[]> => {
    const receipt = await refusedByName(step, async () => {
      const { request } = await client.simulateContract({ ...call, address: to, abi, account: from })
      const hash = await client.writeContract({ ...request, chain: null })
      return client.waitForTransactionReceipt({ hash })
    })
    if (receipt.status !== 'success')
      throw new Error(`${step}: transaction ${receipt.transactionHash} was reverted`)
    print(step, what, receipt.gasUsed)
    return eventsOf(receipt, abi)
  }

  /** The chain's own time in seconds: that of its latest block, on which calls are simulated. */
  const nowS = async (): Promise<bigint> => {
    const { timestamp } = await client.getBlock()
    return timestamp
  }

  const waitUntil = async (step: string, dueS: bigint): Promise<void> => {
    if ((await nowS()) >= dueS) return
    print(step, `waiting until ${new Date(Number(dueS) * 1000).toISOString()}`)
    while ((await nowS()) < dueS) await new Promise((resolve) => setTimeout(resolve, POLLING_INTERVAL_MS))
  }

  /** Sends what the contract takes only from a time on; its refusal names the time. */
  const sendWhenDue = async (call: Call, tooEarly: string): Promise<Event[]> => {
    try {
      return await send(call)
    } catch (error) {
      const dueS = error instanceof Refused && error.reason === tooEarly ? (error.args[0] as bigint) : 0n
      if (dueS === 0n) throw error
      await waitUntil(call.step, dueS)
      return send(call)
    }
  }

  return {
    read,
    send,
    sendWhenDue,
    chainId: () => client.getChainId(),
    hasCode: async (address: Hex) => (await client.getCode({ address })) !== undefined,
  }
}

async function refusedByName<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
    if (!(revert instanceof ContractFunctionRevertedError)) throw new Error(`${step}: ${error.shortMessage}`)
    const { data, reason, signature } = revert
    throw new Refused(step, data?.errorName ?? reason ?? signature ?? 'no reason', data?.args ?? [])
  }
}

function eventsOf(receipt: TransactionReceipt, abi: Abi): Event[] {
  return parseEventLogs({ abi, logs: receipt.logs }).map((log) => ({
    name: log.eventName ?? '',
    args: (log.args ?? {}) as Record<string, unknown>,
  }))
}
