/**
 * The agreement's contract as settlement sees it: what stands there, and calls that are made once, whoever makes them. Reads throw the client's
 * errors while a node does not answer.
 */
import {
  agreementAbi,
  type Finality,
  type Intent,
  type PublicClient,
  settleArguments,
  settlementTokenAbi,
  type Transaction,
  type TxJournal,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { BaseError, ContractFunctionRevertedError, type Hex } from 'viem'
import type { AgreementOf } from '../domain/calls.ts'
import type { Fixed } from '../domain/fixed-plan.ts'
import { Waiting } from '../domain/waiting.ts'
import { currentTry } from './tries.ts'

export type AgreementChainOptions = {
  journal: TxJournal
  client: PublicClient
  finality: Finality
  /** ms that one call waits for finality before it says that it is not final yet */
  callMsMax: number
  /** ends every wait: the process shall stop */
  signal: AbortSignal
}

/** A custom error by its name, with its arguments. */
export type Revert = { name: string; args: readonly unknown[] }

/** Amounts in the smallest unit; what the guarantee of a party has paid to it and given back. */
export type GuaranteeUse = { acknowledged: bigint; claimed: bigint; released: bigint }

export type AgreementChain = ReturnType<typeof agreementChain>

/** Needs `journal.run` to be running. */
export function agreementChain(options: AgreementChainOptions) {
  const { journal, client } = options
  const finalTag = options.finality === 'finalized' ? 'finalized' : 'latest'
  const at = (address: Hex) => ({ address, abi: agreementAbi })

  return {
    /** ms UTC by the latest block: the clock that the contract goes by */
    nowMs: async () => Number((await client.getBlock()).timestamp) * 1000,
    exists: async (agreement: Hex) => (await client.getCode({ address: agreement })) !== undefined,
    hasStarted: async (agreement: Hex) =>
      (await client.readContract({ ...at(agreement), functionName: 'phase' })) > 0,
    isFunded: (agreement: Hex) => client.readContract({ ...at(agreement), functionName: 'isFunded' }),
    isSettled: async (agreement: Hex) =>
      (await client.readContract({ ...at(agreement), functionName: 'settledAt' })) > 0n,

    allowance: (token: Hex, agreement: Hex) =>
      client.readContract({
        address: token,
        abi: settlementTokenAbi,
        functionName: 'allowance',
        args: [journal.address, agreement],
      }),

    /** Why `settle` would revert now; undefined when it would not. */
    async settleRevert({ agreement, terms }: AgreementOf): Promise<Revert | undefined> {
      const args = settleArguments(terms)
      const call = { ...at(agreement), functionName: 'settle', args, account: journal.address } as const
      try {
        await client.simulateContract(call)
        return undefined
      } catch (error) {
        const reverted =
          error instanceof BaseError
            ? error.walk((cause) => cause instanceof ContractFunctionRevertedError)
            : undefined
        if (!(reverted instanceof ContractFunctionRevertedError)) throw error
        return { name: reverted.data?.errorName ?? reverted.shortMessage, args: reverted.data?.args ?? [] }
      }
    },

    /** What settlement fixed, once that is final; undefined before. */
    async fixed(agreement: Hex): Promise<Fixed | undefined> {
      const settledAt = await settledAtFinal(agreement)
      if (settledAt === 0n) return undefined
      const range = { ...at(agreement), ...(await blocksAt(settledAt)), strict: true } as const
      const [settled] = await client.getContractEvents({ ...range, eventName: 'Settled' })
      if (settled === undefined) throw unreadable(agreement)
      const payouts = await client.getContractEvents({ ...range, eventName: 'PayoutFixed' })
      return {
        payouts: payouts.map(({ args: { party, ...amounts } }) => ({
          wallet: party.toLowerCase() as Hex,
          ...amounts,
        })),
        refund: settled.args.refund,
        settledAtMs: Number(settledAt) * 1000,
      }
    },

    /** Whether it was closed without delivery, by whomever, for good. */
    async isClosedUndelivered(agreement: Hex): Promise<boolean> {
      if ((await client.getCode({ address: agreement, blockTag: finalTag })) === undefined) return false
      const of = { ...at(agreement), blockTag: finalTag } as const
      const endedAt = await client.readContract({ ...of, functionName: 'deliveredAt' })
      if (endedAt === 0n) return false
      const range = { ...at(agreement), ...(await blocksAt(endedAt)) } as const
      return (await client.getContractEvents({ ...range, eventName: 'ClosedUndelivered' })).length > 0
    },

    /** `final`: what cannot change back any more, instead of what the latest block says. */
    async guaranteeUse(agreement: Hex, wallet: Hex, when?: 'final'): Promise<GuaranteeUse> {
      const of = {
        ...at(agreement),
        args: [wallet],
        blockTag: when === undefined ? 'latest' : finalTag,
      } as const
      const [acknowledged, [claimed, released]] = await Promise.all([
        client.readContract({ ...of, functionName: 'acknowledgedBy' }),
        client.readContract({ ...of, functionName: 'guaranteeUsed' }),
      ])
      return { acknowledged, claimed, released }
    },

    /** The last claim of a party's guarantee, by whomever it was sent. Throws Waiting while it is not final. */
    async claimedBy(agreement: Hex, wallet: Hex): Promise<{ txHash: Hex; amount: bigint }> {
      const { number: last } = await client.getBlock({ blockTag: finalTag })
      const fromBlock = await firstBlockAt(client, await settledAtFinal(agreement), last)
      const filter = { ...at(agreement), eventName: 'GuaranteeClaimed', args: { party: wallet } } as const
      const claims = await client.getContractEvents({ ...filter, fromBlock, toBlock: last, strict: true })
      const claim = claims.at(-1)
      if (claim === undefined) throw new Waiting('finality', `the claim of ${wallet} is not final yet`)
      return { txHash: claim.transactionHash, amount: claim.args.amount }
    },

    /**
     * Resolves when the call has happened for good: with its hash, or with undefined when `isDone` says that it is done without it. Throws
     * Waiting while it is not final, Refusal 'settlement.refused' (retry) when the contract refuses it.
     */
    async ensure(intent: Intent, isDone: () => Promise<boolean>): Promise<Hex | undefined> {
      const { key, transaction } = currentTry(journal, intent.key, hadNoEffect)
      if (transaction === undefined) {
        if (await isDone()) return undefined
        await journal.submit({ ...intent, key })
      }
      const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.callMsMax)])
      const outcome = await journal.outcome(key, limit)
      if (outcome === undefined)
        throw new Waiting('finality', journal.delayed(key) ?? `${intent.what}: not final yet`)
      if (outcome.status === 'finalized' && !hadNoEffect(outcome)) return outcome.mined!.hash
      if (await isDone()) return undefined
      const reason = outcome.reason ?? `${outcome.mined?.hash} had no effect`
      throw new Refusal('settlement.refused', `${intent.what}: ${reason}`, { retry: true })
    },
  }

  // Final blocks of this very time: on a chain that is quick, more than one.
  async function blocksAt(timestamp: bigint): Promise<{ fromBlock: bigint; toBlock: bigint }> {
    const { number: last } = await client.getBlock({ blockTag: finalTag })
    const fromBlock = await firstBlockAt(client, timestamp, last)
    return { fromBlock, toBlock: (await firstBlockAt(client, timestamp + 1n, last + 1n)) - 1n }
  }

  function settledAtFinal(agreement: Hex): Promise<bigint> {
    return client.readContract({ ...at(agreement), functionName: 'settledAt', blockTag: finalTag })
  }
}

// Reverted in its block, or sent to where no contract stood when it was mined.
function hadNoEffect({ status, mined }: Transaction): boolean {
  return status === 'finalized' && (mined?.ok !== true || mined.result === undefined)
}

/** Number of the first block, up to `last`, whose time is `timestamp` or later; `last` when there is none before it. */
async function firstBlockAt(client: PublicClient, timestamp: bigint, last: bigint): Promise<bigint> {
  let [low, high] = [0n, last]
  while (low < high) {
    const middle = (low + high) / 2n
    const { timestamp: time } = await client.getBlock({ blockNumber: middle })
    if (time < timestamp) low = middle + 1n
    else high = middle
  }
  return low
}

function unreadable(agreement: Hex): Refusal {
  return new Refusal('settlement.unreadable', `the node has no Settled event of ${agreement}`, {
    retry: true,
  })
}
