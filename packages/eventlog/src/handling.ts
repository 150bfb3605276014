import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import type { ConsumeOptions, Recorded } from './event-log.ts'

const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 5_000

/** Waits, or less when `signal` aborts. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => {})
}

type DeadLetter = (message: Recorded, refusal: Refusal) => Promise<void>

/**
 * One message through the handler: a refusal with retry is tried again with growing delay until it passes or `signal` aborts; another
 * one becomes a dead letter; anything else is thrown. Resolves to whether the message is done and may be acknowledged.
 */
export async function handleUntilDone(
  message: Recorded,
  options: ConsumeOptions,
  deadLetter: DeadLetter,
): Promise<boolean> {
  for (let delayMs = RETRY_MS_MIN; ; delayMs = Math.min(RETRY_MS_MAX, delayMs * 2)) {
    try {
      await handleOrBury(message, options, deadLetter)
      return true
    } catch (error) {
      if (!(error instanceof Refusal && error.retry)) throw error
      options.onRetry?.(message, error, delayMs)
      await pause(delayMs, options.signal)
      if (options.signal.aborted) return false
    }
  }
}

async function handleOrBury(
  message: Recorded,
  options: ConsumeOptions,
  deadLetter: DeadLetter,
): Promise<void> {
  try {
    await options.handle(message)
  } catch (error) {
    if (!(error instanceof Refusal) || error.retry) throw error
    options.onDeadLetter?.(message, error)
    await deadLetter(message, error)
  }
}
