import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import { type PartySignature, tender } from '@consign/terms'
import type { Agreement, CustodyFact } from './agreement.ts'

/** The tender of a leg: the offer that follows envelope `m` - 1, inside the destination; it can be refused until `untilMs`. */
export type Tendered = { m: number; untilMs: number }

/** The payer signed it. `tendered`: undefined when the device has offered the goods nowhere near their destination. */
export type RefuseTender = {
  type: 'refuseTender'
  leg: number
  reasons: string
  reasonsHash: Hex
  refusalDigest: Hex
  signature: PartySignature
  tendered: Tendered | undefined
  nowMs: number
}

/**
 * The goods stay with their custodian; the delivery clock stands since they were tendered (P19). A leg has one tender, as on chain, and it is refused once;
 * the grace counts from when the offer was stored, which is no later than the chain learns of it. Throws Refusal `leg.unknown`, `tenderRefusal.clause`, `.refused`, `.ended`, `.tender`, `.grace`.
 */
export function refuseTender(command: RefuseTender, state: Agreement): CustodyFact[] {
  const { leg: number, reasons, reasonsHash, refusalDigest, signature, tendered, nowMs } = command
  const leg = state.legs[number]
  if (state.signed === undefined || leg === undefined) {
    throw new Refusal('leg.unknown', `leg ${number} has not begun; its keys or the cut before it are missing`)
  }
  const { agreement, shipment, terms } = state.signed
  if (leg.refusalDigest === refusalDigest) return []
  if (tender(terms) === undefined) {
    throw new Refusal('tenderRefusal.clause', 'the terms know no tender: goods pass by a cut alone')
  }
  if (leg.refusalDigest !== undefined) {
    throw new Refusal(
      'tenderRefusal.refused',
      `the tender of leg ${number} is refused already, for other reasons`,
    )
  }
  if (leg.cut !== undefined || state.delivered) {
    throw new Refusal('tenderRefusal.ended', `leg ${number} has ended: its goods are with the next custodian`)
  }
  if (tendered === undefined) {
    throw new Refusal(
      'tenderRefusal.tender',
      `leg ${number} has no tender: the device has not offered the goods at their destination`,
      { retry: true },
    )
  }
  if (nowMs > tendered.untilMs) {
    throw new Refusal(
      'tenderRefusal.grace',
      `the tender stands: it could be refused until ${tendered.untilMs}`,
    )
  }
  const refused = { m: tendered.m, reasons, reasonsHash, refusalDigest, signature }
  return [{ type: 'custody.tender.refused.v1', data: { agreement, shipment, leg: number, ...refused } }]
}
