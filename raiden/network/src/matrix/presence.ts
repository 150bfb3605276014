/**
 * Who is there. A node is online from its first sync until it says that it goes, and while its syncs follow one another: a killed node's connection
 * closes, and no next one comes.
 */
import type { Address } from 'viem'
import type { Accounts } from './accounts.ts'

// Between two syncs a healthy node takes milliseconds, on a busy machine seconds. A node that a mediator takes for gone costs the payer a lock that expires; one
// that is taken for present while it is started again, a moment. Synapse waits 30 s.
const BETWEEN_SYNCS_MS_MAX = 15_000
// matrix-js-sdk asks again 5 to 10 s after it found the server gone; who was online before counts as online for so long after a start.
const AFTER_START_MS = 15_000

export class Presence {
  readonly #accounts: Accounts
  readonly #clock: () => number
  readonly #startedMs: number
  /** By address, so at most one per account. */
  readonly #seen = new Map<Address, { syncs: number; lastMs: number }>()

  constructor(accounts: Accounts, clock: () => number) {
    this.#accounts = accounts
    this.#clock = clock
    this.#startedMs = clock()
  }

  /** A sync begins; call what it returns when it ends. */
  syncing(address: Address): () => void {
    this.#accounts.setOnline(address, true)
    const seen = this.#seen.get(address) ?? { syncs: 0, lastMs: 0 }
    this.#seen.set(address, seen)
    seen.syncs++
    return () => {
      seen.syncs--
      seen.lastMs = this.#clock()
    }
  }

  isOnline(address: Address): boolean {
    if (!this.#accounts.find(address)?.online) return false
    const seen = this.#seen.get(address)
    if (seen === undefined) return this.#clock() - this.#startedMs < AFTER_START_MS
    return seen.syncs > 0 || this.#clock() - seen.lastMs < BETWEEN_SYNCS_MS_MAX
  }
}
