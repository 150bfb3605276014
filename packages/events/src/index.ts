/** Every event, subject and stream, declared once. */
export { CHAIN_EVENTS } from './chain.ts'
export { CUSTODY_EVENTS } from './custody.ts'
export { defineEvent, type EventDefinition, type EventEnvelope } from './define.ts'
export type { Hex } from './fields.ts'
export { ENVELOPE_FLAGS, ENVELOPE_HEADERS, type EnvelopeFlag, QUARANTINE_HEADERS } from './headers.ts'
export { encodeEvent, parseEvent, subjectOf } from './parse.ts'
export { PENALTY_EVENTS } from './penalty.ts'
export {
  type ConsignEvent,
  type ConsignFact,
  EVENTS,
  type EventData,
  type EventOf,
  type EventType,
  eventDefinition,
  type FactOf,
} from './registry.ts'
export { SETTLEMENT_EVENTS } from './settlement.ts'
export { STREAMS, type StreamDefinition, type StreamName, streamOf } from './streams.ts'
export { subjects } from './subjects.ts'
