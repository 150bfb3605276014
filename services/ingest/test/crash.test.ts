import { encodeFrame, parseEnvelope, toHex } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { subjects } from '@consign/events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STEPS, wiresOf } from '../src/service.ts'
import type { Pem } from './certificates.ts'
import { type IngestProcess, startIngest } from './ingest-process.ts'
import { connectDevice, type MqttDevice } from './mqtt-device.ts'
import { DEVICE_ID, PARTIES, SHIPMENT, sampleShipment } from './sample-device.ts'

const ENVELOPES = 6
let nats: NatsServer
let ingest: IngestProcess
let events: EventLog
let close: () => Promise<void>
let pem: Pem
let number = 300

beforeAll(async () => {
  nats = await startNatsServer()
  ingest = await startIngest(nats.url)
  const connection = await connectNats({ url: nats.url, name: 'test' })
  events = await connectEventLog({ nats: connection })
  close = () => connection.close()
  pem = await ingest.authority.device(DEVICE_ID)
})

afterAll(async () => {
  await ingest?.remove()
  await close?.()
  await nats?.stop()
})

/** Sends frames until all are receipted as stored: what a device with a spool does, through any number of crashes. */
async function deliver(
  frames: Uint8Array[],
  isDone: (device: MqttDevice) => boolean,
  restart: () => Promise<void>,
) {
  for (;;) {
    let device: MqttDevice | undefined
    try {
      device = await connectDevice(ingest, DEVICE_ID, pem)
      const connected = device
      connected.client.on('error', () => {})
      await connected.send(encodeFrame('pull'))
      await Promise.all(frames.map((frame) => connected.send(frame)))
      while (!isDone(connected)) {
        if (!connected.client.connected) throw new Error('ingest is gone')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return
    } catch {
      await restart()
    } finally {
      await device?.close()
    }
  }
}

test.each(STEPS)('a kill -9 at %s loses nothing and stores nothing twice', async (step) => {
  const shipment = await sampleShipment(number++)
  const { agreement, leg } = shipment
  const envelopes = []
  for (let i = 0; i < ENVELOPES; i++) envelopes.push(await leg.next())
  const damaged = envelopes[0]!.frame.slice()
  damaged[60] = damaged[60]! ^ 1
  const early = [shipment.legKeysFrame, envelopes[0]!.frame, envelopes[1]!.frame]
  const all = [...early, damaged, ...envelopes.slice(2).map((envelope) => envelope.frame)]

  await ingest.kill()
  await ingest.start(step)
  let crashes = 0
  const restart = async () => {
    expect(await ingest.ended()).toBe('SIGKILL')
    crashes += 1
    await ingest.start()
  }
  const parked = (device: MqttDevice) =>
    device.receipts.some((r) => r.kind === 'envelope' && r.status === 'parked' && r.seq === 1)
  await deliver(early, parked, restart)
  await events.append(subjects.custody(agreement), [shipment.signed], { expectedSeq: 'any' })
  const stored = (device: MqttDevice) =>
    device.receipts.some(
      (r) =>
        r.agreement === agreement &&
        r.kind === 'envelope' &&
        r.status === 'stored' &&
        r.seq === ENVELOPES - 1,
    )
  await deliver(all, stored, restart)
  expect(crashes).toBe(1)

  const digests = envelopes.map((envelope) => toHex(envelope.digest))
  const log = await Array.fromAsync(events.read([subjects.envelope(agreement, 0)]))
  expect(log.map((message) => toHex(parseEnvelope(message.data).digest))).toEqual(digests)
  expect(await Array.fromAsync(events.read([subjects.device(agreement, 0)]))).toHaveLength(1)
  expect(await Array.fromAsync(events.readStream('PARKED', [subjects.parked(agreement, '*')]))).toHaveLength(
    0,
  )
  for (const party of PARTIES) {
    const feed = await Array.fromAsync(
      events.readStream('FEED', [subjects.feed(party, SHIPMENT, 'envelopes')]),
    )
    const fed = feed
      .flatMap((message) => wiresOf(message.data))
      .map((wire) => toHex(parseEnvelope(wire).digest))
    expect(digests.filter((digest) => !fed.includes(digest))).toEqual([])
  }
})
