/**
 * Closes agreements whose goods count as lost by their terms, so that what is reserved and guaranteed for them is free again. Anyone may; what it charges
 * the contract says.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  agreementAbi,
  delayAfter,
  type Intent,
  type PublicClient,
  revertReason,
  type TxJournal,
  untilAnswered,
} from '@consign/chain'
import type { Hex } from '@consign/events'
import type { Logger } from '@consign/runtime'
import type { Agreement } from './domain/agreements.ts'
import { closingCall, closingKey, isLost, legUnderWay } from './domain/losses.ts'
import type { Notary } from './notary.ts'

/** Contract's Phase. */
const CREATED = 0
const STARTED = 1

export type ClosingOptions = {
  client: PublicClient
  journal: TxJournal
  /** with the log up to now already learnt */
  notary: Notary
  /** ms after goods count as lost; Infinity: others close */
  closeLostMs: number
  watchPollMs: number
  logger: Logger
  signal: AbortSignal
}

/** Looks and closes until the signal aborts. */
export async function closeLost(options: ClosingOptions): Promise<void> {
  const { watchPollMs, logger, signal } = options
  const desk = new ClosingDesk(options)
  while (!signal.aborted) {
    try {
      await untilAnswered(() => desk.turn(), { signal, notices: logger })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    await sleep(watchPollMs, undefined, { signal }).catch(() => undefined)
  }
}

type Retry = { atMs: number; delayMs: number; told: string }

/** What was sent is in the journal, and what has ended on chain; the rest is found again after a restart. */
class ClosingDesk {
  readonly #options: ClosingOptions
  readonly #ended = new Set<Hex>()
  readonly #retries = new Map<Hex, Retry>()

  constructor(options: ClosingOptions) {
    this.#options = options
  }

  /** Safe to repeat. Throws what the node answers when it cannot tell. */
  async turn(): Promise<void> {
    const { client, notary, journal, closeLostMs, signal } = this.#options
    const { timestamp } = await client.getBlock()
    const at = { nowMs: Number(timestamp) * 1000, graceMs: closeLostMs }
    for (const [agreement, known] of notary.agreements) {
      if (signal.aborted) return
      const isWaiting = (this.#retries.get(agreement)?.atMs ?? 0) > Date.now()
      if (this.#ended.has(agreement) || isWaiting || !isLost(known, at)) continue
      if (journal.transaction(closingKey(agreement, known)) !== undefined) continue
      await this.#close(agreement, known)
    }
  }

  async #close(agreement: Hex, known: Agreement): Promise<void> {
    const { journal, logger } = this.#options
    const intent = closingCall(agreement, known)
    const problem = await this.#problemOf(agreement, known, intent)
    if (problem === 'ended') {
      this.#ended.add(agreement)
    } else if (problem === undefined) {
      await journal.submit(intent)
      logger.warn({ agreement }, 'its goods count as lost by its terms: it is closed without delivery')
    } else {
      const { delayMs, told } = this.#retries.get(agreement) ?? {}
      const next = delayAfter(delayMs)
      this.#retries.set(agreement, { atMs: Date.now() + next, delayMs: next, told: problem })
      if (told !== problem)
        logger.warn({ agreement }, `its goods count as lost, but it cannot be closed yet: ${problem}`)
    }
  }

  // The loss is charged to whoever holds the leg that is named: so the chain must know of the same legs as the log. A key is spent when the journal
  // refuses it: so only what the chain accepts now is handed to it.
  async #problemOf(agreement: Hex, known: Agreement, intent: Intent): Promise<string | 'ended' | undefined> {
    const { client, journal } = this.#options
    if ((await client.getCode({ address: agreement })) === undefined) return 'the contract is not there'
    const at = { address: agreement, abi: agreementAbi } as const
    const phase = await client.readContract({ ...at, functionName: 'phase' })
    if (phase !== CREATED && phase !== STARTED) return 'ended'
    const leg = legUnderWay(known)
    const { beganAt, ended } = await client.readContract({ ...at, functionName: 'legOf', args: [leg] })
    if (phase === STARTED && (beganAt === 0 || ended))
      return `the chain does not hold leg ${leg} as under way`
    try {
      await client.call({ account: journal.address, to: agreement, data: intent.data })
      return undefined
    } catch (error) {
      const reason = revertReason(error, agreementAbi)
      if (reason === undefined) throw error
      return reason
    }
  }
}
