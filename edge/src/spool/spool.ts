import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '@consign/envelope'
import { FrameTable } from './frames.ts'
import { LegTable } from './legs.ts'
import { OfferTable } from './offers.ts'
import { ReadingTable } from './readings.ts'
import { SCHEMA } from './schema.ts'
import { SealTable } from './seals.ts'
import { type Prepare, preparing } from './statements.ts'

const BUSY_MS_MAX = 5_000 // an audit that reads meanwhile never holds a lock for long

export const SPOOL_FILE = 'spool.sqlite'

/**
 * The device's durable memory: SQLite in WAL mode with synchronous=FULL, so that what a transaction has committed survives kill -9 and power
 * loss. The file is 0600 in a directory 0700, since it holds leg keys; deleted rows are overwritten. One process per directory:
 * Refusal 'edge.running' otherwise.
 */
export class Spool {
  readonly legs: LegTable
  readonly offers: OfferTable
  readonly readings: ReadingTable
  readonly frames: FrameTable
  readonly seals: SealTable
  readonly #db: DatabaseSync
  readonly #lock: DatabaseSync
  readonly #prepare: Prepare
  #inTransaction = false

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#lock = lockDirectory(directory)
    const file = join(directory, SPOOL_FILE)
    createPrivate(file)
    this.#db = new DatabaseSync(file, { timeout: BUSY_MS_MAX, defensive: true })
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;')
    this.#db.exec(SCHEMA)
    this.#prepare = preparing(this.#db)
    this.legs = new LegTable(this.#prepare)
    this.offers = new OfferTable(this.#prepare)
    this.readings = new ReadingTable(this.#prepare)
    this.frames = new FrameTable(this.#prepare)
    this.seals = new SealTable(this.#prepare)
  }

  /** All of `work` or nothing of it. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) throw new Error('a transaction of the spool cannot hold another one')
    this.#db.exec('BEGIN IMMEDIATE')
    this.#inTransaction = true
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** A single durable value, as JSON. */
  fact<T>(name: string): T | undefined {
    const row = this.#prepare('SELECT value FROM facts WHERE name = ?').get(name)
    return row === undefined ? undefined : (JSON.parse(row.value as string) as T)
  }

  setFact(name: string, value: unknown): void {
    this.#prepare(
      'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    ).run(name, JSON.stringify(value))
  }

  clearFact(name: string): void {
    this.#prepare('DELETE FROM facts WHERE name = ?').run(name)
  }

  /** Moves the WAL into the file and empties it, so that deleted keys are nowhere on disk. */
  scrub(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#db.close()
    this.#lock.close()
  }
}

/** An open transaction on a second, empty database: the kernel releases it when the process dies, however it dies. */
function lockDirectory(directory: string): DatabaseSync {
  const file = join(directory, 'spool.lock')
  createPrivate(file)
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new Refusal('edge.running', `another edge program is using ${directory}: stop it first`, { cause })
  }
  return lock
}

/** SQLite gives its WAL the mode of its database, so setting it at birth covers both. */
function createPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}
