import type { FactOf, Hex } from '@consign/events'
import type { Decider, NewEvent } from '../src/index.ts'

const SHIPMENT = '106141412345678908'
let serial = 0

/** A declared event that needs little data; each has an id of its own. */
export function delivered(agreement: Hex, leg: number): NewEvent {
  const data = { agreement, shipment: SHIPMENT, leg, to: agreement }
  return { id: `event-${process.pid}-${++serial}`, type: 'custody.delivered.v1', time: 1_000, data }
}

export type Count = { agreement: Hex; by: number }

/** Numbers its events without holes or repeats: shows whether a decision rested on the latest state. */
export const counting: Decider<Count, FactOf<'custody.delivered.v1'>, number> = {
  initial: 0,
  decide: ({ agreement, by }, count) =>
    Array.from({ length: by }, (_, i) => ({
      type: 'custody.delivered.v1',
      data: { agreement, shipment: SHIPMENT, leg: count + i, to: agreement },
    })),
  evolve: (count) => count + 1,
}
