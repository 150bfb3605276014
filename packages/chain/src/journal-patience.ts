/** Trying again while a node or the log does not answer, with growing delay. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import { BaseError } from 'viem'
import { rpcMessage } from './journal-answers.ts'
import type { JournalNotices } from './journal-driver.ts'

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 60_000

/** Twice the delay before, from half a second to a minute. */
export function delayAfter(delayMs: number | undefined): number {
  return delayMs === undefined ? RETRY_MS_MIN : Math.min(delayMs * 2, RETRY_MS_MAX)
}

/** Whether it is worth trying again: the node did not answer or answered with an error, or a refusal says so. */
export function isTransient(error: unknown): boolean {
  return error instanceof BaseError || (error instanceof Refusal && error.retry)
}

/** What `attempt` resolves with, once it does; it must be safe to repeat. Rejects with what is not transient, and when `signal` aborts. */
export async function untilAnswered<T>(
  attempt: () => Promise<T>,
  options: { signal: AbortSignal; notices?: JournalNotices },
): Promise<T> {
  for (let delayMs = delayAfter(undefined); ; delayMs = delayAfter(delayMs)) {
    try {
      return await attempt()
    } catch (error) {
      if (!isTransient(error) || options.signal.aborted) throw error
      options.notices?.warn({ delayMs }, `${rpcMessage(error)}; tried again in ${delayMs} ms`)
      await sleep(delayMs, undefined, { signal: options.signal })
    }
  }
}
