/** Events of agreements as the chain's log tells them, and where in time its blocks are. */
import { agreementAbi, agreementFactoryAbi, eventOfLog, type PublicClient } from '@consign/chain'
import type { Hex } from '@consign/events'
import type { Abi, AbiEvent } from 'viem'
import type { ContractEvent } from './domain/contract-events.ts'

/** Providers refuse wider ranges; most take 1,000 and more. */
export const BLOCKS_MAX = 1000n
/** How far the scan of one prover has come is its own business, and tells nothing that is held against anybody. */
const NOT_TOLD = ['EIP712DomainChanged', 'ScanAdvanced']

const eventsIn = (abi: Abi): AbiEvent[] => abi.filter((item) => item.type === 'event')
/** Of the factory only that the agreement is there: it tells the beginning of what its contract says. */
const CREATED = eventsIn(agreementFactoryAbi).filter(({ name }) => name === 'AgreementCreated')
/** Events that are told of an agreement. */
export const TOLD_EVENTS: readonly AbiEvent[] = [
  ...eventsIn(agreementAbi).filter(({ name }) => !NOT_TOLD.includes(name)),
  ...CREATED,
]

export type Blocks = { from: bigint; to: bigint }

/**
 * What `events` say in a range of blocks, in their order, a chunk of blocks at a time. Without `of` whatever contract emitted such an event is told: the
 * caller knows which are agreements, and a request does not grow with their number.
 */
export async function* readContractEvents(
  client: PublicClient,
  blocks: Blocks,
  { events, factory, of }: { events: readonly AbiEvent[]; factory: Hex; of?: Hex },
): AsyncGenerator<{ said: ContractEvent[]; to: bigint }> {
  const address = of === undefined ? {} : { address: [of, factory] }
  for (let fromBlock = blocks.from; fromBlock <= blocks.to; fromBlock += BLOCKS_MAX) {
    const last = fromBlock + BLOCKS_MAX - 1n
    const toBlock = last < blocks.to ? last : blocks.to
    const logs = await client.getLogs({ ...address, events, fromBlock, toBlock })
    const said = logs.flatMap((log) => {
      const event = eventOfLog(log, events)
      if (event === undefined) return []
      const args = Object.fromEntries(event.values)
      const emitter = log.address.toLowerCase() as Hex
      // Anybody can emit an event of that name: only the factory's is believed.
      const isCreation = event.name === 'AgreementCreated'
      if (isCreation && emitter !== factory) return []
      const agreement = isCreation ? (args.agreement as Hex) : emitter
      const { transactionHash: txHash, logIndex } = log
      return [{ agreement, name: event.name, args, txHash, blockNumber: Number(log.blockNumber), logIndex }]
    })
    yield { said, to: toBlock }
  }
}

/** Number of the first block that is not older than `sinceS`, in seconds since 1970; `latest` when all are older. Asks for one block per bit of it. */
export async function firstBlockSince(client: PublicClient, sinceS: number, latest: bigint): Promise<bigint> {
  let [low, high] = [0n, latest]
  while (low < high) {
    const blockNumber = (low + high) / 2n
    const { timestamp } = await client.getBlock({ blockNumber })
    if (Number(timestamp) < sinceS) low = blockNumber + 1n
    else high = blockNumber
  }
  return low
}
