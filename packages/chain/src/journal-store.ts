/** The journal as it stands in memory, and the only way to change it: one decision at a time. */
import { randomUUID } from 'node:crypto'
import { type EventLog, execute, loadState } from '@consign/eventlog'
import { type Journal, type JournalCommand, journalDecider } from './journal-decider.ts'

/** Id and time (ms UTC) of a new event. */
export type Stamp = () => { id: string; time: number }

export class JournalStore {
  readonly #log: EventLog
  readonly #subject: string
  readonly #stamp: Stamp
  #journal: Journal = journalDecider.initial
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(log: EventLog, subject: string, stamp: Stamp) {
    this.#log = log
    this.#subject = subject
    this.#stamp = stamp
  }

  static async open(log: EventLog, subject: string, stamp: Stamp = freshStamp): Promise<JournalStore> {
    const store = new JournalStore(log, subject, stamp)
    await store.#load()
    return store
  }

  get journal(): Journal {
    return this.#journal
  }

  /** Decides and appends; resolves when durable, with whether anything followed. */
  execute(command: JournalCommand): Promise<boolean> {
    const decided = this.#turn.then(() => this.#execute(command))
    this.#turn = decided.catch(() => undefined)
    return decided
  }

  async #execute(command: JournalCommand): Promise<boolean> {
    try {
      const events = await execute(this.#log, journalDecider, this.#subject, command, { stamp: this.#stamp })
      return events.length > 0
    } finally {
      // Also after a failure: an append whose answer was lost has happened.
      await this.#load()
    }
  }

  async #load(): Promise<void> {
    this.#journal = (await loadState(this.#log, journalDecider, this.#subject)).state
  }
}

function freshStamp(): { id: string; time: number } {
  return { id: randomUUID(), time: Date.now() }
}
