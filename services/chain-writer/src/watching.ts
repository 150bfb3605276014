/**
 * Tells the log what the contracts of its agreements say for good, whoever made them say it. Each event is told once, in the order of the chain, and
 * only when its block cannot be reorganised away.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Finality, type PublicClient, untilAnswered } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog, NewEvent } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { termsHash } from '@consign/terms'
import { firstBlockSince, readContractEvents, TOLD_EVENTS } from './contract-log.ts'
import { termsOf } from './domain/agreements.ts'
import {
  type ContractEvent,
  claimedIn,
  contractEventId,
  contractFact,
  isCut,
  manualCutIn,
  type ShownManualCut,
} from './domain/contract-events.ts'
import type { Notary } from './notary.ts'

/** An agreement that parties began by hand is shown to the services by then: 30 days are 216 requests of 1,000 blocks, once. */
const BEFORE_SIGNED_S = 30 * 24 * 3600
/** What one append can hold. */
const EVENTS_MAX = 1000

export type WatchingOptions = {
  client: PublicClient
  log: EventLog
  /** with the log up to now already learnt */
  notary: Notary
  place: { factory: Hex; chainId: number }
  finality: Finality
  /** ms between looks at the chain */
  watchPollMs: number
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
}

/** Looks and tells until the signal aborts. */
export async function watchAgreements(options: WatchingOptions): Promise<void> {
  const { signal, logger, watchPollMs } = options
  const watch = new Watch(options)
  while (!signal.aborted) {
    try {
      await untilAnswered(() => watch.turn(), { signal, notices: logger })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    await sleep(watchPollMs, undefined, { signal }).catch(() => undefined)
  }
}

/** The last event that is told of an agreement; `seq`: where in the log. */
type Told = { seq: number; blockNumber: number; logIndex: number }

const NOTHING_TOLD: Told = { seq: 0, blockNumber: -1, logIndex: -1 }

class Watch {
  readonly #options: WatchingOptions
  /** Of each agreement that is watched: what came before `#next` is told. */
  readonly #told = new Map<Hex, Told>()
  #next: bigint | undefined

  constructor(options: WatchingOptions) {
    this.#options = options
    options.metrics.gauge({
      name: 'consign_chain_writer_watched_block',
      help: 'Last block whose events are told',
      collect: (gauge) => gauge.set(Number(this.#next ?? 1n) - 1),
    })
  }

  /** Safe to repeat. Throws what the node answers when it cannot tell. */
  async turn(): Promise<void> {
    const { client, finality, place, signal } = this.#options
    const blockTag = finality === 'finalized' ? 'finalized' : 'latest'
    const { number: final } = await client.getBlock({ blockTag })
    await this.#takeUp(final)
    const blocks = { from: this.#next as bigint, to: final }
    for await (const { said, to } of readContractEvents(client, blocks, { events: TOLD_EVENTS, ...place })) {
      // Block by block, so that after a crash the last one that is told says how far all agreements are.
      const watched = said.filter(({ agreement }) => this.#told.has(agreement))
      for (const ofBlock of Map.groupBy(watched, ({ blockNumber }) => blockNumber).values())
        for (const [agreement, events] of Map.groupBy(ofBlock, (one) => one.agreement))
          await this.#tell(agreement, events)
      this.#next = to + 1n
      if (signal.aborted) return
    }
  }

  // Agreements that have become known. Where nothing is told yet although the contract is there, what it said before `#next` is told first.
  async #takeUp(final: bigint): Promise<void> {
    const { log, notary } = this.#options
    const known = [...notary.agreements].filter(([one, { terms }]) => terms && !this.#told.has(one))
    const found = new Map<Hex, Told>()
    for (const [agreement] of known) found.set(agreement, await lastTold(log, agreement))
    const last = [...found.values()].reduce((max, { blockNumber }) => Math.max(max, blockNumber), -1)
    this.#next ??= last < 0 ? final + 1n : BigInt(last)
    for (const [agreement, { signedMs = 0 }] of known) {
      const told = found.get(agreement)!
      if (told.seq === 0) await this.#catchUp(agreement, signedMs, final)
      if (!this.#told.has(agreement)) this.#told.set(agreement, told)
    }
  }

  async #catchUp(agreement: Hex, signedMs: number, final: bigint): Promise<void> {
    const { client, place } = this.#options
    const code = await client.getCode({ address: agreement, blockNumber: final })
    if (code === undefined) return
    const from = await firstBlockSince(client, Math.floor(signedMs / 1000) - BEFORE_SIGNED_S, final)
    const blocks = { from, to: (this.#next as bigint) - 1n }
    const all: ContractEvent[] = []
    const filter = { events: TOLD_EVENTS, factory: place.factory, of: agreement }
    for await (const { said } of readContractEvents(client, blocks, filter))
      all.push(...said.filter((one) => one.agreement === agreement))
    // In one append, so that it is all told or nothing.
    await this.#tell(agreement, all)
  }

  async #tell(agreement: Hex, said: readonly ContractEvent[]): Promise<void> {
    const { log, step } = this.#options
    for (;;) {
      const told = this.#told.get(agreement) ?? NOTHING_TOLD
      const news = said.filter((one) => isAfter(one, told)).slice(0, EVENTS_MAX)
      const newest = news.at(-1)
      if (newest === undefined) return
      const events: NewEvent[] = []
      const claims = claimedIn(said)
      for (const one of news) events.push(await this.#eventOf(one, claims))
      try {
        const { lastSeq } = await log.append(subjects.chain(agreement), events, { expectedSeq: told.seq })
        step('chain-writer.observed')
        this.#told.set(agreement, { ...newest, seq: lastSeq })
      } catch (error) {
        // Another writer watches too: what it has told is told.
        if (!(error instanceof Refusal && error.code === 'log.conflict')) throw error
        this.#told.set(agreement, await lastTold(log, agreement))
      }
    }
  }

  async #eventOf(said: ContractEvent, claims: ReadonlySet<unknown>): Promise<NewEvent> {
    const { client } = this.#options
    const { timestamp } = await client.getBlock({ blockNumber: BigInt(said.blockNumber) })
    const manualCut = isCut(said) ? await this.#manualCut(said) : undefined
    const { type, data } = contractFact(said, { manualCut, claims })
    return { id: contractEventId(said), type, time: Number(timestamp) * 1000, data }
  }

  async #manualCut({ agreement, txHash, args }: ContractEvent): Promise<ShownManualCut | undefined> {
    const { client, notary, place } = this.#options
    const { input } = await client.getTransaction({ hash: txHash })
    const hash = termsHash(termsOf(notary.agreement(agreement)))
    return manualCutIn(input, { ...place, agreement, termsHash: hash }, args.cutDigest as Hex)
  }
}

const isAfter = (one: ContractEvent, told: Told): boolean =>
  one.blockNumber > told.blockNumber || (one.blockNumber === told.blockNumber && one.logIndex > told.logIndex)

async function lastTold(log: EventLog, agreement: Hex): Promise<Told> {
  const last = await log.last(subjects.chain(agreement))
  if (last === undefined) return NOTHING_TOLD
  const { blockNumber, logIndex } = parseEvent(last.data).data as { blockNumber: number; logIndex: number }
  return { seq: last.seq, blockNumber, logIndex }
}
