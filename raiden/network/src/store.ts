// What outlives the process, in one SQLite file: accounts, undelivered messages, capacities. Nodes tell these once and never again: the SDK keeps its
// access token, logs in once, and reports a capacity only when it changes.
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const BUSY_MS_MAX = 5_000

const TABLES = `
  CREATE TABLE IF NOT EXISTS server (secret BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS account (
    address TEXT PRIMARY KEY,
    displayname TEXT NOT NULL DEFAULT '',
    avatar_url TEXT NOT NULL DEFAULT '',
    online INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    txn TEXT NOT NULL,
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (recipient, sender, txn)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS capacity (
    token_network TEXT NOT NULL,
    participant TEXT NOT NULL,
    partner TEXT NOT NULL,
    channel TEXT NOT NULL,
    own_nonce TEXT NOT NULL,
    partner_nonce TEXT NOT NULL,
    own_capacity TEXT NOT NULL,
    partner_capacity TEXT NOT NULL,
    PRIMARY KEY (token_network, participant, partner)
  ) STRICT, WITHOUT ROWID;
`

export type Store = {
  db: DatabaseSync
  /** Of this server: access tokens are made with it. */
  secret: Buffer
}

/** Opens `network.sqlite` in `dir`, or one in memory. SIGKILL loses nothing; a power cut may lose the last messages, which nodes send again. */
export function openStore(dir?: string): Store {
  if (dir !== undefined) mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = dir === undefined ? ':memory:' : join(dir, 'network.sqlite')
  const db = new DatabaseSync(file, { timeout: BUSY_MS_MAX, defensive: true })
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(TABLES)
  const kept = db.prepare('SELECT secret FROM server').get() as { secret: Uint8Array } | undefined
  const secret = kept === undefined ? randomBytes(32) : Buffer.from(kept.secret)
  if (kept === undefined) db.prepare('INSERT INTO server (secret) VALUES (?)').run(secret)
  return { db, secret }
}
