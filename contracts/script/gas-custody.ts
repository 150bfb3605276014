// Gas of an agreement's beginning and of every way in which custody passes.
import {
  agreementFactoryAbi,
  cutArguments,
  deliverByTenderArguments,
  fundArguments,
  manualCutArguments,
  settlementTokenAbi,
  startArguments,
  tenderArguments,
} from '@consign/chain'
import { general } from '@consign/terms'
import { encodeFunctionData } from 'viem'
import { measureDriver } from './gas-driver.ts'
import type { Meter } from './gas-meter.ts'
import { gasShipment, type Journey, partyOf, rows, signedTerms, toAgreement } from './gas-shipment.ts'
import { addEnvelope, firstLeg, handOver, handOverManually, type LegEvidence, offerLeg } from './shipment.ts'

const TENDER_GRACE_S = 24 * 3600

/** Creates, funds and starts the agreement, and hands over to shipper-x. */
export async function measureBeginning(meter: Meter): Promise<Journey> {
  const { deployment, measure, send } = meter
  const shipment = await gasShipment(meter)
  const { terms } = shipment
  const clauses = `terms of ${terms.clauses.length} clauses`
  const payer = partyOf(shipment, 'factory').wallet
  await measure(
    {
      call: 'AgreementFactory.create',
      what: 'both signatures; amounts reserved',
      target: 130_000n,
      missed:
        "about 45,000 reserve the amounts in the organisation's escrow at the price of its feed; without it nothing covers the agreement",
    },
    {
      to: deployment.factory,
      data: encodeFunctionData({
        abi: agreementFactoryAbi,
        functionName: 'create',
        args: signedTerms(shipment),
      }),
    },
  )
  const approve = encodeFunctionData({
    abi: settlementTokenAbi,
    functionName: 'approve',
    args: [shipment.agreement, BigInt(general(terms).guaranteeTotal)],
  })
  await send({ to: deployment.token, data: approve, from: payer })
  await measure(
    { call: 'Agreement.fund', what: clauses },
    { ...toAgreement(shipment, { functionName: 'fund', args: fundArguments(terms) }), from: payer },
  )
  const leg = await firstLeg(shipment)
  const args = startArguments({ terms, keys: leg.signedKeys })
  await measure(
    { call: 'Agreement.start', what: clauses },
    toAgreement(shipment, { functionName: 'start', args }),
  )
  await addEnvelope(
    leg,
    rows(() => ({})),
  )
  await meter.aside(() => measureDriver(meter, shipment, leg))
  const handover = await handOver(shipment, leg, partyOf(shipment, 'shipper-x'))
  await measure(
    {
      call: 'Agreement.recordCut',
      what: clauses,
      target: 110_000n,
      missed:
        'the contract with all of custody in it is compiled to fit 24,576 bytes (EIP-170), which costs its calls some 1,700',
    },
    toAgreement(shipment, {
      functionName: 'recordCut',
      args: cutArguments({ terms, keys: leg.signedKeys, ...handover }),
    }),
  )
  return { shipment, before: leg, leg: handover.next }
}

/** Hands over to shipper-y without the device, offers the goods at their destination, and lets the payer's grace pass. */
export async function measureDelivery(meter: Meter, { shipment, leg }: Journey): Promise<void> {
  const { measure, travel } = meter
  const { terms } = shipment
  const [from, to] = [partyOf(shipment, 'shipper-x'), partyOf(shipment, 'shipper-y')]
  const { next, ...manual } = await handOverManually(shipment, leg, from, to)
  await measure(
    { call: 'Agreement.recordManualCut', what: 'both signatures' },
    toAgreement(shipment, {
      functionName: 'recordManualCut',
      args: manualCutArguments({ terms, ...manual }),
    }),
  )
  await addEnvelope(
    next,
    rows(() => ({ latitude: 525_000_000, longitude: 135_000_000 })),
  )
  await measureTender(meter, { shipment, before: leg, leg: next })
  await travel(TENDER_GRACE_S + 1)
  await measure(
    { call: 'Agreement.deliverByTender', what: '' },
    toAgreement(shipment, {
      functionName: 'deliverByTender',
      args: deliverByTenderArguments({ terms, leg: next.ref.leg }),
    }),
  )
}

async function measureTender({ measure }: Meter, { shipment, leg }: Journey): Promise<void> {
  const args = tenderArguments({
    terms: shipment.terms,
    keys: leg.signedKeys,
    offer: await offerLeg(shipment, leg),
    wire: lastWire(leg),
  })
  await measure(
    { call: 'Agreement.recordTender', what: 'one envelope of 32 readings, 7 metrics' },
    toAgreement(shipment, { functionName: 'recordTender', args }),
  )
}

function lastWire({ wires }: LegEvidence): Uint8Array {
  const wire = wires.at(-1)
  if (!wire) throw new Error('the leg has no envelope')
  return wire
}
