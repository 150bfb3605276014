import { Refusal } from '@consign/envelope'

/**
 * Runs what works on bytes from outside and turns whatever it throws into a Refusal: no device may stop ingest, not even through a fault of
 * ours in reading it. Code `frame.unreadable`; the cause is kept for the log.
 */
export async function refusing<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal(
      'frame.unreadable',
      'this frame made the reader fail: report it with its quarantined bytes',
      { cause },
    )
  }
}
