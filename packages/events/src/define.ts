import type { z } from 'zod'

/**
 * What everything in the log that is JSON looks like. `id` is unique for ever (it is also the deduplication id), `time` is ms UTC and
 * arrives from the caller, `causation` is the id of the event or the stream position that led to this one, `correlation` joins all of
 * one command, `trace` is a W3C traceparent.
 */
export type EventEnvelope<T extends string = string, D = unknown> = {
  id: string
  type: T
  time: number
  causation?: string
  correlation?: string
  trace?: string
  data: D
}

export type EventDefinition<T extends string = string, S extends z.ZodType = z.ZodType> = {
  type: T
  /** One sentence for people; ends up in the generated catalogue. */
  summary: string
  data: S
  /** Where it is appended; `null` when the data does not say (the journal of an account). */
  subject: ((data: z.output<S>) => string) | null
}

/** Declares an event once: types, validation and the catalogue derive from it. A new meaning is a new version, not a change. */
export function defineEvent<const T extends string, S extends z.ZodType>(
  definition: EventDefinition<T, S>,
): EventDefinition<T, S> {
  if (!/^[a-z]+(?:\.[a-z]+)+\.v\d+$/.test(definition.type))
    throw new TypeError(`event type "${definition.type}" must read like custody.packed.v1`)
  return definition
}
