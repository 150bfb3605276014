/**
 * What the device keeps. Hashes and addresses are `0x…` text, so that an audit can read the file with any SQLite client; tables `legs`
 * and `envelopes` are that audit's entry and never shrink. Private keys stand in `legs.keys` and `next_leg.keys` only, and go when the leg is cut.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS legs (
  leg INTEGER PRIMARY KEY,
  party TEXT NOT NULL,
  readings INTEGER NOT NULL DEFAULT 0,
  n INTEGER NOT NULL DEFAULT 0,
  head TEXT NOT NULL,
  root TEXT NOT NULL,
  cutDigest TEXT,
  acceptParty TEXT,
  startMonotonicMs INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  checkpointSeq INTEGER NOT NULL DEFAULT -1,
  sealedN INTEGER NOT NULL DEFAULT -1,
  cut BLOB,
  keys BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS envelopes (
  leg INTEGER NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL, readings INTEGER NOT NULL, PRIMARY KEY (leg, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS next_leg (leg INTEGER PRIMARY KEY, keys BLOB NOT NULL, legKeys BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS offers (
  offerDigest TEXT PRIMARY KEY,
  leg INTEGER NOT NULL,
  m INTEGER NOT NULL,
  ttlEnvelopes INTEGER NOT NULL,
  offer BLOB NOT NULL,
  accept BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS readings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  monotonicMs INTEGER NOT NULL,
  utcMs INTEGER NOT NULL,
  outside INTEGER NOT NULL,
  metrics TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS frames (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  leg INTEGER NOT NULL,
  seq INTEGER,
  digest TEXT NOT NULL,
  bytes BLOB NOT NULL,
  parked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS frames_by_seq ON frames (leg, seq);
CREATE INDEX IF NOT EXISTS frames_by_digest ON frames (digest);
CREATE TABLE IF NOT EXISTS seals_due (leg INTEGER NOT NULL, n INTEGER NOT NULL, root TEXT NOT NULL, head TEXT NOT NULL,
  PRIMARY KEY (leg, n)) STRICT, WITHOUT ROWID;
`
