/**
 * Dispute windows: how long after delivery what is still missing is waited for. The clock is this service's; what it says is an event, so that those who
 * count on it need none. Times are kept in memory and read from the log again after a start.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { windows } from '@consign/terms'

/** How often due times are looked at: a window closes late by this much at most. */
const TICK_MS = 250

/** Two numbers for an agreement whose window has not closed: 1,000,000 of them are about 100 MiB. */
export class DisputeWindows {
  readonly #disputeMs = new Map<Hex, number>()
  readonly #dueMs = new Map<Hex, number>()

  /** Takes a message of `custody.*`; others, and those taken before, change nothing. */
  take(message: Recorded): void {
    if (!message.subject.startsWith('custody.')) return
    const event = parseEvent(message.data)
    switch (event.type) {
      case 'custody.agreement.signed.v1':
        this.#disputeMs.set(event.data.agreement, windows(event.data.terms).disputeMs)
        return
      case 'custody.delivered.v1': {
        const disputeMs = this.#disputeMs.get(event.data.agreement)
        if (disputeMs !== undefined) this.#dueMs.set(event.data.agreement, message.timeMs + disputeMs)
        return
      }
      case 'custody.window.closed.v1':
        this.#disputeMs.delete(event.data.agreement)
        this.#dueMs.delete(event.data.agreement)
    }
  }

  /** Agreements whose window has passed and is not told to be closed, with the time when it passed. */
  due(nowMs: number): { agreement: Hex; dueMs: number }[] {
    return [...this.#dueMs]
      .filter(([, dueMs]) => dueMs <= nowMs)
      .map(([agreement, dueMs]) => ({ agreement, dueMs }))
  }
}

/** What the log holds of them so far. */
export async function readWindows(log: EventLog): Promise<DisputeWindows> {
  const known = new DisputeWindows()
  for await (const message of log.read([subjects.custody('*')])) {
    try {
      known.take(message)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }
  return known
}

export type ClosingOptions = {
  windows: DisputeWindows
  /** Appends that it is closed; once, however often it is asked. */
  close: (window: { agreement: Hex; dueMs: number; nowMs: number }) => Promise<void>
  /**
   * No window closes for this long after a start: while we were away, devices could not send what they have, and must not be held silent
   * for it.
   */
  graceMs: number
  /** ms UTC. */
  nowMs: () => number
  signal: AbortSignal
}

/** Runs until the signal aborts. Rejects on a bug only. */
export async function closeWindows({
  windows,
  close,
  graceMs,
  nowMs,
  signal,
}: ClosingOptions): Promise<void> {
  const openUntilMs = nowMs() + graceMs
  while (!signal.aborted) {
    const now = nowMs()
    for (const window of now < openUntilMs ? [] : windows.due(now)) {
      try {
        await close({ ...window, nowMs: now })
      } catch (error) {
        // The log is away: it is due again at the next look.
        if (!(error instanceof Refusal && error.retry)) throw error
      }
    }
    await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
  }
}
