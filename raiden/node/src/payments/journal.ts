/**
 * What this node was asked to pay and what became of it, in a database of its own beside the SDK's. The SDK knows transfers only from the
 * moment it has signed one, and keeps no reason of a failure; this is written before the SDK is asked. A payment is named by its secret's
 * hash, so a request that is repeated finds the first one. Events are what Raiden's REST API lists: written once, never changed.
 */
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

export type Direction = 'sent' | 'received'

export type PaymentOrder = {
  secretHash: string
  secret: string
  identifier: bigint
  token: string
  initiator: string
  target: string
  amount: bigint
}

/** `isLocked`: the SDK has signed a transfer for it, so the same secret cannot be tried again. */
export type Payment = PaymentOrder & {
  direction: Direction
  state: 'pending' | 'succeeded' | 'failed'
  isLocked: boolean
  code?: string
  reason?: string
  changedMs: number
}

export type PaymentFilter = { token?: string; partner?: string; limit?: number; offset?: number }

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS payments (
    direction TEXT NOT NULL, secret_hash TEXT NOT NULL, secret TEXT NOT NULL, identifier TEXT NOT NULL,
    token TEXT NOT NULL, initiator TEXT NOT NULL, target TEXT NOT NULL, amount TEXT NOT NULL,
    state TEXT NOT NULL, is_locked INTEGER NOT NULL, code TEXT, reason TEXT, changed_ms INTEGER NOT NULL,
    PRIMARY KEY (direction, secret_hash)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS payments_identifier ON payments (direction, identifier);
  CREATE INDEX IF NOT EXISTS payments_state ON payments (state);
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, direction TEXT NOT NULL, secret_hash TEXT NOT NULL, identifier TEXT NOT NULL,
    token TEXT NOT NULL, initiator TEXT NOT NULL, target TEXT NOT NULL, amount TEXT NOT NULL,
    state TEXT NOT NULL, code TEXT, reason TEXT, changed_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS events_token ON events (token);
`
const COLUMNS =
  'direction, secret_hash, secret, identifier, token, initiator, target, amount, state, is_locked, code, reason, changed_ms'
const EVENT_COLUMNS =
  'direction, secret_hash, identifier, token, initiator, target, amount, state, code, reason, changed_ms'

export type Journal = ReturnType<typeof openJournal>

export function openJournal(file: string) {
  const db = new DatabaseSync(file, { timeout: 5_000 })
  db.exec(SCHEMA)
  const put = db.prepare(`INSERT OR REPLACE INTO payments (${COLUMNS}) VALUES (${marks(COLUMNS)})`)
  const note = db.prepare(`INSERT INTO events (${EVENT_COLUMNS}) VALUES (${marks(EVENT_COLUMNS)})`)
  const byHash = db.prepare('SELECT * FROM payments WHERE direction = ? AND secret_hash = ?')
  const byIdentifier = db.prepare(
    "SELECT * FROM payments WHERE direction = 'sent' AND identifier = ? AND state != 'failed' LIMIT 1",
  )
  const pending = db.prepare("SELECT * FROM payments WHERE state = 'pending'")
  const locked = db.prepare(
    "UPDATE payments SET is_locked = 1 WHERE direction = 'sent' AND secret_hash = ? AND state = 'pending'",
  )
  const any = db.prepare('SELECT 1 FROM payments LIMIT 1')
  const list = db.prepare(`SELECT * FROM events
    WHERE (:token IS NULL OR token = :token) AND (:partner IS NULL OR initiator = :partner OR target = :partner)
    ORDER BY seq LIMIT :limit OFFSET :offset`)

  const find = (direction: Direction, secretHash: string) => paymentOf(byHash.get(direction, secretHash))
  const write = (payment: Payment) => {
    const { code = null, reason = null } = payment
    const details = [
      payment.identifier,
      payment.token,
      payment.initiator,
      payment.target,
      payment.amount,
    ].map(String)
    const { direction, secretHash, secret, state, changedMs } = payment
    put.run(
      direction,
      secretHash,
      secret,
      ...details,
      state,
      payment.isLocked ? 1 : 0,
      code,
      reason,
      changedMs,
    )
    if (state !== 'pending') note.run(direction, secretHash, ...details, state, code, reason, changedMs)
  }

  return {
    find,
    /** A payment sent under this identifier, under way or done. */
    findByIdentifier: (identifier: bigint) => paymentOf(byIdentifier.get(String(identifier))),
    pending: (): Payment[] => pending.all().map((row) => paymentOf(row)!),
    isEmpty: () => any.get() === undefined,
    begin(order: PaymentOrder, nowMs: number): void {
      write({ ...order, direction: 'sent', state: 'pending', isLocked: false, changedMs: nowMs })
    },
    markLocked(secretHash: string): void {
      locked.run(secretHash)
    },
    /** Writes how a payment ended, with its event, unless that is known. True when it was news. */
    conclude(payment: Payment): boolean {
      const known = find(payment.direction, payment.secretHash)
      if (known && known.state !== 'pending') return false
      db.exec('BEGIN IMMEDIATE')
      try {
        write(payment)
        db.exec('COMMIT')
      } catch (error) {
        db.exec('ROLLBACK')
        throw error
      }
      return true
    },
    events({ token, partner, limit = -1, offset = 0 }: PaymentFilter): Payment[] {
      const rows = list.all({ token: token ?? null, partner: partner ?? null, limit, offset })
      return rows.map((row) => paymentOf(row)!)
    },
    close: () => db.close(),
  }
}

function marks(columns: string): string {
  return columns.replace(/\w+/g, '?')
}

function paymentOf(row: Record<string, SQLOutputValue> | undefined): Payment | undefined {
  if (!row) return undefined
  const text = (name: string) => String(row[name] ?? '')
  return {
    direction: text('direction') as Direction,
    secretHash: text('secret_hash'),
    secret: text('secret'),
    identifier: BigInt(text('identifier')),
    token: text('token'),
    initiator: text('initiator'),
    target: text('target'),
    amount: BigInt(text('amount')),
    state: text('state') as Payment['state'],
    isLocked: row.is_locked === 1,
    ...(row.code ? { code: text('code') } : {}),
    ...(row.reason ? { reason: text('reason') } : {}),
    changedMs: Number(row.changed_ms),
  }
}
