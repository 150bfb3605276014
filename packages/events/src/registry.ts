import type { z } from 'zod'
import { AGREEMENT_CHAIN_EVENTS } from './agreement-chain.ts'
import { CHAIN_EVENTS } from './chain.ts'
import { CUSTODY_EVENTS } from './custody.ts'
import type { EventDefinition, EventEnvelope } from './define.ts'
import { PENALTY_EVENTS } from './penalty.ts'
import { SETTLEMENT_EVENTS } from './settlement.ts'

/** Every event there is. */
export const EVENTS = [
  ...CUSTODY_EVENTS,
  ...PENALTY_EVENTS,
  ...SETTLEMENT_EVENTS,
  ...CHAIN_EVENTS,
  ...AGREEMENT_CHAIN_EVENTS,
] as const

type Definition = (typeof EVENTS)[number]

export type EventType = Definition['type']
export type EventData<T extends EventType> = z.output<Extract<Definition, { type: T }>['data']>
/** The event of one type, or of several: `EventOf<'custody.packed.v1' | 'custody.sealed.v1'>` is a union to switch over. */
export type EventOf<T extends EventType> = { [K in T]: EventEnvelope<K, EventData<K>> }[T]
/** What a decider returns and evolves by: an event before it has an id and a time. */
export type FactOf<T extends EventType> = { [K in T]: { type: K; data: EventData<K> } }[T]
export type ConsignEvent = EventOf<EventType>
export type ConsignFact = FactOf<EventType>

const BY_TYPE: ReadonlyMap<string, EventDefinition> = new Map(
  EVENTS.map((definition) => [definition.type, definition as unknown as EventDefinition]),
)

/** The definition of a type, or undefined. */
export function eventDefinition(type: string): EventDefinition | undefined {
  return BY_TYPE.get(type)
}
