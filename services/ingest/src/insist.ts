import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import { RETRY_MS_FIRST, RETRY_MS_MAX } from './limits.ts'

/** Thrown when the service stops while something could not be stored: nobody is told that it was. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

export type InsistOptions = { signal: AbortSignal; onRetry: (refusal: Refusal, delayMs: number) => void }

/**
 * Repeats a write to the log, whose first attempt failed with `first`, until it succeeds: NATS may be away for long, and what the device sent
 * must wait, not be lost. `attempt` must be safe to repeat. Another error than a transient Refusal is thrown as it is; Stopped when `signal` aborts.
 */
export async function insist<T>(
  attempt: () => Promise<T>,
  first: unknown,
  { signal, onRetry }: InsistOptions,
): Promise<T> {
  let error = first
  for (let delayMs = RETRY_MS_FIRST; ; delayMs = Math.min(2 * delayMs, RETRY_MS_MAX)) {
    if (!(error instanceof Refusal && error.retry)) throw error
    if (signal.aborted) throw new Stopped('stopped before the log took it', { cause: error })
    onRetry(error, delayMs)
    await delay(delayMs, undefined, { signal }).catch(() => {})
    try {
      return await attempt()
    } catch (next) {
      error = next
    }
  }
}
