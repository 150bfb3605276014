import { Refusal } from '@consign/envelope'
import { parseEvent } from '@consign/events'
import type { Decider, Fact } from './decider.ts'
import type { EventLog, NewEvent } from './event-log.ts'

export type ExecuteOptions = {
  /** Id and time (ms UTC) of each new event: time and randomness come from outside. */
  stamp: () => { id: string; time: number }
  correlation?: string
  causation?: string
  trace?: string
}

type Loaded<S> = { seq: number; state: S }

// 10,000 subjects with their state; the one unused for longest is loaded again when it is needed.
const STATES_MAX = 10_000
const ATTEMPTS_MAX = 20

const loadedByLog = new WeakMap<EventLog, WeakMap<object, Map<string, Loaded<unknown>>>>()

/**
 * Loads the state of a subject (only what is new since the last time), decides, and appends what follows, as one atomic batch; decides
 * again when another writer was faster. Returns the events appended, none when nothing follows. Throws what `decide` refuses with.
 */
export async function execute<C, E extends Fact, S>(
  log: EventLog,
  decider: Decider<C, E, S>,
  subject: string,
  command: C,
  { stamp, ...links }: ExecuteOptions,
): Promise<NewEvent[]> {
  for (let attempt = 1; ; attempt++) {
    const loaded = await loadState(log, decider, subject)
    const facts = decider.decide(command, loaded.state)
    if (facts.length === 0) return []
    const events = facts.map(({ type, data }) => ({ ...stamp(), type, ...links, data }))
    try {
      const { lastSeq } = await log.append(subject, events, { expectedSeq: loaded.seq })
      remember(log, decider, subject, { seq: lastSeq, state: facts.reduce(decider.evolve, loaded.state) })
      return events
    } catch (error) {
      const again = error instanceof Refusal && error.code === 'log.conflict' && attempt < ATTEMPTS_MAX
      if (!again) throw error
    }
  }
}

/** State of a subject as of now, and the position it rests on. */
export async function loadState<C, E extends Fact, S>(
  log: EventLog,
  decider: Decider<C, E, S>,
  subject: string,
): Promise<Loaded<S>> {
  const known = recall<S>(log, decider, subject)
  let { seq, state } = known ?? { seq: 0, state: decider.initial }
  for await (const message of log.read([subject], { from: seq + 1 })) {
    state = decider.evolve(state, parseEvent(message.data) as unknown as E)
    seq = message.seq
  }
  remember(log, decider, subject, { seq, state })
  return { seq, state }
}

function recall<S>(log: EventLog, decider: object, subject: string): Loaded<S> | undefined {
  return loadedByLog.get(log)?.get(decider)?.get(subject) as Loaded<S> | undefined
}

function remember(log: EventLog, decider: object, subject: string, loaded: Loaded<unknown>): void {
  const byDecider = loadedByLog.get(log) ?? new WeakMap<object, Map<string, Loaded<unknown>>>()
  loadedByLog.set(log, byDecider)
  const bySubject = byDecider.get(decider) ?? new Map<string, Loaded<unknown>>()
  byDecider.set(decider, bySubject)
  bySubject.delete(subject)
  bySubject.set(subject, loaded)
  const [oldest] = bySubject.keys()
  if (bySubject.size > STATES_MAX && oldest !== undefined) bySubject.delete(oldest)
}
