/** What the log has said of each agreement: its terms, and the signed keys of each leg. Folded from `custody.<agreement>`. Pure. */
import type { ConsignEvent } from '@consign/events'
import type { Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** `legKeys`: SignedLegKeys bytes by leg. */
export type Agreement = { terms?: Terms; legKeys: ReadonlyMap<number, Hex> }

export type Agreements = ReadonlyMap<Hex, Agreement>

export function evolveAgreements(agreements: Agreements, event: ConsignEvent): Agreements {
  switch (event.type) {
    case 'custody.agreement.signed.v1':
      return changed(agreements, event.data.agreement, (one) => ({ ...one, terms: event.data.terms }))
    case 'custody.packed.v1':
      return withKeys(agreements, event.data.agreement, 0, event.data.keys)
    case 'custody.transferred.v1':
      return withKeys(agreements, event.data.agreement, event.data.leg + 1, event.data.nextKeys)
    default:
      return agreements
  }
}

/** Whether the event ends a leg, so that its envelopes should be anchored soon. */
export function closesLeg(event: ConsignEvent): boolean {
  return event.type === 'custody.transferred.v1' || event.type === 'custody.delivered.v1'
}

function withKeys(agreements: Agreements, agreement: Hex, leg: number, keys: Hex): Agreements {
  return changed(agreements, agreement, (one) => ({ ...one, legKeys: new Map(one.legKeys).set(leg, keys) }))
}

function changed(agreements: Agreements, agreement: Hex, change: (one: Agreement) => Agreement): Agreements {
  return new Map(agreements).set(agreement, change(agreements.get(agreement) ?? { legKeys: new Map() }))
}
