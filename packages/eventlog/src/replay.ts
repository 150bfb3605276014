import type { EventLog, Recorded } from './event-log.ts'

/**
 * Folds the messages of `filters`, in stream order up to and with position `to`, into a state: what a consumer had seen when it handled
 * `to`. `evolve` may change the state in place; it sees envelopes (binary) as well as events (JSON).
 */
export async function replayTo<S>(
  log: EventLog,
  filters: readonly string[],
  to: number,
  initial: S,
  evolve: (state: S, message: Recorded) => S,
): Promise<S> {
  let state = initial
  for await (const message of log.read(filters, { to })) state = evolve(state, message)
  return state
}
