/**
 * Knows which states of the SDK are on disk. The SDK reduces an action, saves what changed some time later (its persister, raiden-ts 3.1.1
 * dist/persister.js) and does not wait for that before it sends a message that rests on the change: killed in between, the node comes
 * back with an older nonce than the one its partner has seen, and the channel is stuck for ever.
 *
 * `reached` counts changes of the state. The persister asks `allDocs({ keys })` in the moment it takes all changes up to then, and writes
 * them with the next `bulkDocs` of the same documents: when that succeeds, everything up to the count of that moment is on disk.
 */
import { firstValueFrom, Subject } from 'rxjs'
import { filter } from 'rxjs/operators'
import type { Database, Reducer } from './raiden-ts.ts'

export type Durability = {
  /** Counts the changes that `reducer` makes. */
  counting(reducer: Reducer): Reducer
  /** The number of changes so far. */
  now(): number
  /** Resolves when so many changes are on disk; also when nothing more will be written, because the SDK has ended. */
  flushed(upTo?: number): Promise<void>
  /** Some change is not on disk yet. */
  isBehind(): boolean
  end(): void
}

/** Watches the writes of `db`, whose two methods it wraps. */
export function trackDurability(db: Pick<Database, 'allDocs' | 'bulkDocs'>): Durability {
  let reached = 0
  let durable = 0
  let taken: { upTo: number; keys: readonly string[] } | undefined
  const progress$ = new Subject<void>()

  const allDocs = db.allDocs.bind(db)
  const bulkDocs = db.bulkDocs.bind(db)
  Object.assign(db, {
    allDocs(options?: object) {
      if (isOfPersister(options)) taken = { upTo: reached, keys: options.keys }
      return allDocs(options)
    },
    bulkDocs(docs: { _id?: string }[], ...rest: unknown[]) {
      const writing = taken
      const isTaken =
        writing?.keys.length === docs.length && docs.every(({ _id }, i) => _id === writing.keys[i])
      if (!writing || !isTaken) return bulkDocs(docs, ...rest)
      taken = undefined
      return bulkDocs(docs, ...rest).then((results) => {
        // What was refused is tried again by the persister, with whatever has changed since.
        if (results.some((result) => 'error' in result)) return results
        durable = Math.max(durable, writing.upTo)
        progress$.next()
        return results
      })
    },
  })

  return {
    counting: (reducer) => (state, action) => {
      const next = reducer(state, action)
      if (next !== state) reached++
      return next
    },
    now: () => reached,
    async flushed(wanted = reached) {
      if (durable < wanted)
        await firstValueFrom(progress$.pipe(filter(() => durable >= wanted)), { defaultValue: undefined })
    },
    isBehind: () => durable < reached,
    end: () => progress$.complete(),
  }
}

function isOfPersister(options?: object): options is { keys: string[] } {
  return options !== undefined && Object.keys(options).join() === 'keys'
}
