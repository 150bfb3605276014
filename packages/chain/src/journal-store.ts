/** The journal's events on their subject: reads all of them once, then appends, one decision at a time. */
import { randomUUID } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { parseEvent } from '@consign/events'
import { type Journal, type JournalCommand, type JournalEvent, journalDecider } from './journal-decider.ts'

/** Id and time (ms UTC) of a new event. */
export type Stamp = () => { id: string; time: number }

const CONFLICTS_MAX = 10

/** Current journal of one wallet, and the only way to change it. */
export class JournalStore {
  readonly #log: EventLog
  readonly #subject: string
  readonly #stamp: Stamp
  #journal: Journal = journalDecider.initial
  #lastSeq = 0
  #blockSeen = 0
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(log: EventLog, subject: string, stamp: Stamp) {
    this.#log = log
    this.#subject = subject
    this.#stamp = stamp
  }

  static async open(log: EventLog, subject: string, stamp: Stamp = freshStamp): Promise<JournalStore> {
    const store = new JournalStore(log, subject, stamp)
    await store.#catchUp()
    return store
  }

  get journal(): Journal {
    return this.#journal
  }

  /** Highest block that a transaction of this journal was mined in. */
  get blockSeen(): number {
    return this.#blockSeen
  }

  /** Decides and appends; on a conflict (an append whose answer was lost, or a second process) reads what is new and decides again. */
  execute(command: JournalCommand): Promise<JournalEvent[]> {
    const decided = this.#turn.then(() => this.#execute(command))
    this.#turn = decided.catch(() => undefined)
    return decided
  }

  async #execute(command: JournalCommand): Promise<JournalEvent[]> {
    for (let conflicts = 0; ; conflicts++) {
      const facts = journalDecider.decide(command, this.#journal)
      if (facts.length === 0) return []
      const events = facts.map((fact) => ({ ...this.#stamp(), ...fact }))
      try {
        const { lastSeq } = await this.#log.append(this.#subject, events, { expectedSeq: this.#lastSeq })
        for (const fact of facts) this.#apply(fact)
        this.#lastSeq = lastSeq
        return facts
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'log.conflict') || conflicts === CONFLICTS_MAX)
          throw error
        await this.#catchUp()
      }
    }
  }

  async #catchUp(): Promise<void> {
    for await (const message of this.#log.read([this.#subject], { from: this.#lastSeq + 1 })) {
      const { type, data } = parseEvent(message.data)
      this.#apply({ type, data } as JournalEvent)
      this.#lastSeq = message.seq
    }
  }

  #apply(fact: JournalEvent): void {
    this.#journal = journalDecider.evolve(this.#journal, fact)
    if (fact.type === 'chain.mined.v1') this.#blockSeen = Math.max(this.#blockSeen, fact.data.blockNumber)
  }
}

function freshStamp(): { id: string; time: number } {
  return { id: randomUUID(), time: Date.now() }
}
