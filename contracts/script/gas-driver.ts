// Gas of a handover to a driver, and of its confirmation after a contest.
import { confirmLegCall, cutCall } from '@consign/chain'
import { repeatableKeys } from './gas-disputes.ts'
import type { Meter } from './gas-meter.ts'
import { partyOf, toAgreement } from './gas-shipment.ts'
import { delegateTo, handOver, type LegEvidence, type Shipment } from './shipment.ts'

/** Hands `leg` over to shipper-x, whose driver accepts. */
export async function measureDriver({ measure }: Meter, shipment: Shipment, leg: LegEvidence): Promise<void> {
  const { terms } = shipment
  const carrier = partyOf(shipment, 'shipper-x')
  const by = await delegateTo(shipment, carrier, 'shipper-x')
  const handover = await handOver(shipment, leg, carrier, {}, by)
  const last = leg.wires.at(-1)
  await measure(
    { call: 'Agreement.recordDelegatedCut', what: 'a driver accepted' },
    toAgreement(shipment, cutCall({ terms, keys: leg.signedKeys, ...handover, last })),
  )
  const { offer, accept, next } = handover
  const keys = await repeatableKeys(leg.keys, next.signedKeys)
  await measure(
    { call: 'Agreement.confirmDelegatedLeg', what: 'leg 1' },
    toAgreement(
      shipment,
      confirmLegCall({ terms, keys, handover: { keysBefore: leg.signedKeys, offer, accept } }),
    ),
  )
}
