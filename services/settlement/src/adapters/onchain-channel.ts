/**
 * Pays by ERC-20 transfer from the organisation's wallet, through its transaction journal: key `payment:<paymentId>`. When a transfer is
 * final and moved nothing (it reverted in its block, or its simulation did), the next one has the key `payment:<paymentId>:1` and so on;
 * it is never made while an earlier one could still move tokens.
 */
import { settlementTokenAbi, type Transaction, type TxJournal } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { type Client, decodeFunctionData, encodeFunctionData, type Hex } from 'viem'
import { readContract } from 'viem/actions'
import { VIA_ONCHAIN } from '../domain/payment-id.ts'
import type { PaymentChannel, PaymentOrder, PaymentOutcome } from './payment-channel.ts'
import { currentTry, type Try } from './tries.ts'

export type OnchainOptions = {
  journal: TxJournal
  client: Client
  token: Hex
  /** ms that one call of `pay` waits for finality before it answers `unknown` */
  payMsMax: number
  /** ends every wait: the process shall stop */
  signal: AbortSignal
}

/** Needs `journal.run` to be running. */
export function onchainChannel(options: OnchainOptions): PaymentChannel {
  const { journal, client, token } = options
  let turn: Promise<unknown> = Promise.resolve()

  return {
    via: VIA_ONCHAIN,

    async pay(order) {
      const { key, transaction } = paymentTry(journal, order.paymentId)
      if (transaction === undefined) {
        // One at a time, so that two payments are not both promised the same tokens.
        const submitted = turn.then(() => submit(order))
        turn = submitted.catch(() => undefined)
        const refused = await submitted
        if (refused !== undefined) return refused
      }
      await journal.outcome(key, AbortSignal.any([options.signal, AbortSignal.timeout(options.payMsMax)]))
      return outcomeOf(journal, order.paymentId) ?? { status: 'unknown', reason: `${key} was not submitted` }
    },

    async lookup({ paymentId }) {
      return outcomeOf(journal, paymentId)
    },

    async reserve({ total, aside }) {
      const balance = await balanceOf(client, token, journal.address)
      const needed = total + aside + promisedTokens(journal)
      if (balance >= needed) return
      throw new Refusal(
        'payment.balance',
        `wallet ${journal.address} has ${balance} of token ${token} and needs ${needed} for what is agreed: send it ${needed - balance}`,
        { retry: true },
      )
    },
  }

  async function submit(order: PaymentOrder): Promise<PaymentOutcome | undefined> {
    const { key, transaction } = paymentTry(journal, order.paymentId)
    if (transaction !== undefined) return undefined
    const balance = await balanceOf(client, token, journal.address)
    const promised = promisedTokens(journal)
    if (balance - promised < order.amount) {
      const reason = `wallet ${journal.address} has ${balance} of token ${token}, ${promised} of it promised, and needs ${order.amount} for ${order.to}: send it tokens`
      return { status: 'refused', code: 'payment.balance', reason }
    }
    const data = encodeFunctionData({
      abi: settlementTokenAbi,
      functionName: 'transfer',
      args: [order.to, order.amount],
    })
    const what = `pay ${order.amount} to ${order.to}`
    await journal.submit({ key, to: token, data, what, agreement: order.agreement })
    return undefined
  }
}

function paymentTry(journal: TxJournal, paymentId: Hex): Try {
  return currentTry(journal, `payment:${paymentId}`, movedNothing)
}

function movedNothing({ status, mined }: Transaction): boolean {
  return status === 'refused' || (status === 'finalized' && mined?.result?.event !== 'Transfer')
}

function outcomeOf(journal: TxJournal, paymentId: Hex): PaymentOutcome | undefined {
  const { key, transaction, failed } = paymentTry(journal, paymentId)
  if (transaction?.status === 'finalized') return { status: 'paid', txHash: transaction.mined!.hash }
  if (transaction !== undefined)
    return {
      status: 'unknown',
      reason: journal.delayed(key) ?? `${key} is ${transaction.status}, not final yet`,
    }
  if (failed === undefined) return undefined
  const reason = failed.reason ?? `the transfer ${failed.mined?.hash} reverted in its block`
  return { status: 'refused', code: 'payment.reverted', reason }
}

// Tokens of payments that the balance of the latest block does not show yet.
function promisedTokens(journal: TxJournal): bigint {
  const amounts = journal.open().map(({ intent, status }) => {
    if (status === 'mined' || intent.data === undefined || !intent.key.startsWith('payment:')) return 0n
    return BigInt(decodeFunctionData({ abi: settlementTokenAbi, data: intent.data }).args?.[1] as bigint)
  })
  return amounts.reduce((sum, amount) => sum + amount, 0n)
}

async function balanceOf(client: Client, token: Hex, wallet: Hex): Promise<bigint> {
  const call = { address: token, abi: settlementTokenAbi, functionName: 'balanceOf', args: [wallet] } as const
  try {
    return await readContract(client, call)
  } catch (cause) {
    throw new Refusal('payment.balanceUnknown', `The balance of ${wallet} cannot be read from ${token}`, {
      cause,
      retry: true,
    })
  }
}
