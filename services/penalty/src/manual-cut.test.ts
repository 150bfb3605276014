import { type EventOf, parseEvent } from '@consign/events'
import { expect, test } from 'vitest'
import { assess, type PenaltyEvent } from './assess.ts'
import { SampleShipment } from './sample-log.ts'

const charged = (events: PenaltyEvent[]) =>
  events
    .filter(({ event }) => event.type === 'penalty.violation.charged.v1')
    .map(({ event }) => event.data as Record<string, unknown>)
    .map(({ leg, kind, custodian }) => [leg, kind, custodian])
const assessed = (events: PenaltyEvent[]) =>
  events.filter(({ event }) => event.type === 'penalty.leg.assessed.v1').map(({ event }) => event.data)

test('after a manual cut each custodian answers for its own leg, and the lost device for nothing more', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([41_000, 20_000])
  const late = await shipment.envelope([45_000, 20_000])
  shipment.messages.pop()
  shipment.transferredManually('supplier', 'shipper-x', 1)
  // It woke up somewhere else.
  shipment.stored(late.data, 0, 'afterCut')
  await shipment.envelope([42_000, 20_000])
  shipment.transferred('factory')
  const events = assess(shipment.messages)
  expect(charged(events)).toEqual([
    [0, 'instantaneous', shipment.wallet('supplier')],
    [1, 'instantaneous', shipment.wallet('shipper-x')],
  ])
  expect(assessed(events)).toMatchObject([
    { leg: 0, n: 1, gaps: [] },
    { leg: 1, n: 1, gaps: [] },
  ])
})

test('goods that go unmeasured cost who has them nothing, and the shipment is assessed', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  shipment.transferredManually('supplier', 'shipper-x').transferredManually('shipper-x', 'factory', 0)
  const events = assess(shipment.messages)
  expect(charged(events)).toEqual([])
  expect(assessed(events)).toMatchObject([
    { leg: 0, custodian: shipment.wallet('supplier'), n: 1, readings: 1 },
    { leg: 1, custodian: shipment.wallet('shipper-x'), n: 0, readings: 0 },
  ])
  expect(events.at(-1)?.event.type).toBe('penalty.shipment.assessed.v1')
})

test('what the custodians count and never came is waited for until the window closes', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([20_000])
  shipment.transferredManually('supplier', 'factory', 3)
  expect(assessed(assess(shipment.messages))).toEqual([])
  shipment.windowClosed()
  expect(assessed(assess(shipment.messages))).toMatchObject([
    { leg: 0, n: 3, gaps: [{ fromSeq: 1, toSeq: 2 }] },
  ])
})

test('a cut that the chain told of first is judged once, whenever it is told again with the device that goes on', async () => {
  const shipment = new SampleShipment().packed()
  await shipment.envelope([41_000, 20_000])
  shipment.transferredManually('supplier', 'shipper-x', 1)
  const { data } = parseEvent(shipment.messages.pop()!.data) as EventOf<'custody.transferred.manually.v1'>
  const { agreement, shipment: sscc, leg, n, from, to, cutDigest } = data
  const said = { agreement, shipment: sscc, leg, n, from, to, cutDigest }
  shipment.custody({
    type: 'custody.transferred.onchain.v1',
    data: { ...said, by: 'manualCut', txHash: cutDigest },
  })
  await shipment.envelope([42_000, 20_000])
  shipment.custody({ type: 'custody.transferred.manually.v1', data })
  shipment.transferred('factory')
  const events = assess(shipment.messages)
  expect(charged(events)).toEqual([
    [0, 'instantaneous', shipment.wallet('supplier')],
    [1, 'instantaneous', shipment.wallet('shipper-x')],
  ])
  expect(assessed(events)).toMatchObject([
    { leg: 0, n: 1 },
    { leg: 1, n: 1 },
  ])
})
