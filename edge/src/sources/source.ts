import { setTimeout as delay } from 'node:timers/promises'
import type { Reading } from '@consign/envelope'

/**
 * What a source hands to the device. `scan` is someone holding a scanner to the box: the device offers itself. With `hold` nothing more is
 * taken from the source until custody has moved, since what follows belongs to the taker. After `end` the device offers itself until delivered.
 * `wasAwake` is for sources whose time is not the real one: the device ran since the reading before, so that it does now, with the times of then, what it
 * would have done in between. Without it, it did nothing, as one without power.
 */
export type SourceItem =
  | { kind: 'reading'; reading: Reading; wasAwake?: boolean }
  | { kind: 'scan'; hold: boolean }
  | { kind: 'end' }

/** What is known about a source before its first item. */
export type SourceSummary = { readings: number; emptyRows: number; shiftMs: number }

/**
 * A sequence of items that can be taken up at any position (items before it are skipped), so that a device that was killed goes on exactly
 * where its last commit stands. `monotonicMs` of its readings counts from the source's beginning; the device turns it into the leg's own.
 */
export interface Source {
  readonly summary: SourceSummary
  items(position: number, signal: AbortSignal): AsyncIterable<SourceItem>
}

/** Items that are all known, given out one by one, `paceMs` of real time before each reading. An aborted signal ends it with an AbortError. */
export function listSource(items: readonly SourceItem[], summary: SourceSummary, paceMs: number): Source {
  return {
    summary,
    async *items(position, signal) {
      for (const item of items.slice(position)) {
        if (paceMs > 0 && item.kind === 'reading') await delay(paceMs, undefined, { signal })
        yield item
      }
    },
  }
}
