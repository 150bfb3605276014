// One shipment on the log, as custody, ingest and penalty would write it: two handovers, the first to a driver, one excursion in leg 1, delivered to the payer.
import {
  cutDigest,
  decodeSignedCut,
  decodeSignedOffer,
  deviceId,
  native,
  offerDigest,
} from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type ConsignFact, type EventData, type Hex, subjectOf, subjects } from '@consign/events'
import { merkleRoot } from '@consign/merkle'
import {
  caseId,
  general,
  limits,
  manualCutDigest,
  type PartyKeys,
  signTenderRefusal,
  type TermsDraft,
  tenderRefusalDigest,
} from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { bytesToHex, hexToBytes, sha256, stringToHex } from 'viem'
import {
  addEnvelope,
  delegateTo,
  firstLeg,
  type Handover,
  handOver,
  handOverManually,
  type LegEvidence,
  makeShipment,
  offerLeg,
  type Place,
  type Shipment,
  sealLeg,
} from '../../../contracts/script/shipment.ts'

export type Scenario = {
  shipment: Shipment
  legs: LegEvidence[]
  handovers: { handover: Handover; from: Hex; to: Hex }[]
  violation: Hex
}

const INSIDE = { temperature: 21_000 }
const OUTSIDE = { temperature: 47_300 }

/** Made once: signing takes seconds, writing it to a log does not. */
export async function makeScenario(place: Place, draft?: TermsDraft): Promise<Scenario> {
  const shipment = await makeShipment(place, draft)
  const legs = [await firstLeg(shipment)]
  const handovers: Scenario['handovers'] = []
  const holders = ['supplier', 'shipper-x', 'factory'].map((name) => shipment.parties[name]!)
  for (const [leg, rows] of [
    [[INSIDE], [INSIDE]],
    [[INSIDE], [INSIDE, INSIDE], [OUTSIDE, INSIDE]],
  ].entries()) {
    for (const readings of rows) await addEnvelope(legs[leg]!, readings)
    const [from, to] = [holders[leg]!, holders[leg + 1]!]
    const by = leg === 0 ? await delegateTo(shipment, to, 'of shipper-x') : undefined
    const handover = await handOver(shipment, legs[leg]!, to, {}, by)
    handovers.push({ handover, from: walletOf(from), to: walletOf(to) })
    legs.push(handover.next)
  }
  const start = { agreement: shipment.agreement, leg: 1, limitId: 1, startSeq: 2, startIndex: 0 }
  return { shipment, legs, handovers, violation: caseId(start) }
}

/** Writes all of it, in the order in which it would have happened; `isReserved`: also what the payer's settlement says. */
export async function writeScenario(log: EventLog, scenario: Scenario, isReserved = true): Promise<void> {
  await writeStart(log, scenario, isReserved)
  for (const leg of scenario.handovers.keys()) {
    await writeLeg(log, scenario, leg)
    await writeHandover(log, scenario, leg)
  }
  const { to } = scenario.handovers.at(-1)!
  await append(log, { type: 'custody.delivered.v1', data: { ...ofShipment(scenario), leg: 2, to } })
}

/** The same shipment, of which nothing is heard any more after the violation in leg 1. */
export async function writeLost(log: EventLog, scenario: Scenario): Promise<void> {
  await writeStart(log, scenario, true)
  await writeLeg(log, scenario, 0)
  await writeHandover(log, scenario, 0)
  await writeLeg(log, scenario, 1)
}

async function writeStart(log: EventLog, scenario: Scenario, isReserved: boolean): Promise<void> {
  const { shipment, legs, handovers } = scenario
  const of = ofShipment(scenario)
  const { terms, termsHash, payerSignature, payeeSignature } = shipment
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
  await append(log, {
    type: 'custody.packed.v1',
    data: {
      ...of,
      leg: 0,
      custodian: handovers[0]!.from,
      keys: legs[0]!.signedKeys,
      keysHash: bytesToHex(legs[0]!.keysHash),
    },
  })
  // Without a guarantee nothing else says that the payer can pay.
  if (isReserved && general(terms).guaranteeTotal === '0') await append(log, reservedFact(scenario))
}

async function writeLeg(log: EventLog, scenario: Scenario, leg: number): Promise<void> {
  await writeEnvelopes(log, scenario.legs[leg]!, deviceId(scenario.shipment.device.public))
  if (leg === 1) await append(log, chargedFact(scenario))
}

async function writeHandover(log: EventLog, scenario: Scenario, leg: number): Promise<void> {
  const moved = scenario.handovers[leg]!
  await append(log, transferredFact(ofShipment(scenario), scenario.legs[leg]!, moved))
}

function ofShipment({ shipment }: Scenario) {
  return { agreement: shipment.agreement, shipment: shipmentNumber(shipment) }
}

/** The same shipment without a cut by the device of leg 0: the custodians hand over by hand, and a device with other keys goes on. */
export async function writeManualScenario(log: EventLog, place: Place): Promise<Shipment> {
  const shipment = await makeShipment(place)
  const of = { agreement: shipment.agreement, shipment: shipmentNumber(shipment) }
  const { terms, termsHash, payerSignature, payeeSignature, parties } = shipment
  const [supplier, carrier, payer] = [parties.supplier!, parties['shipper-x']!, parties.factory!]
  const first = await firstLeg(shipment)
  for (const readings of [[INSIDE], [INSIDE]]) await addEnvelope(first, readings)
  const manual = await handOverManually(shipment, first, supplier, carrier)
  const cutDigest = manualCutDigest(shipment, manual.cut)
  const next = { ...manual.next, previous: hexToBytes(cutDigest) }
  await addEnvelope(next, [INSIDE])
  const handover = await handOver(shipment, next, payer)
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
  const began = { keys: first.signedKeys, keysHash: bytesToHex(first.keysHash) }
  await append(log, {
    type: 'custody.packed.v1',
    data: { ...of, leg: 0, custodian: walletOf(supplier), ...began },
  })
  await append(log, reservedFact({ shipment }))
  await append(log, manualFact(of, walletOf(supplier), cutDigest, manual, shipment))
  const moved = { handover, from: walletOf(carrier), to: walletOf(payer) }
  await append(log, transferredFact(of, next, moved))
  await append(log, { type: 'custody.delivered.v1', data: { ...of, leg: 1, to: walletOf(payer) } })
  return shipment
}

/** Leg 0 of three envelopes under way, of which the log holds the first; the others, and its end, are written when the test says so. */
export async function writeSilentLeg(log: EventLog, place: Place, draft: TermsDraft) {
  const shipment = await makeShipment(place, draft)
  const of = { agreement: shipment.agreement, shipment: shipmentNumber(shipment) }
  const { terms, termsHash, payerSignature, payeeSignature, parties } = shipment
  const leg = await firstLeg(shipment)
  for (const readings of [[INSIDE], [INSIDE], [INSIDE]]) await addEnvelope(leg, readings)
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
  const began = { keys: leg.signedKeys, keysHash: bytesToHex(leg.keysHash) }
  const [from, to] = [walletOf(parties.supplier!), walletOf(parties.factory!)]
  await append(log, { type: 'custody.packed.v1', data: { ...of, leg: 0, custodian: from, ...began } })
  await append(log, reservedFact({ shipment }))
  const store = (index: number) => writeEnvelope(log, leg, deviceId(shipment.device.public), index)
  await store(0)
  const end = async () =>
    append(
      log,
      transferredFact(of, leg, { handover: await handOver(shipment, leg, parties.factory!), from, to }),
    )
  return { shipment, leg, store, end }
}

/** A shipment that the device offers at its destination, and that the payer will not have. */
export async function writeRefusedTender(log: EventLog, place: Place): Promise<Shipment> {
  const destination = { south: 52, north: 53, west: 13, east: 14 }
  const shipment = await makeShipment(place, { ...SAMPLE_DRAFT, tender: { destination, graceHours: 1 } })
  const { terms, termsHash, payerSignature, payeeSignature, parties, agreement } = shipment
  const of = { agreement, shipment: shipmentNumber(shipment) }
  const leg = await firstLeg(shipment)
  await addEnvelope(leg, [{ ...INSIDE, latitude: 525_000_000, longitude: 135_000_000 }])
  const offer = await offerLeg(shipment, leg)
  const record = decodeSignedOffer(hexToBytes(offer)).record
  const began = { keys: leg.signedKeys, keysHash: bytesToHex(leg.keysHash) }
  const offered = {
    offerDigest: bytesToHex(offerDigest(record)),
    m: 1,
    ttlEnvelopes: 10,
    nextKeys: '0x',
  } as const
  const reasons = 'two pallets are wet'
  const reasonsHash = sha256(stringToHex(reasons))
  const refusal = { termsHash, leg: 0, reasonsHash }
  const signature = await signTenderRefusal(native, parties.factory!, shipment, refusal)
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
  await append(log, {
    type: 'custody.packed.v1',
    data: { ...of, leg: 0, custodian: walletOf(parties.supplier!), ...began },
  })
  await append(log, reservedFact({ shipment }))
  await writeEnvelopes(log, leg, deviceId(shipment.device.public))
  await append(log, { type: 'custody.offered.v1', data: { ...of, leg: 0, offer, ...offered } })
  const refusalDigest = tenderRefusalDigest(shipment, refusal)
  const refused = { m: 1, reasons, reasonsHash, refusalDigest, signature }
  await append(log, { type: 'custody.tender.refused.v1', data: { ...of, leg: 0, ...refused } })
  return shipment
}

function manualFact(
  of: { agreement: Hex; shipment: string },
  from: Hex,
  cutDigest: Hex,
  { cut, fromSignature, toSignature, next }: Awaited<ReturnType<typeof handOverManually>>,
  { device }: Shipment,
): ConsignFact {
  const { leg, n, timeMs, to, nextKeysHash, amount, penaltyMax, reasonsHash } = cut
  const { p256, mlDsa, slhDsa } = device.public
  const keys = { p256: bytesToHex(p256), mlDsaKey: bytesToHex(mlDsa), slhDsaKey: bytesToHex(slhDsa) }
  const replacement = {
    device: { deviceId: `0x${deviceId(device.public)}` as const, ...keys },
    nextKeys: next.signedKeys,
  }
  return {
    type: 'custody.transferred.manually.v1',
    data: {
      ...of,
      ...{ leg, n, from, to, nextKeysHash, reasonsHash, cutDigest, replacement },
      timeMs: Number(timeMs),
      amount: String(amount),
      penaltyMax: String(penaltyMax),
      fromSignature: { ecdsa: fromSignature, mlDsa: '0x' },
      toSignature: { ecdsa: toSignature, mlDsa: '0x' },
    },
  }
}

export async function append(log: EventLog, fact: ConsignFact): Promise<void> {
  const event = { id: crypto.randomUUID(), time: Date.now(), ...fact }
  await log.append(subjectOf(fact), [event], { expectedSeq: 'any' })
}

export function reservedFact({ shipment }: Pick<Scenario, 'shipment'>): ConsignFact {
  const of = { agreement: shipment.agreement, shipment: shipmentNumber(shipment) }
  return { type: 'settlement.reserved.v1', data: { ...of, channels: [] } }
}

/** The violation of leg 1; `changes` make another of it. */
export function chargedFact(
  { shipment, violation }: Scenario,
  changes: Partial<EventData<'penalty.violation.charged.v1'>> = {},
): ConsignFact {
  const limit = limits(shipment.terms)[0]!
  return {
    type: 'penalty.violation.charged.v1',
    data: {
      agreement: shipment.agreement,
      shipment: shipmentNumber(shipment),
      leg: 1,
      custodian: walletOf(shipment.parties['shipper-x']!),
      limitId: limit.limitId,
      metric: limit.metric,
      kind: 'instantaneous',
      caseId: violation,
      startSeq: 2,
      startIndex: 0,
      runFromSeq: 1,
      runToSeq: 2,
      fromMs: 1,
      toMs: 2,
      extent: OUTSIDE.temperature,
      worst: OUTSIDE.temperature,
      readings: 1,
      penalty: limit.penalty.base,
      beneficiary: limit.penalty.beneficiary,
      ...changes,
    },
  }
}

/** The seal of the whole of leg 1, as its device would send it. */
export async function sealedFact({ shipment, legs }: Scenario): Promise<ConsignFact> {
  const leg = legs[1]!
  return {
    type: 'custody.sealed.v1',
    data: {
      agreement: shipment.agreement,
      shipment: shipmentNumber(shipment),
      leg: leg.ref.leg,
      n: leg.digests.length,
      root: bytesToHex(merkleRoot(leg.digests)),
      head: bytesToHex(leg.digests.at(-1)!),
      seal: await sealLeg({ ...leg, previous: leg.digests.at(-1)! }),
    },
  }
}

async function writeEnvelopes(log: EventLog, leg: LegEvidence, device: string): Promise<void> {
  for (const index of leg.wires.keys()) await writeEnvelope(log, leg, device, index)
}

async function writeEnvelope(log: EventLog, leg: LegEvidence, device: string, index: number): Promise<void> {
  const digest = bytesToHex(leg.digests[index]!)
  const headers = { 'Consign-Digest': digest, 'Consign-Device': device }
  const subject = subjects.envelope(leg.ref.agreement, leg.ref.leg)
  await log.publish(subject, leg.wires[index]!, { msgId: digest, headers })
}

function transferredFact(
  of: { agreement: Hex; shipment: string },
  leg: LegEvidence,
  { handover, from, to }: Scenario['handovers'][number],
): ConsignFact {
  const { offer, accept, cut, next } = handover
  return {
    type: 'custody.transferred.v1',
    data: {
      ...of,
      leg: leg.ref.leg,
      n: leg.digests.length,
      head: bytesToHex(leg.previous),
      root: bytesToHex(merkleRoot(leg.digests)),
      cut,
      cutDigest: bytesToHex(cutDigest(decodeSignedCut(hexToBytes(cut)).record)),
      accept,
      offer,
      from,
      to,
      nextKeysHash: bytesToHex(next.keysHash),
      nextKeys: next.signedKeys,
    },
  }
}

function shipmentNumber({ terms }: Shipment): string {
  return general(terms).shipment
}

function walletOf(party: PartyKeys): Hex {
  return party.wallet.address.toLowerCase() as Hex
}
