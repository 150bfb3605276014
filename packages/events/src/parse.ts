import { Refusal } from '@consign/envelope'
import { z } from 'zod'
import type { EventEnvelope } from './define.ts'
import { timeMsField } from './fields.ts'
import { type ConsignEvent, eventDefinition } from './registry.ts'

const envelopeSchema = z.strictObject({
  // Ids travel in a header too.
  id: z.string().regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters'),
  type: z.string(),
  time: timeMsField,
  causation: z.string().optional(),
  correlation: z.string().optional(),
  trace: z.string().optional(),
  data: z.unknown(),
})

const utf8 = new TextDecoder('utf-8', { fatal: true })
const ascii = new TextEncoder()

/**
 * One JSON event, checked against its declaration.
 * Throws Refusal `event.schema` (not JSON, or a field is wrong: it is named) or `event.unknown` (no such type or version here).
 */
export function parseEvent(bytes: Uint8Array): ConsignEvent {
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw new Refusal('event.schema', 'these bytes are not a JSON event', { cause })
  }
  return checkEvent(json)
}

/** The bytes of an event; refuses what {@link parseEvent} would refuse, so that nothing unreadable enters the log. */
export function encodeEvent(event: EventEnvelope): Uint8Array {
  // Through JSON first: what is checked is exactly what a reader will get (undefined fields are gone, a bigint throws here).
  const text = JSON.stringify(event)
  checkEvent(JSON.parse(text))
  return ascii.encode(text)
}

function checkEvent(json: unknown): ConsignEvent {
  const envelope = envelopeSchema.safeParse(json)
  if (!envelope.success) throw schemaRefusal('event', envelope.error)
  const definition = eventDefinition(envelope.data.type)
  if (definition === undefined)
    throw new Refusal('event.unknown', `no event "${envelope.data.type}" is known here: update this service`)
  const data = definition.data.safeParse(envelope.data.data)
  if (!data.success) throw schemaRefusal(definition.type, data.error)
  return json as ConsignEvent
}

function schemaRefusal(what: string, error: z.ZodError): Refusal {
  const issue = error.issues[0]
  const where = issue?.path.join('.') || 'the whole'
  return new Refusal('event.schema', `${what}: ${where}: ${issue?.message ?? 'is wrong'}`, { cause: error })
}

/** Where an event belongs. Throws TypeError for one whose data does not say (chain events: use subjects.chain). */
export function subjectOf(event: { type: string; data: unknown }): string {
  const subject = eventDefinition(event.type)?.subject
  if (!subject) throw new TypeError(`the data of ${event.type} does not name a subject`)
  return subject(event.data)
}
