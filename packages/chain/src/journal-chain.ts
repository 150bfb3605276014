/**
 * What a transaction journal asks of an Ethereum node, and what the answers mean. JSON-RPC errors differ between nodes, so each is sorted
 * here into three: the call reverts (final for that intent), the node has it already (good), or it may work later.
 */
import { Refusal } from '@consign/envelope'
import {
  type Abi,
  type Client,
  type Hex,
  keccak256,
  type LocalAccount,
  parseTransaction,
  TransactionReceiptNotFoundError,
} from 'viem'
import {
  estimateGas,
  estimateMaxPriorityFeePerGas,
  getBalance,
  getBlock,
  getTransactionCount,
  getTransactionReceipt,
} from 'viem/actions'
import { receiptResult, revertReason, rpcMessage } from './journal-answers.ts'
import type { Attempt, TransactionResult } from './journal-decider.ts'

/** `finalized`: by the node's finalized block; `mined`: at once, for chains that never fork. */
export type Finality = 'finalized' | 'mined'

/** EIP-7825: a transaction above 2^24 gas is invalid. */
const GAS_MAX = 16_777_216n
/** geth refuses transactions above 128 KiB; what is not calldata takes a few hundred bytes. */
const CALLDATA_BYTES_MAX = 128 * 1024 - 1024
/** A quarter above the estimate: state may change between estimate and block. */
const GAS_MARGIN_PERCENT = 125n
/** geth and reth want 10 % more for a replacement; an eighth is what EIP-1559 moves the base fee in a block. */
const BUMP_PERMILLE = 1125n

export type ChainPort = ReturnType<typeof chainPort>

export type Call = { to: Hex; data: Hex; gas?: number }
export type Mine = {
  hash: Hex
  blockNumber: number
  gasUsed: number
  ok: boolean
  result?: TransactionResult
}

/** All requests of one wallet to one node. `abi` = every error and event that the called contracts know. */
export function chainPort(options: { client: Client; account: LocalAccount; chainId: number; abi: Abi }) {
  const { client, account, chainId, abi } = options
  const { address } = account

  return {
    address,

    /** How many transactions of the wallet are in the chain's latest block or before. */
    count: () => getTransactionCount(client, { address, blockTag: 'latest' }),

    /**
     * Signs the call at the nonce; throws Refusal 'chain.reverted' (final) or 'chain.gasBalance' (retry), or the node's error. Simulated at
     * `blockAtLeast` or later, so that a node that lags behind what was mined answers with an error, not with a revert.
     */
    async sign(call: Call, nonce: number, blockAtLeast: number): Promise<Attempt> {
      const bytes = (call.data.length - 2) / 2
      if (bytes > CALLDATA_BYTES_MAX)
        throw new Refusal(
          'chain.reverted',
          `calldata of ${bytes} bytes is over the ${CALLDATA_BYTES_MAX} of a transaction`,
        )
      const fees = await currentFees(client)
      const estimate = await simulate(
        call,
        fees.blockNumber > blockAtLeast ? fees.blockNumber : BigInt(blockAtLeast),
      )
      const gas = call.gas === undefined ? capped((estimate * GAS_MARGIN_PERCENT) / 100n) : BigInt(call.gas)
      await assertGasPaid(gas * fees.maxFeePerGas)
      return signed(call, nonce, gas, fees)
    },

    /** The same call at the same nonce with fees at least an eighth higher. */
    async signReplacement(attempt: Attempt): Promise<Attempt> {
      const before = parseTransaction(attempt.raw)
      const now = await currentFees(client)
      const fees: Fees = {
        maxFeePerGas: bumped(before.maxFeePerGas ?? 0n, now.maxFeePerGas),
        maxPriorityFeePerGas: bumped(before.maxPriorityFeePerGas ?? 0n, now.maxPriorityFeePerGas),
      }
      const call = { to: before.to as Hex, data: before.data ?? '0x' }
      return signed(call, attempt.nonce, before.gas ?? GAS_MAX, fees)
    },

    /** Hands raw bytes to the node; that it has them, or that their nonce is mined, is no error. */
    async broadcast(raw: Hex): Promise<void> {
      try {
        await client.request({ method: 'eth_sendRawTransaction', params: [raw] })
      } catch (error) {
        if (!/already known|already imported|nonce too low|alreadyexists/i.test(rpcMessage(error)))
          throw error
      }
    },

    /** Receipt of whichever of the hashes is in a block. */
    async receiptOf(hashes: readonly Hex[]): Promise<Mine | undefined> {
      for (const hash of hashes) {
        const receipt = await receiptOrNone(client, hash)
        if (receipt === undefined) continue
        const result = receiptResult(receipt.logs, abi)
        return {
          hash,
          blockNumber: Number(receipt.blockNumber),
          gasUsed: Number(receipt.gasUsed),
          ok: receipt.status === 'success',
          ...(result === undefined ? {} : { result }),
        }
      }
      return undefined
    },

    /**
     * Number of the last block that cannot be undone. anvil's finalized block is the latest minus twice `--slots-in-an-epoch`
     * (minus 2 with 1, measured on 1.7.1), and moves only when blocks are mined: a quiet anvil without `--block-time` never finalises its last
     * two blocks, so use finality `mined` there.
     */
    async finalBlock(): Promise<number> {
      return Number((await getBlock(client, { blockTag: 'finalized' })).number)
    },
  }

  async function simulate(call: Call, blockNumber: bigint): Promise<bigint> {
    try {
      return await estimateGas(client, { account: address, to: call.to, data: call.data, blockNumber })
    } catch (error) {
      const reason = revertReason(error, abi)
      if (reason === undefined) throw error
      throw new Refusal('chain.reverted', reason, { cause: error })
    }
  }

  async function assertGasPaid(cost: bigint): Promise<void> {
    const balance = await getBalance(client, { address })
    if (balance >= cost) return
    throw new Refusal(
      'chain.gasBalance',
      `wallet ${address} has ${balance} wei, the next transaction may cost ${cost}: send it ether`,
      {
        retry: true,
      },
    )
  }

  async function signed(
    call: Call,
    nonce: number,
    gas: bigint,
    { maxFeePerGas, maxPriorityFeePerGas }: Fees,
  ): Promise<Attempt> {
    const raw = await account.signTransaction({
      type: 'eip1559',
      chainId,
      nonce,
      to: call.to,
      data: call.data,
      value: 0n,
      gas,
      maxFeePerGas,
      maxPriorityFeePerGas,
    })
    return { nonce, hash: keccak256(raw), raw }
  }
}

type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }

// Twice the base fee stays valid for at least five full blocks (EIP-1559: an eighth more each).
async function currentFees(client: Client): Promise<Fees & { blockNumber: bigint }> {
  const [block, tip] = await Promise.all([
    getBlock(client, { blockTag: 'latest' }),
    estimateMaxPriorityFeePerGas(client),
  ])
  const maxFeePerGas = (block.baseFeePerGas ?? 0n) * 2n + tip
  return { maxFeePerGas, maxPriorityFeePerGas: tip, blockNumber: block.number }
}

async function receiptOrNone(client: Client, hash: Hex) {
  try {
    return await getTransactionReceipt(client, { hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}

function capped(gas: bigint): bigint {
  return gas > GAS_MAX ? GAS_MAX : gas
}

function bumped(before: bigint, now: bigint): bigint {
  const least = (before * BUMP_PERMILLE) / 1000n + 1n
  return now > least ? now : least
}
