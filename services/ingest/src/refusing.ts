import { Refusal } from '@consign/envelope'

/**
 * What working on bytes from outside threw, as a Refusal: no device may stop ingest, not even through a fault of ours in reading what it
 * sent. Code `frame.unreadable`; the cause is kept for the log.
 */
export function asRefusal(cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause
  const message = 'this frame made the reader fail: report it with its quarantined bytes'
  return new Refusal('frame.unreadable', message, { cause })
}

/** Runs `work` and throws what it throws as a Refusal. */
export function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw asRefusal(cause)
  }
}
