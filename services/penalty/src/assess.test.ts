import { caseId, general, type LimitClause, limits } from '@consign/terms'
import { expect, test } from 'vitest'
import { assess, type PenaltyEvent } from './assess.ts'
import { inLogOrder, SampleShipment, START_MS } from './sample-log.ts'

const dataOf = <T>(events: PenaltyEvent[], type: string): T[] =>
  events.filter(({ event }) => event.type === `penalty.${type}.v1`).map(({ event }) => event.data as T)
const charged = (events: PenaltyEvent[]) => dataOf<Record<string, unknown>>(events, 'violation.charged')
const typesOf = (events: PenaltyEvent[]) =>
  events.map(({ event }) => event.type.replace(/^penalty\.|\.v1$/g, ''))

test('a shipment that stays inside costs nobody anything', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000, 40_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([20_000])
  shipment.transferred('factory')
  const events = assess(shipment.messages)
  expect(typesOf(events)).toEqual([
    'leg.assessed',
    'rating.changed',
    'leg.assessed',
    'rating.changed',
    'shipment.assessed',
  ])
  expect(dataOf(events, 'shipment.assessed')).toMatchObject([{ legs: 2, violations: [] }])
  expect(dataOf(events, 'rating.changed')).toMatchObject([
    { permille: 1000, permilleBefore: 1000, party: shipment.wallet('supplier') },
    { permille: 1000, permilleBefore: 1000, party: shipment.wallet('shipper-x') },
  ])
})

test('an excursion is announced at its first reading and charged when it has ended', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  await shipment.envelope([20_000, 41_000])
  const started = assess(shipment.messages)
  expect(typesOf(started)).toEqual(['excursion.started'])
  await shipment.envelope([47_300, 40_000])
  const events = assess(shipment.messages)
  const { limitId } = limits(shipment.terms)[0] as LimitClause
  const start = { agreement: shipment.agreement, leg: 0, limitId, startSeq: 1, startIndex: 1 }
  expect(charged(events)).toMatchObject([
    {
      custodian: shipment.wallet('supplier'),
      metric: 'temperature',
      caseId: caseId(start),
      runFromSeq: 1,
      fromMs: START_MS + 2_000,
      toMs: START_MS + 3_000,
      worst: 47_300,
      readings: 2,
      penalty: '10000000000000000000',
      beneficiary: shipment.wallet('factory'),
    },
  ])
})

test('an excursion across a handover is one violation of each custodian that had readings outside', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000, 41_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([42_000, 43_000])
  shipment.transferred('shipper-y')
  await shipment.envelope([30_000])
  shipment.transferred('factory')
  const violations = charged(assess(shipment.messages))
  expect(violations).toMatchObject([
    { leg: 0, custodian: shipment.wallet('supplier'), readings: 1 },
    {
      leg: 1,
      custodian: shipment.wallet('shipper-x'),
      readings: 2,
      startSeq: 0,
      startIndex: 0,
      runFromSeq: 0,
    },
  ])
  expect(dataOf(assess(shipment.messages), 'rating.changed')).toMatchObject([
    { permille: 500, legsClean: 0, legsTotal: 1 },
    { permille: 500 },
    { permille: 1000 },
  ])
})

test('a leg is assessed only when its last envelope has come, even long after the cut', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  const late = await shipment.envelope([41_000])
  shipment.transferred('factory')
  const withoutLate = shipment.messages.filter((message) => message !== late)
  expect(typesOf(assess(inLogOrder(withoutLate)))).toEqual([])
  expect(typesOf(assess(inLogOrder([...withoutLate, late])))).toEqual([
    'excursion.started',
    'violation.charged',
    'leg.assessed',
    'shipment.assessed',
    'rating.changed',
  ])
})

test('what is stored before custody has told who holds the leg is charged once it has', async () => {
  const shipment = new SampleShipment()
  await shipment.envelope([20_000, 41_000, 30_000])
  expect(typesOf(assess(shipment.messages))).toEqual([])
  shipment.packed()
  const events = assess(shipment.messages)
  expect(typesOf(events)).toEqual(['excursion.started', 'violation.charged'])
  expect(events.map(({ event }) => event.time)).toEqual([START_MS + 2, START_MS + 2])
})

test('readings before a second branch stand, after it neither branch is charged', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  await shipment.envelope([20_000, 45_000])
  await shipment.envelope([20_500], { keep: false, flags: 'fork' })
  await shipment.envelope([46_000])
  await shipment.envelope([20_000, 47_000, 20_000])
  shipment.transferred('factory')
  const events = assess(shipment.messages)
  expect(charged(events)).toMatchObject([{ startSeq: 1, readings: 1, worst: 45_000 }])
  expect(dataOf(events, 'leg.assessed')).toMatchObject([{ n: 4, violations: 1, gaps: [] }])
})

test('a second branch is seen by its digest and by its links, without any flag', async () => {
  for (const position of ['same seq', 'unlinked']) {
    const shipment = new SampleShipment().packed()
    await shipment.envelope([20_000])
    if (position === 'same seq') {
      await shipment.envelope([20_001], { keep: false })
      await shipment.envelope([20_002])
    } else {
      const dropped = await shipment.envelope([20_001])
      shipment.messages.splice(shipment.messages.indexOf(dropped), 1)
      const other = new SampleShipment(shipment.agreement, shipment.sample).packed()
      await other.envelope([30_000])
      shipment.stored((await other.envelope([30_001])).data, 0)
    }
    await shipment.envelope([50_000, 20_000])
    expect(charged(assess(inLogOrder(shipment.messages))), position).toEqual([])
  }
})

test('envelopes after the cut of their leg are not charged', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  await shipment.envelope([50_000], { flags: 'afterCut' })
  shipment.transferred('shipper-x', 1)
  expect(charged(assess(shipment.messages))).toEqual([])
})

test('a cut that custody never took spares nobody: where the leg ends is where its true cut says', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  await shipment.envelope([50_000, 20_000], { flags: 'afterCut' })
  shipment.transferred('shipper-x', 2)
  const events = assess(shipment.messages)
  expect(charged(events)).toHaveLength(1)
  expect(events.some(({ event }) => event.type === 'penalty.leg.assessed.v1')).toBe(true)
})

test('what happens after delivery is held against nobody', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  shipment.transferred('factory')
  await shipment.envelope([50_000, 20_000])
  expect(charged(assess(shipment.messages))).toEqual([])
})

test('a tampered leg is not charged from then on', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  shipment.custody({
    type: 'custody.tampered.v1',
    data: {
      agreement: shipment.agreement,
      shipment: general(shipment.terms).shipment,
      leg: 0,
      evidence: ['0x00', '0x01'],
      reason: 'two cuts',
    },
  })
  await shipment.envelope([50_000, 20_000])
  expect(charged(assess(shipment.messages))).toEqual([])
})

test('bytes that are no envelope lead to nothing and stop nothing', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  shipment.stored(new Uint8Array(200), 0)
  await shipment.envelope([50_000, 20_000])
  expect(charged(assess(shipment.messages))).toHaveLength(1)
})

test('two agreements are assessed without touching each other, ratings are per payer and party', async () => {
  const one = new SampleShipment(`0x${'a1'.repeat(20)}`).packed()
  const two = new SampleShipment(`0x${'b2'.repeat(20)}`).packed()
  await one.envelope([50_000, 20_000])
  await two.envelope([20_000])
  one.transferred('factory')
  two.transferred('factory')
  const mixed = [one, two].flatMap(({ messages }) => messages).sort((a, b) => a.seq - b.seq)
  const events = assess(inLogOrder(mixed))
  expect(charged(events)).toMatchObject([{ agreement: one.agreement }])
  expect(dataOf(events, 'rating.changed')).toMatchObject([
    { agreement: one.agreement, permilleBefore: 1000, permille: 500, legsTotal: 1 },
    { agreement: two.agreement, permilleBefore: 500, permille: 666, legsTotal: 2 },
  ])
})
