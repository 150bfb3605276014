/**
 * What the log has said of each agreement: its terms, whether the payer has reserved what it costs, and of each leg its signed keys and its end.
 * Folded from `custody.<agreement>` and `settlement.<agreement>`. Pure.
 */
import { Refusal } from '@consign/envelope'
import type { ConsignEvent, EventOf } from '@consign/events'
import { general, type Terms } from '@consign/terms'
import type { Hex } from 'viem'

/** `legKeys`: SignedLegKeys bytes by leg; `ends`: envelopes of each leg that has ended. */
export type Agreement = {
  terms?: Terms
  /** when they were shown to the services, ms UTC */
  signedMs?: number
  packed?: EventOf<'custody.packed.v1'>
  isReserved?: boolean
  isDelivered?: boolean
  legKeys: ReadonlyMap<number, Hex>
  ends: ReadonlyMap<number, number>
}

export type Agreements = ReadonlyMap<Hex, Agreement>

export const UNKNOWN_AGREEMENT: Agreement = { legKeys: new Map(), ends: new Map() }

export function evolveAgreements(agreements: Agreements, event: ConsignEvent): Agreements {
  switch (event.type) {
    case 'custody.agreement.signed.v1':
      return changed(agreements, event.data.agreement, (one) => ({
        ...one,
        terms: event.data.terms,
        signedMs: one.signedMs ?? event.time,
      }))
    case 'custody.packed.v1':
      return changed(agreements, event.data.agreement, (one) => ({
        ...withKeys(one, 0, event.data.keys),
        packed: event,
      }))
    case 'settlement.reserved.v1':
      return changed(agreements, event.data.agreement, (one) => ({ ...one, isReserved: true }))
    case 'custody.delivered.v1':
      return changed(agreements, event.data.agreement, (one) => ({ ...one, isDelivered: true }))
    case 'custody.transferred.v1': {
      const { leg, n, nextKeys } = event.data
      return changed(agreements, event.data.agreement, (one) => ({
        ...withKeys(one, leg + 1, nextKeys),
        ends: new Map(one.ends).set(leg, n),
      }))
    }
    case 'custody.transferred.manually.v1': {
      const { leg, n, replacement } = event.data
      return changed(agreements, event.data.agreement, (one) => ({
        ...(replacement === undefined ? one : withKeys(one, leg + 1, replacement.nextKeys)),
        ends: new Map(one.ends).set(leg, n),
      }))
    }
    case 'custody.transferred.onchain.v1': {
      const { leg, n } = event.data
      return changed(agreements, event.data.agreement, (one) => ({
        ...one,
        ends: new Map(one.ends).set(leg, n),
      }))
    }
    default:
      return agreements
  }
}

/** Whether the event ends a leg, so that its envelopes should be anchored soon. */
export function closesLeg(event: ConsignEvent): boolean {
  return event.type.startsWith('custody.transferred.') || event.type === 'custody.delivered.v1'
}

/**
 * Whether leg 0 may start as far as the contract cannot tell: it refuses to start before the guarantee is paid in, which follows the reservation. Of an
 * agreement without guarantee it knows nothing of that.
 */
export function mayStart({ terms, isReserved }: Agreement): boolean {
  return isReserved === true || (terms !== undefined && general(terms).guaranteeTotal !== '0')
}

/** Throws Refusal 'agreement.unknown'. */
export function termsOf({ terms }: Agreement): Terms {
  if (terms === undefined)
    throw new Refusal('agreement.unknown', 'the log has no signed terms of it before this event')
  return terms
}

/** Throws Refusal 'agreement.legKeys'. */
export function keysOf({ legKeys }: Agreement, leg: number): Hex {
  const keys = legKeys.get(leg)
  if (keys === undefined)
    throw new Refusal('agreement.legKeys', `the log has no keys of leg ${leg} before this event`)
  return keys
}

function withKeys(one: Agreement, leg: number, keys: Hex): Agreement {
  return { ...one, legKeys: new Map(one.legKeys).set(leg, keys) }
}

function changed(agreements: Agreements, agreement: Hex, change: (one: Agreement) => Agreement): Agreements {
  return new Map(agreements).set(agreement, change(agreements.get(agreement) ?? UNKNOWN_AGREEMENT))
}
