import { encodeFrame, encodeSignedLegKeys, fromHex, toHex } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { ENVELOPE_HEADERS, QUARANTINE_HEADERS, subjects } from '@consign/events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type IngestProcess, startIngest } from './ingest-process.ts'
import { connectDevice, type MqttDevice } from './mqtt-device.ts'
import {
  BASE_UTC_MS,
  DEVICE_ID,
  keysNumber,
  legKeysOf,
  type SampleShipment,
  sampleHandover,
  sampleShipment,
} from './sample-device.ts'

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const TEN_YEARS_MS = 10 * 365 * 86_400_000

let nats: NatsServer
let ingest: IngestProcess
let events: EventLog
let close: () => Promise<void>
let number = 700
beforeAll(async () => {
  nats = await startNatsServer()
  ingest = await startIngest(nats.url)
  const connection = await connectNats({ url: nats.url, name: 'test' })
  events = await connectEventLog({ nats: connection })
  close = () => connection.close()
})
afterAll(async () => {
  await ingest?.remove()
  await close?.()
  await nats?.stop()
})

let shipment: SampleShipment
let device: MqttDevice
beforeEach(async () => {
  shipment = await sampleShipment(number++)
  device = await connectDevice(ingest, DEVICE_ID, await ingest.authority.device(DEVICE_ID))
})
afterEach(() => device.close())

const sign = () =>
  events.append(subjects.custody(shipment.agreement), [shipment.signed], { expectedSeq: 'any' })

async function underWay(): Promise<void> {
  await sign()
  await device.send(shipment.legKeysFrame)
}

const stored = (leg: number | '*' = '*') =>
  Array.fromAsync(events.read([subjects.envelope(shipment.agreement, leg)]))
const flags = async () => (await stored()).map(({ headers }) => headers[ENVELOPE_HEADERS.flags])
const held = async (deviceId = DEVICE_ID) =>
  (await Array.fromAsync(events.readStream('QUARANTINE', [subjects.quarantine(deviceId)]))).map(
    ({ headers }) => headers[QUARANTINE_HEADERS.code],
  )

/** What the device sends is acknowledged, is in quarantine with this code, and the true envelope still gets through. */
async function isRefused(frame: Uint8Array, code: string, truth: Uint8Array): Promise<void> {
  const before = (await held()).length
  await device.send(frame)
  expect((await held()).slice(before)).toEqual([code])
  expect(await stored()).toHaveLength(0)
  await device.send(truth)
  await device.receipt((r) => r.agreement === shipment.agreement && r.kind === 'envelope')
  expect(await stored()).toHaveLength(1)
}

const flipped = (bytes: Uint8Array, at: number) => bytes.with(at, bytes.at(at)! ^ 1)

describe('the running service quarantines', () => {
  // From the end: the ML-DSA signature has 2420 bytes, before it the P-256 one 64.
  test.each([
    ['an altered header', 'envelope.signature.p256', 62],
    ['an altered column', 'envelope.bodyHash', 165],
    ['a wrong P-256 signature', 'envelope.signature.p256', -2420 - 10],
    ['a wrong ML-DSA signature', 'envelope.signature.mlDsa', -10],
  ])('%s', async (_what, code, at) => {
    await underWay()
    const { wire, frame } = await shipment.leg.next()
    await isRefused(encodeFrame('envelope', flipped(wire, at)), code, frame)
  })

  test('a high s', async () => {
    await underWay()
    const { wire, frame } = await shipment.leg.next({ flags: 0 })
    const highS = (P256_ORDER - BigInt(toHex(wire.slice(-32)))).toString(16).padStart(64, '0')
    const altered = Uint8Array.from([...wire.slice(0, -32), ...fromHex(highS)])
    await isRefused(encodeFrame('envelope', altered), 'envelope.signature.highS', frame)
  })

  test('a truncated envelope, and one that is too long', async () => {
    await underWay()
    const { wire, frame } = await shipment.leg.next()
    await device.send(encodeFrame('envelope', wire.slice(0, 100)))
    await device.send(encodeFrame('envelope', Uint8Array.from([...wire, 0])))
    expect((await held()).slice(-2)).toEqual(['envelope.length', 'envelope.length'])
    await isRefused(encodeFrame('envelope', wire.slice(0, -1)), 'envelope.length', frame)
  })

  test('leg keys that do not chain to the device of the terms', async () => {
    await sign()
    const { frame } = await shipment.leg.next()
    const strange = await legKeysOf(shipment.leg.ref, keysNumber(42), keysNumber(43))
    await device.send(encodeFrame('legKeys', encodeSignedLegKeys(strange)))
    expect((await held()).at(-1)).toBe('legKeys.signature.p256')
    await device.send(shipment.legKeysFrame)
    await device.send(frame)
    await device.receipt((r) => r.agreement === shipment.agreement && r.kind === 'envelope')
  })

  test('what a device sends that the terms do not name', async () => {
    await underWay()
    const unknown = 'ab'.repeat(32)
    const stranger = await connectDevice(ingest, unknown, await ingest.authority.device(unknown))
    await stranger.send((await shipment.leg.next()).frame)
    expect(await held(unknown)).toEqual(['device.foreign'])
    expect(await stored()).toHaveLength(0)
    await stranger.close()
  })
})

describe('the running service stores with a flag', () => {
  test('a counter that jumps, a second branch, and a time in the future', async () => {
    await underWay()
    const { leg } = shipment
    await device.send((await leg.next()).frame)
    const branch = leg.fork()
    const skipped = await leg.next()
    await device.send((await leg.next()).frame)
    await device.send(skipped.frame)
    await device.send((await branch.next({ seed: new Uint8Array(16).fill(99) })).frame)
    await device.send((await leg.next({ baseUtcMs: BASE_UTC_MS + TEN_YEARS_MS })).frame)
    await expect
      .poll(flags, { timeout: 10_000 })
      .toEqual([undefined, 'jump', undefined, 'fork', 'futureTime'])
  })
})

describe('the running service parks', () => {
  test('an envelope of a leg whose cut it does not know, and stores it when the cut has come', async () => {
    await underWay()
    await device.send((await shipment.leg.next()).frame)
    const handover = await sampleHandover(shipment.leg)
    await device.send((await handover.next.next()).frame)
    await device.receipt((r) => r.leg === 1 && r.status === 'parked')
    expect(await stored(1)).toHaveLength(0)
    for (const frame of [
      handover.nextKeysFrame,
      handover.offerFrame,
      handover.cutFrame,
      handover.handoverFrame,
    ])
      await device.send(frame)
    await device.receipt((r) => r.leg === 1 && r.status === 'stored' && r.seq === 1)
    expect(await stored(1)).toHaveLength(2)
  })
})
