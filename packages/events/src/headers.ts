/** Headers of envelopes (LOG, PARKED) and of refused bytes (QUARANTINE); values are ASCII. */
export const ENVELOPE_HEADERS = {
  /** Comma list of {@link ENVELOPE_FLAGS}; absent when nothing is odd. */
  flags: 'Consign-Flags',
  /** Device id, 64 hex digits. */
  device: 'Consign-Device',
  /** Digest of the envelope, `0x…`. */
  digest: 'Consign-Digest',
  /** When ingest took it, ms UTC. */
  receivedMs: 'Consign-Received',
} as const

/** Authentic but odd: stored all the same, and said so. */
export const ENVELOPE_FLAGS = ['jump', 'fork', 'futureTime', 'afterCut'] as const
export type EnvelopeFlag = (typeof ENVELOPE_FLAGS)[number]

/** Why bytes stand in QUARANTINE, and, for dead letters, where they came from. */
export const QUARANTINE_HEADERS = {
  /** Stable code of the refusal. */
  code: 'Consign-Code',
  /** Its one line for people. */
  reason: 'Consign-Reason',
  consumer: 'Consign-Consumer',
  stream: 'Consign-Stream',
  seq: 'Consign-Seq',
  subject: 'Consign-Subject',
} as const
