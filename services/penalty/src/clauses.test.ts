import {
  type CumulativeLimitClause,
  type DeadlineClause,
  type GeofenceClause,
  general,
  type MeanKineticLimitClause,
  type MilestoneClause,
  type SilenceClause,
  type SingleLimitClause,
  type TamperClause,
  type TenderClause,
  type Terms,
} from '@consign/terms'
import { expect, test } from 'vitest'
import { assess, type PenaltyEvent } from './assess.ts'
import { inLogOrder, SampleShipment, START_MS, sampleWith } from './sample-log.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const BENEFICIARY = `0x${'be'.repeat(20)}` as const
const salt = '0x00'
const cost = {
  base: '100',
  perStep: '1',
  step: 1000,
  caseMax: '500',
  limitMax: '9999',
  beneficiary: BENEFICIARY,
}
const above = {
  salt,
  metric: 'temperature',
  side: 'above',
  bound: 8_000,
  startUpMs: 0,
  penalty: cost,
} as const
const overTime = { durationMs: 3000, gapMsMax: 10_000, between: 'hold' } as const
const box = { latitudeMin: 10, latitudeMax: 20, longitudeMin: -5, longitudeMax: 5 }
const THERE = { latitude: 20, longitude: -5 }
const ELSEWHERE = { latitude: 21, longitude: 0 }

const single: SingleLimitClause = { kind: 'limit.single', limitId: 1, ...above, ...overTime }
const cumulative = (scope: 'leg' | 'shipment'): CumulativeLimitClause => ({
  ...{ kind: 'limit.cumulative', limitId: 2, ...above, ...overTime, scope },
})
const meanKinetic: MeanKineticLimitClause = {
  kind: 'limit.meanKinetic',
  limitId: 3,
  ...above,
  gapMsMax: 10_000,
}
const geofence: GeofenceClause = {
  kind: 'limit.geofence',
  ...{ salt, limitId: 4, rule: 'stayInside', ...box, ...overTime, penalty: cost, between: 'worstCase' },
}
const silence: SilenceClause = {
  kind: 'silence',
  ...{ salt, limitId: 5, silenceMsMax: 5_000, refuteMs: 1, bondWei: '1', penalty: cost },
}
const tamper: TamperClause = { kind: 'tamper', salt, limitId: 6, penalty: cost }
const deadline: DeadlineClause = {
  kind: 'deadline',
  ...{ salt, limitId: 7, deliverByMs: START_MS + 4_000, lostAfterMs: 0, lossPenalty: '0', penalty: cost },
}
const tender: TenderClause = { kind: 'tender', salt, ...box, graceMs: 0 }

const shipmentWith = (...clauses: Parameters<typeof sampleWith>) =>
  new SampleShipment(AGREEMENT, sampleWith(...clauses)).packed()

const dataOf = (events: PenaltyEvent[], type: string) =>
  events.filter(({ event }) => event.type === `penalty.${type}.v1`).map(({ event }) => event.data)
const charged = (events: PenaltyEvent[]) => dataOf(events, 'violation.charged')
const typesOf = (events: PenaltyEvent[]) =>
  events.map(({ event }) => event.type.replace(/^penalty\.|\.v1$/g, ''))

test('a single limit is charged for an excursion that lasts, and for it alone', async () => {
  const shipment = shipmentWith(single)
  await shipment.envelope([5_000, 9_000, 9_000, 5_000, 9_000])
  await shipment.envelope([9_000, 12_000, 9_000, 9_000, 5_000])
  const events = assess(shipment.messages)
  expect(typesOf(events)).toEqual(['excursion.started', 'excursion.started', 'violation.charged'])
  const found = { startSeq: 0, startIndex: 4, runFromSeq: 0, runToSeq: 1, extent: 5_000, worst: 12_000 }
  expect(charged(events)).toMatchObject([
    {
      kind: 'single',
      metric: 'temperature',
      ...found,
      readings: 5,
      penalty: '102',
      beneficiary: BENEFICIARY,
    },
  ])
})

test('a cumulative limit of the leg is told when it is reached and charged when the leg is over', async () => {
  const shipment = shipmentWith(cumulative('leg'))
  await shipment.envelope([9_000, 5_000, 9_000, 5_000, 9_000])
  expect(typesOf(assess(shipment.messages))).toEqual([])
  await shipment.envelope([5_000, 9_000, 5_000])
  expect(typesOf(assess(shipment.messages))).toEqual(['excursion.started'])
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([
    { kind: 'cumulative', startSeq: 0xffff_ffff, startIndex: 0xffff, extent: 4_000, penalty: '101' },
  ])
})

test('a cumulative limit of the shipment runs on: the leg that reaches it, then what later legs add', async () => {
  const shipment = shipmentWith(cumulative('shipment'))
  await shipment.envelope([9_000, 9_000, 9_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([9_000, 9_000, 9_000, 5_000])
  shipment.transferred('shipper-y')
  await shipment.envelope([9_000, 9_000, 9_000])
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([
    { leg: 1, custodian: shipment.wallet('shipper-x'), extent: 5_000, penalty: '102' },
    { leg: 2, custodian: shipment.wallet('shipper-y'), extent: 7_000, penalty: '2' },
  ])
})

test('legs are assessed in order: one whose readings are all there waits for the one before', async () => {
  const shipment = shipmentWith(cumulative('shipment'))
  const late = await shipment.envelope([9_000, 9_000, 9_000, 9_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([9_000, 9_000, 5_000])
  shipment.transferred('factory')
  const others = shipment.messages.filter((message) => message !== late)
  expect(typesOf(assess(inLogOrder(others)))).toEqual([])
  expect(charged(assess(inLogOrder([...others, late])))).toMatchObject([
    { leg: 0, penalty: '100' },
    { leg: 1, penalty: '2' },
  ])
})

test('a mean kinetic temperature is charged when the leg is over', async () => {
  const shipment = shipmentWith(meanKinetic)
  await shipment.envelope([5_000, 12_000, 5_000])
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([
    { kind: 'meanKinetic', extent: 9_207, worst: 12_000, readings: 1, penalty: '101' },
  ])
})

test('a geofence is charged for the time outside of it', async () => {
  const shipment = shipmentWith(geofence)
  await shipment.envelope([undefined], { position: THERE })
  await shipment.envelope([undefined, undefined, undefined], { position: ELSEWHERE })
  await shipment.envelope([20_000, 20_000])
  const [started, ...others] = assess(shipment.messages)
  expect(started?.event.data).toMatchObject({ kind: 'geofence', startSeq: 1, startIndex: 0 })
  expect(others).toEqual([])
  await shipment.envelope([undefined], { position: THERE })
  const [found] = charged(assess(shipment.messages))
  expect(found).toMatchObject({ kind: 'geofence', extent: 6_000, penalty: '103', readings: 3 })
  expect(found).not.toHaveProperty('worst')
  expect(found).not.toHaveProperty('metric')
})

test('silence is charged as soon as the next envelope tells of it', async () => {
  const shipment = shipmentWith(silence)
  await shipment.envelope([5_000])
  await shipment.envelope([5_000], { pauseMs: 6_500 })
  const found = { startSeq: 0, startIndex: 0xffff, extent: 7_500, runFromSeq: 0, runToSeq: 1, penalty: '102' }
  expect(charged(assess(shipment.messages))).toMatchObject([{ kind: 'silence', ...found }])
})

test('a second branch of a device whose keys cannot be copied is charged as tampering, of a file it is not', async () => {
  for (const keystore of ['secureElement', 'file'] as const) {
    const sample = sampleWith(tamper)
    const clauses = sample.terms.clauses.map((clause): Terms['clauses'][number] =>
      clause.kind === 'device' ? { ...clause, keystore } : clause,
    )
    const shipment = new SampleShipment(AGREEMENT, { ...sample, terms: { version: 1, clauses } }).packed()
    await shipment.envelope([5_000])
    await shipment.envelope([5_000], { keep: false })
    await shipment.envelope([5_500])
    const found = charged(assess(shipment.messages))
    const expected = { kind: 'tamper', startSeq: 1, startIndex: 0xffff, extent: 0, penalty: '100' }
    expect(found, keystore).toMatchObject(keystore === 'file' ? [] : [expected])
  }
})

test('a deadline is charged to whose leg it passed in, not to who came after', async () => {
  const shipment = shipmentWith(deadline)
  await shipment.envelope([5_000, 5_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([5_000, 5_000])
  await shipment.envelope([5_000], { pauseMs: 2_500 })
  shipment.transferred('shipper-y')
  await shipment.envelope([5_000])
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([
    {
      ...{ kind: 'deadline', leg: 1, custodian: shipment.wallet('shipper-x'), startSeq: 0xffff_ffff },
      ...{ extent: 2_500, fromMs: START_MS + 4_000, toMs: START_MS + 6_500, runFromSeq: 1, penalty: '102' },
    },
  ])
})

test('a milestone is charged to the party that it names', async () => {
  const party = new SampleShipment(AGREEMENT).wallet('shipper-x')
  const handOverByMs = START_MS + 1_000
  const milestone: MilestoneClause = {
    kind: 'milestone',
    salt,
    limitId: 8,
    party,
    handOverByMs,
    penalty: cost,
  }
  const shipment = shipmentWith(milestone)
  await shipment.envelope([5_000], { pauseMs: 9_000 })
  shipment.transferred('shipper-x')
  await shipment.envelope([5_000])
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([{ kind: 'milestone', leg: 1, extent: 9_000 }])
})

test('a device without a set clock is late by nothing', async () => {
  const shipment = shipmentWith(deadline)
  await shipment.envelope([5_000], { pauseMs: 60_000, clockState: 0 })
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toEqual([])
})

test('an offer inside the destination stops the clock, one elsewhere does not', async () => {
  for (const [position, extent] of [
    [THERE, 1_000],
    [ELSEWHERE, 61_000],
  ] as const) {
    const shipment = shipmentWith(deadline, tender)
    await shipment.envelope([5_000], { pauseMs: 5_000, position })
    shipment.offered()
    await shipment.envelope([5_000], { pauseMs: 59_000, position })
    shipment.transferred('factory')
    expect(charged(assess(shipment.messages))).toMatchObject([{ kind: 'deadline', extent }])
  }
})

test('a tender that the payer refused has stopped the clock all the same', async () => {
  const shipment = shipmentWith(deadline, tender)
  await shipment.envelope([5_000], { pauseMs: 5_000, position: THERE })
  shipment.offered().tenderRefused()
  await shipment.envelope([5_000], { pauseMs: 59_000, position: THERE })
  shipment.transferred('factory')
  expect(charged(assess(shipment.messages))).toMatchObject([{ kind: 'deadline', extent: 1_000 }])
})

test('an envelope that never comes holds the shipment up until the dispute window has closed', async () => {
  const shipment = shipmentWith(single, silence)
  await shipment.envelope([5_000, 9_000, 9_000])
  const lost = await shipment.envelope([9_000, 9_000], { pauseMs: 8_000 })
  await shipment.envelope([9_000, 9_000, 5_000])
  const lostEnd = await shipment.envelope([5_000])
  shipment.transferred('factory')
  const came = shipment.messages.filter((message) => message !== lost && message !== lostEnd)
  expect(typesOf(assess(inLogOrder(came)))).toEqual(['excursion.started'])
  shipment.windowClosed()
  const events = assess(inLogOrder([...came, ...shipment.messages.slice(-1)]))
  expect(charged(events)).toMatchObject([
    { kind: 'single', startSeq: 0, extent: 3_000, worst: 9_000 },
    { kind: 'silence', startSeq: 0, extent: 13_000, penalty: '108' },
    { kind: 'silence', startSeq: 2, extent: 0, penalty: '100' },
  ])
  expect(dataOf(events, 'leg.assessed')).toMatchObject([
    {
      n: 4,
      violations: 3,
      gaps: [
        { fromSeq: 1, toSeq: 1 },
        { fromSeq: 3, toSeq: 3 },
      ],
    },
  ])
  expect(dataOf(events, 'shipment.assessed')).toMatchObject([{ legs: 1 }])
})

test('a window that closes on a shipment that is assessed changes nothing', async () => {
  const shipment = shipmentWith(single)
  await shipment.envelope([5_000])
  shipment.transferred('factory')
  const before = assess(shipment.messages)
  shipment.windowClosed()
  await shipment.envelope([50_000])
  expect(assess(shipment.messages)).toEqual(before)
  expect(typesOf(before)).toContain('shipment.assessed')
})

test('every case has an id of its own, and names the shipment', async () => {
  const shipment = shipmentWith(single, cumulative('leg'), silence, deadline)
  await shipment.envelope([9_000, 9_000, 9_000, 9_000])
  await shipment.envelope([5_000], { pauseMs: 9_000 })
  shipment.transferred('factory')
  const cases = charged(assess(shipment.messages)) as { caseId: string; shipment: string; kind: string }[]
  expect(cases.map(({ kind }) => kind).sort()).toEqual(['cumulative', 'deadline', 'silence', 'single'])
  expect(new Set(cases.map(({ caseId }) => caseId)).size).toBe(4)
  for (const each of cases) expect(each.shipment).toBe(general(shipment.terms).shipment)
})
