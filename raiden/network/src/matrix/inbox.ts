/** Messages to devices, kept until the recipient's next sync says that it has them. At least once, in order; nodes recognise repetitions. */
import type { StatementSync } from 'node:sqlite'
import type { Address } from 'viem'
import type { Store } from '../store.ts'

// A node repeats what is not answered, so the oldest of too many may go. With 64 KiB per message (see server.ts) and 64 accounts: 1 GiB of disk at most.
const MESSAGES_MAX = 256
// As Synapse: a sync brings so many at most, the next one the rest.
const MESSAGES_PER_SYNC_MAX = 100
// A node has one; after it reconnects the old one may still hang.
const WAITERS_MAX = 4

export type Message = { sender: string; txn: string; type: string; content: unknown }

type Row = { seq: number; sender: string; type: string; content: string }

export class Inbox {
  readonly #waiters = new Map<Address, (() => void)[]>()
  readonly #insert: StatementSync
  readonly #trim: StatementSync
  readonly #acknowledge: StatementSync
  readonly #select: StatementSync
  #seq: number

  /** Sequence numbers grow also when the file is lost: they start at the time in microseconds. */
  constructor({ db }: Store, nowMs: number) {
    const { last } = db.prepare('SELECT coalesce(max(seq), 0) AS last FROM message').get() as { last: number }
    this.#seq = Math.max(last, nowMs * 1000)
    this.#insert = db.prepare(
      'INSERT INTO message (seq, recipient, sender, txn, type, content) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#trim = db.prepare(
      'DELETE FROM message WHERE recipient = ?1 AND seq <= (SELECT seq FROM message WHERE recipient = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)',
    )
    this.#acknowledge = db.prepare('DELETE FROM message WHERE recipient = ? AND seq <= ?')
    this.#select = db.prepare(
      'SELECT seq, sender, type, content FROM message WHERE recipient = ? ORDER BY seq LIMIT ?',
    )
  }

  /** Stores a message; the same transaction again is the same message. */
  deliver(recipient: Address, { sender, txn, type, content }: Message): void {
    this.#insert.run(++this.#seq, recipient, sender, txn, type, JSON.stringify(content))
    this.#trim.run(recipient, MESSAGES_MAX)
    for (const wake of this.#waiters.get(recipient) ?? []) wake()
  }

  /** What is there beyond `since`, which says that everything up to it has arrived. */
  take(recipient: Address, since: number): { nextSince: number; events: object[] } {
    this.#acknowledge.run(recipient, since)
    const rows = this.#select.all(recipient, MESSAGES_PER_SYNC_MAX) as Row[]
    return {
      nextSince: rows.at(-1)?.seq ?? since,
      events: rows.map(({ sender, type, content }) => ({ sender, type, content: JSON.parse(content) })),
    }
  }

  /** Resolves when a message may have come, `signal` aborts, or `waitMs` are over. */
  wait(recipient: Address, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiters.get(recipient) ?? []
      this.#waiters.set(recipient, waiting)
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        const index = waiting.indexOf(wake)
        if (index >= 0) waiting.splice(index, 1)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      signal.addEventListener('abort', wake)
      waiting.push(wake)
      if (waiting.length > WAITERS_MAX) waiting[0]?.()
      if (signal.aborted) wake()
    })
  }
}
