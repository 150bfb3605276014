/**
 * Moves every open transaction of a journal one step further per turn: sign, broadcast, look for the receipt, wait for finality. Each turn
 * starts from what is journaled, so a crash between any two lines is the same as a turn that ended there.
 */
import { Refusal } from '@consign/envelope'
import { BaseError } from 'viem'
import { rpcMessage } from './journal-answers.ts'
import type { ChainPort, Finality } from './journal-chain.ts'
import { type Intent, isSettled, type Transaction } from './journal-decider.ts'
import { delayAfter } from './journal-patience.ts'
import type { JournalStore } from './journal-store.ts'
import type { Wakeup } from './journal-wakeup.ts'

/** geth promises 16 executable places per account (txpool.accountslots); more might be dropped from its pool. */
const IN_FLIGHT_MAX = 16
/** 8 bumps of an eighth raise the fee 2.5 times; after that only the market's own fee raises it further. */
const BUMPS_MAX = 8

export type JournalStep = 'intended' | 'signed' | 'broadcast' | 'mined' | 'finalized'

/** Where the journal says what an operator should know; a pino logger fits. */
export type JournalNotices = { warn(fields: object, line: string): void }

export type DriverOptions = {
  store: JournalStore
  chain: ChainPort
  /** transactions of the wallet in the chain when the journal was opened */
  chainNonce: number
  finality: Finality
  /** ms without a block taking the oldest transaction before its fee is raised */
  stuckMs: number
  after: (intent: Intent) => readonly string[]
  /** custom errors that time or others lift: `Name`, or `Name(arguments)` for these alone */
  lifted: readonly string[]
  step: (name: JournalStep) => void
  notices: JournalNotices | undefined
  /** woken when a key became mined, final or refused */
  changed: Wakeup
}

type Retry = { atMs: number; delayMs: number; line: string; reason: string }

export class JournalDriver {
  readonly #options: DriverOptions
  readonly #store: JournalStore
  readonly #chain: ChainPort
  /** per key: when it is tried again, and why it failed */
  readonly #retries = new Map<string, Retry>()
  /** per key: when the node last took it from this process (0: not yet), and since when it waits for a block */
  readonly #sent = new Map<string, { atMs: number; sinceMs: number }>()

  #finalBlockOfTurn: number | undefined

  constructor(options: DriverOptions) {
    this.#options = options
    this.#store = options.store
    this.#chain = options.chain
  }

  /** Why the last try of a key failed; undefined when it did not. */
  delayed(key: string): string | undefined {
    return this.#retries.get(key)?.line
  }

  async turn(signal: AbortSignal): Promise<void> {
    this.#finalBlockOfTurn = undefined
    for (const key of this.#store.journal.open) {
      if (signal.aborted) return
      if ((this.#retries.get(key)?.atMs ?? 0) > Date.now()) continue
      try {
        await this.#advance(key)
        this.#retries.delete(key)
      } catch (error) {
        await this.#failed(key, error)
      }
    }
  }

  async #advance(key: string): Promise<void> {
    const { status } = this.#transaction(key)
    if (status === 'intended' && this.#mayGo(key)) await this.#sign(key)
    else if (status === 'signed') await this.#watch(key)
    else if (status === 'mined') await this.#confirm(key)
  }

  #transaction(key: string): Transaction {
    return this.#store.journal.transactions.get(key)!
  }

  #signedByNonce(): Transaction[] {
    const { open } = this.#store.journal
    const signed = open.map((key) => this.#transaction(key)).filter(({ status }) => status === 'signed')
    return signed.sort((left, right) => left.attempts[0]!.nonce - right.attempts[0]!.nonce)
  }

  // What it waits for may also be refused or reverted: then the simulation, which sees the chain as it is, decides.
  #mayGo(key: string): boolean {
    const { intent } = this.#transaction(key)
    if (this.#signedByNonce().length >= IN_FLIGHT_MAX) return false
    return this.#options.after(intent as Intent).every((other) => isSettled(this.#store.journal, other))
  }

  async #sign(key: string): Promise<void> {
    const { chainNonce } = this.#options
    const nonce = Math.max(this.#store.journal.nextNonce, chainNonce)
    const attempt = await this.#chain.sign(
      this.#transaction(key).intent as Intent,
      nonce,
      this.#store.journal.blockSeen,
    )
    await this.#store.execute({ type: 'sign', key, chainNonce, ...attempt })
    this.#options.step('signed')
    await this.#broadcast(key)
  }

  // The last form has the highest fee; the node decides which of them it keeps.
  async #broadcast(key: string): Promise<void> {
    const sinceMs = this.#sent.get(key)?.sinceMs ?? Date.now()
    this.#sent.set(key, { atMs: 0, sinceMs })
    await this.#chain.broadcast(this.#transaction(key).attempts.at(-1)!.raw)
    this.#sent.set(key, { atMs: Date.now(), sinceMs })
    this.#options.step('broadcast')
  }

  async #watch(key: string): Promise<void> {
    const receipt = await this.#chain.receiptOf(this.#transaction(key).attempts.map(({ hash }) => hash))
    if (receipt === undefined) return this.#nudge(key)
    this.#sent.delete(key)
    await this.#store.execute({ type: 'mine', key, receipt })
    this.#options.step('mined')
    this.#options.changed.wake()
    await this.#confirm(key)
  }

  // In no block: this process has not sent it yet, or the node has forgotten it, or its fee is too low.
  async #nudge(key: string): Promise<void> {
    const { stuckMs } = this.#options
    const sent = this.#sent.get(key)
    const now = Date.now()
    // Only the lowest nonce can be stuck by its fee; the others wait for it.
    const oldest = this.#signedByNonce()[0]?.intent.key === key
    if (oldest && sent !== undefined && now - sent.sinceMs >= stuckMs) return this.#replace(key)
    if (sent === undefined || now - sent.atMs >= stuckMs / 2) await this.#broadcast(key)
  }

  async #replace(key: string): Promise<void> {
    const { attempts } = this.#transaction(key)
    this.#sent.delete(key)
    if (attempts.length <= BUMPS_MAX) {
      const attempt = await this.#chain.signReplacement(attempts.at(-1)!)
      await this.#store.execute({ type: 'sign', key, chainNonce: this.#options.chainNonce, ...attempt })
      this.#options.step('signed')
    }
    const { nonce } = attempts[0]!
    const line = `${key} (nonce ${nonce}) is in no block after ${this.#options.stuckMs} ms: sent again at the same nonce; if this goes on, look whether another program uses this wallet`
    this.#options.notices?.warn({ key, nonce }, line)
    await this.#broadcast(key)
  }

  async #confirm(key: string): Promise<void> {
    const { mined, attempts } = this.#transaction(key)
    const finalBlock = await this.#finalBlock()
    if (mined === undefined || mined.blockNumber > finalBlock) return
    // Asked again: a reorganisation may have moved it to another block, or out of the chain.
    const receipt = await this.#chain.receiptOf(attempts.map(({ hash }) => hash))
    if (receipt === undefined) return this.#nudge(key)
    this.#sent.delete(key)
    await this.#store.execute({ type: 'mine', key, receipt })
    if (receipt.blockNumber > finalBlock) return
    await this.#store.execute({ type: 'finalize', key, hash: receipt.hash, blockNumber: receipt.blockNumber })
    this.#options.step('finalized')
    this.#options.changed.wake()
  }

  // Asked once per turn, whatever the number of transactions that wait for it.
  async #finalBlock(): Promise<number> {
    if (this.#options.finality === 'mined') return Number.POSITIVE_INFINITY
    this.#finalBlockOfTurn ??= await this.#chain.finalBlock()
    return this.#finalBlockOfTurn
  }

  async #failed(key: string, error: unknown): Promise<void> {
    const { what, agreement } = this.#transaction(key).intent
    if (error instanceof Refusal && error.code === 'chain.reverted' && !this.#mayBeLifted(error)) {
      const refused = { key, what, reason: error.message, ...(agreement === undefined ? {} : { agreement }) }
      await this.#store.execute({ type: 'refuse', ...refused })
      this.#retries.delete(key)
      this.#options.changed.wake()
      this.#options.notices?.warn({ key }, `${what}: refused by the chain: ${error.message}`)
      return
    }
    // What is neither a refusal nor an answer of the node (or its absence) is a bug, and stops the process.
    if (!(error instanceof Refusal) && !(error instanceof BaseError)) throw error
    const before = this.#retries.get(key)
    const [reason, delayMs] = [rpcMessage(error), delayAfter(before?.delayMs)]
    const line = `${what}: ${reason}; tried again in ${delayMs} ms`
    this.#retries.set(key, { atMs: Date.now() + delayMs, delayMs, line, reason })
    // What waits for a window may wait for days: said once.
    const isKnown = error instanceof Refusal && before?.reason === reason && this.#mayBeLifted(error)
    if (!isKnown) this.#options.notices?.warn({ key, delayMs }, line)
  }

  // The message of a revert is `Name(arguments)`.
  #mayBeLifted({ message }: Refusal): boolean {
    return this.#options.lifted.some((error) => message === error || message.startsWith(`${error}(`))
  }
}
