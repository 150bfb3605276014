/** Contests as the chain's log tells them. */
import { agreementAbi, type PublicClient } from '@consign/chain'
import type { Hex } from '@consign/events'
import { getAbiItem } from 'viem'
import type { Contest } from './domain/contests.ts'

/** Providers refuse wider ranges; most take 1,000 and more. */
const BLOCKS_MAX = 1000n
const CASE_CONTESTED = getAbiItem({ abi: agreementAbi, name: 'CaseContested' })

/**
 * Contests in the blocks from `from` to `to`, of whatever contract emitted such an event: the caller knows which are agreements. So a request
 * does not grow with their number.
 */
export async function* readContests(client: PublicClient, from: bigint, to: bigint): AsyncGenerator<Contest> {
  for (let fromBlock = from; fromBlock <= to; fromBlock += BLOCKS_MAX) {
    const last = fromBlock + BLOCKS_MAX - 1n
    const toBlock = last < to ? last : to
    for (const { address, args } of await client.getLogs({
      event: CASE_CONTESTED,
      fromBlock,
      toBlock,
      strict: true,
    }))
      yield {
        agreement: address.toLowerCase() as Hex,
        caseId: args.caseId,
        answerableUntilS: Number(args.answerableUntil),
      }
  }
}
