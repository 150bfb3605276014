/** Challenges as the chain's log tells them. */
import { agreementAbi, type PublicClient } from '@consign/chain'
import type { Hex } from '@consign/events'
import { getAbiItem } from 'viem'
import { BLOCKS_MAX } from './contract-log.ts'
import type { Challenge } from './domain/challenges.ts'

const EVENTS = [
  getAbiItem({ abi: agreementAbi, name: 'CaseContested' }),
  getAbiItem({ abi: agreementAbi, name: 'SilenceClaimed' }),
] as const

/**
 * Challenges in the blocks from `from` to `to`, of whatever contract emitted such an event: the caller knows which are agreements. So a request
 * does not grow with their number.
 */
export async function* readChallenges(
  client: PublicClient,
  from: bigint,
  to: bigint,
): AsyncGenerator<Challenge> {
  for (let fromBlock = from; fromBlock <= to; fromBlock += BLOCKS_MAX) {
    const last = fromBlock + BLOCKS_MAX - 1n
    const toBlock = last < to ? last : to
    for (const log of await client.getLogs({ events: EVENTS, fromBlock, toBlock, strict: true })) {
      const at = { agreement: log.address.toLowerCase() as Hex, caseId: log.args.caseId }
      if (log.eventName === 'CaseContested')
        yield { kind: 'contest', ...at, answerableUntilS: Number(log.args.answerableUntil) }
      else yield { kind: 'claim', ...at, answerableUntilS: Number(log.args.refutableUntil) }
    }
  }
}
