/**
 * The wallet of a service: durable intents in, transactions out, each exactly once. Everything it knows is on `chain.<wallet>`; after a
 * crash at any point it carries on from there with the same raw bytes. Rules: journal-decider.ts; effects: journal-driver.ts.
 */
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, subjects } from '@consign/events'
import type { Abi, Client, LocalAccount } from 'viem'
import { getChainId, getCode } from 'viem/actions'
import { chainPort, type Finality } from './journal-chain.ts'
import { type Intent, isSettled, type Transaction } from './journal-decider.ts'
import { JournalDriver, type JournalNotices, type JournalStep } from './journal-driver.ts'
import { JournalStore, type Stamp } from './journal-store.ts'
import { Wakeup } from './journal-wakeup.ts'

const POLL_MS = 1000
const STUCK_MS = 60_000
const IDLE_MS = 60_000

export type TxJournalOptions = {
  log: EventLog
  account: LocalAccount
  client: Client
  /** errors and events of the contracts that will be called */
  abi: Abi
  chainId?: number
  finality: Finality
  /** addresses that will be called, by what the operator calls them; a call to an address without code would succeed and do nothing */
  contracts?: Record<string, Hex>
  /** keys that must be settled (mined, or refused) before this intent is tried; follows from the intent, so a restart finds the same */
  after?: (intent: Intent) => readonly string[]
  /** custom errors that time or others lift, `Name` or `Name(arguments)`: what they refuse is tried again with growing delay, not refused for ever */
  lifted?: readonly string[]
  /** ms between looks for receipts while something is open; 1000 */
  pollMs?: number
  /** ms without a block taking the oldest transaction before its fee is raised; 60,000 */
  stuckMs?: number
  /** called at each named boundary, before what follows it */
  step?: (name: JournalStep) => void
  notices?: JournalNotices
  stamp?: Stamp
}

/** waiting = not signed yet, inFlight = signed and in no block, mined = in a block that is not final, known = keys so far. */
export type JournalCounts = {
  waiting: number
  delayed: number
  inFlight: number
  mined: number
  known: number
}

/**
 * Opens the journal of the account's wallet and checks it against the chain; `run` then drives it. The wallet must be this journal's alone.
 * Throws Refusal 'journal.chainId', 'journal.contract' (no code there), 'journal.chainBehind' (the node is not this journal's chain, or lags).
 */
export async function openTxJournal(options: TxJournalOptions): Promise<TxJournal> {
  const { log, account, client } = options
  const chainId = await getChainId(client)
  if (options.chainId !== undefined && options.chainId !== chainId)
    throw new Refusal(
      'journal.chainId',
      `The node serves chain ${chainId}, not ${options.chainId}: correct RPC_URL or CHAIN_ID`,
    )
  for (const [name, address] of Object.entries(options.contracts ?? {}))
    if ((await getCode(client, { address })) === undefined)
      throw new Refusal(
        'journal.contract',
        `${name}: there is no contract at ${address} on chain ${chainId}; correct it`,
      )
  const chain = chainPort({ client, account, chainId, abi: options.abi })
  const store = await JournalStore.open(log, subjects.chain(addressOf(account)), options.stamp)
  const chainNonce = await chain.count()
  const { finalNonces } = store.journal
  if (chainNonce < finalNonces)
    throw new Refusal(
      'journal.chainBehind',
      `${account.address} has ${finalNonces} final transactions in its journal, ${chainNonce} on chain: use the chain of this journal, or wait until the node has caught up`,
      { retry: true },
    )
  return new TxJournal(options, store, { chain, chainNonce })
}

/** Submits, signs, broadcasts, watches. */
export class TxJournal {
  /** The wallet, lower case. */
  readonly address: Hex
  readonly #store: JournalStore
  readonly #driver: JournalDriver
  readonly #pollMs: number
  readonly #step: (name: JournalStep) => void
  readonly #submitted = new Wakeup()
  readonly #changed = new Wakeup()

  constructor(
    options: TxJournalOptions,
    store: JournalStore,
    at: { chain: ReturnType<typeof chainPort>; chainNonce: number },
  ) {
    this.address = addressOf(options.account)
    this.#store = store
    this.#pollMs = options.pollMs ?? POLL_MS
    this.#step = options.step ?? (() => undefined)
    this.#driver = new JournalDriver({
      ...at,
      store,
      finality: options.finality,
      stuckMs: options.stuckMs ?? STUCK_MS,
      after: options.after ?? (() => []),
      lifted: options.lifted ?? [],
      step: this.#step,
      notices: options.notices,
      changed: this.#changed,
    })
  }

  /** Durable when resolved. A known key changes nothing: one key is one transaction for ever. */
  async submit(intent: Intent): Promise<Transaction> {
    if (await this.#store.execute({ type: 'submit', intent })) this.#step('intended')
    this.#submitted.wake()
    return this.transaction(intent.key)!
  }

  /** Records that a key will never have a transaction, for a reason that needs no question to the chain. */
  async refuse(refused: { key: string; agreement?: Hex; what: string; reason: string }): Promise<void> {
    await this.#store.execute({ type: 'refuse', ...refused })
    this.#changed.wake()
  }

  transaction(key: string): Transaction | undefined {
    return this.#store.journal.transactions.get(key)
  }

  /** Transactions that are neither final nor refused, in the order of their intents. */
  open(): Transaction[] {
    return this.#store.journal.open.map((key) => this.transaction(key)!)
  }

  /** Resolves when the key is final or refused; undefined when the signal came first. */
  async outcome(key: string, signal: AbortSignal): Promise<Transaction | undefined> {
    while (!signal.aborted) {
      const transaction = this.transaction(key)
      if (transaction?.status === 'finalized' || transaction?.status === 'refused') return transaction
      await this.#changed.wait(IDLE_MS, signal)
    }
    return undefined
  }

  /** Resolves when the key is in a block, or refused; undefined when the signal came first. */
  async settled(key: string, signal: AbortSignal): Promise<Transaction | undefined> {
    while (!signal.aborted) {
      if (isSettled(this.#store.journal, key)) return this.transaction(key)
      await this.#changed.wait(IDLE_MS, signal)
    }
    return undefined
  }

  /** Why the last try of a key failed; undefined when it did not. */
  delayed(key: string): string | undefined {
    return this.#driver.delayed(key)
  }

  counts(): JournalCounts {
    const open = this.open()
    const of = (status: Transaction['status']) =>
      open.filter((transaction) => transaction.status === status).length
    return {
      waiting: of('intended'),
      delayed: open.filter(({ intent }) => this.delayed(intent.key) !== undefined).length,
      inFlight: of('signed'),
      mined: of('mined'),
      known: this.#store.journal.transactions.size,
    }
  }

  /** Drives every open transaction until the signal comes; a step that is under way is finished first. Rejects on a bug only. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#driver.turn(signal)
      await this.#submitted.wait(this.#store.journal.open.length === 0 ? IDLE_MS : this.#pollMs, signal)
    }
  }
}

function addressOf(account: LocalAccount): Hex {
  return account.address.toLowerCase() as Hex
}
