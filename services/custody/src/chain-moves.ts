/** What the chain says of custody, kept until the leg that it ends has begun here. */
import type { EventLog } from '@consign/eventlog'
import { type EventData, type Hex, parseEvent, subjects } from '@consign/events'
import type { Agreement } from './domain/agreement.ts'
import { standing } from './domain/chain-transfer.ts'

export type Moved = EventData<'chain.custody.moved.v1'>

/** One for each leg, which ends once on chain. */
export class ChainMoves {
  readonly #waiting = new Map<number, Moved>()

  take(moved: Moved): void {
    this.#waiting.set(moved.leg, moved)
  }

  /** One that is news to `state`, no longer kept; undefined when there is none. */
  next(state: Agreement): Moved | undefined {
    for (const [leg, moved] of this.#waiting) {
      const stands = standing(moved, state)
      if (stands === 'waits') continue
      this.#waiting.delete(leg)
      if (stands === 'ready') return moved
    }
    return undefined
  }
}

/** What the log holds of them up to `to`. */
export async function* movesOf(log: EventLog, agreement: Hex, to: number): AsyncGenerator<Moved> {
  for await (const { data } of log.read([subjects.chain(agreement)], { to })) {
    const event = parseEvent(data)
    if (event.type === 'chain.custody.moved.v1') yield event.data
  }
}
