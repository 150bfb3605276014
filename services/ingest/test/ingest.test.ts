import { encodeFrame, parseEnvelope, toHex } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, QUARANTINE_HEADERS, subjects } from '@consign/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pem } from './certificates.ts'
import { testAuthority } from './certificates.ts'
import { type IngestProcess, startIngest } from './ingest-process.ts'
import { connectDevice, type MqttDevice, tlsOptions, tryConnect } from './mqtt-device.ts'
import { DEVICE_ID, PARTIES, SHIPMENT, sampleHandover, sampleShipment } from './sample-device.ts'

let nats: NatsServer
let ingest: IngestProcess
let events: EventLog
let close: () => Promise<void>
let pem: Pem
let number = 100

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

const tell = (event: ConsignEvent & { data: { agreement: `0x${string}` } }) =>
  events.append(subjects.custody(event.data.agreement), [event], { expectedSeq: 'any' })

const stored = (agreement: `0x${string}`, leg = 0) =>
  Array.fromAsync(events.read([subjects.envelope(agreement, leg)]))

async function quarantineOf(deviceId: string): Promise<(string | undefined)[]> {
  const held = await Array.fromAsync(events.readStream('QUARANTINE', [subjects.quarantine(deviceId)]))
  return held.map((message) => message.headers[QUARANTINE_HEADERS.code])
}

/** A device that is connected, with an agreement of its own under way. */
async function underWay() {
  const shipment = await sampleShipment(number++)
  await tell(shipment.signed as never)
  const device = await connectDevice(ingest, DEVICE_ID, pem)
  await device.send(shipment.legKeysFrame)
  return { ...shipment, device }
}

async function otherDevice(): Promise<{ deviceId: string; device: MqttDevice }> {
  const deviceId = String(number++).padStart(64, 'd')
  return { deviceId, device: await connectDevice(ingest, deviceId, await ingest.authority.device(deviceId)) }
}

describe('a device that keeps the rules', () => {
  test('hears of each envelope when it is stored and all parties have it', async () => {
    const { device, leg, agreement } = await underWay()
    const sent: string[] = []
    for (let i = 0; i < 10; i++) {
      const { frame, digest } = await leg.next()
      sent.push(toHex(digest))
      await device.send(frame)
    }
    await device.receipt((r) => r.kind === 'envelope' && r.fromSeq === 0 && r.seq === 9)
    expect((await stored(agreement)).map((m) => toHex(parseEnvelope(m.data).digest))).toEqual(sent)
    for (const party of PARTIES)
      expect(await events.last(subjects.feed(party, SHIPMENT, 'envelopes'))).toBeDefined()
    await device.close()
  })

  test('gets an acceptance when it is made, and again after it has connected anew', async () => {
    const { device, leg } = await underWay()
    const handover = await sampleHandover(leg)
    await device.send(handover.nextKeysFrame)
    await device.send(handover.offerFrame)
    await tell(handover.accepted as never)
    await expect.poll(() => device.acceptances.length, { timeout: 10_000 }).toBe(1)
    await device.close()
    const again = await connectDevice(ingest, DEVICE_ID, pem)
    await again.send(encodeFrame('pull'))
    await expect.poll(() => again.acceptances.length, { timeout: 10_000 }).toBeGreaterThan(0)
    await again.close()
  })

  test('has its early envelopes parked, and stored when the agreement is known', async () => {
    const shipment = await sampleShipment(number++)
    const device = await connectDevice(ingest, DEVICE_ID, pem)
    await device.send(shipment.legKeysFrame)
    await device.send((await shipment.leg.next()).frame)
    await device.receipt((r) => r.kind === 'envelope' && r.status === 'parked')
    expect(await stored(shipment.agreement)).toHaveLength(0)
    await tell(shipment.signed as never)
    await device.receipt(
      (r) => r.kind === 'envelope' && r.status === 'stored' && r.agreement === shipment.agreement,
    )
    expect(await stored(shipment.agreement)).toHaveLength(1)
    await device.close()
  })
})

describe('a server that is away', () => {
  test('PUBACK waits while NATS is dead and comes when it is back, with the envelope stored', async () => {
    const { device, leg, agreement } = await underWay()
    await device.send((await leg.next()).frame)
    const before = await ingest.metric('consign_ingest_received_total')
    await nats.kill()
    const frames = [await leg.next(), await leg.next(), await leg.next()]
    let acknowledged = 0
    const sent = frames.map(({ frame }) =>
      device.send(frame).then(() => {
        acknowledged += 1
      }),
    )
    await expect
      .poll(() => ingest.metric('consign_ingest_received_total'), { timeout: 10_000 })
      .toBe(before + 3)
    expect(acknowledged).toBe(0)
    await nats.restart()
    await Promise.all(sent)
    await device.receipt((r) => r.kind === 'envelope' && r.seq === 3)
    expect((await stored(agreement)).map((m) => parseEnvelope(m.data).header.seq)).toEqual([0, 1, 2, 3])
    await device.close()
  })

  test('what was acknowledged before a kill -9 of ingest is known to the next', async () => {
    const { device, leg, agreement } = await underWay()
    const frames = [await leg.next(), await leg.next()]
    for (const { frame } of frames) await device.send(frame)
    device.client.on('error', () => {})
    await ingest.kill()
    await ingest.start()
    const again = await connectDevice(ingest, DEVICE_ID, pem)
    await again.send(encodeFrame('pull'))
    await again.receipt((r) => r.agreement === agreement && r.kind === 'envelope' && r.seq === 1)
    await again.send(frames[1]!.frame)
    await again.send((await leg.next()).frame)
    await again.receipt((r) => r.agreement === agreement && r.seq === 2)
    expect(await stored(agreement)).toHaveLength(3)
    await again.close()
    await device.close()
  })

  test('SIGTERM ends it with code 0 after all it has read is stored', async () => {
    const { device, leg, agreement } = await underWay()
    for (let i = 0; i < 5; i++) await device.send((await leg.next()).frame)
    expect(await ingest.kill('SIGTERM')).toBe(0)
    expect(await stored(agreement)).toHaveLength(5)
    await ingest.start()
    await device.close()
  })
})

describe('bad input', () => {
  test.each([
    ['no certificate', () => ({}) as Pem, {}],
    ['X25519 alone', () => pem, { ecdhCurve: 'X25519' }],
    ['TLS 1.2', () => pem, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
  ] as const)('TLS with %s is refused', async (_what, certificate, change) => {
    const before = await ingest.metric('consign_ingest_refused_total', { code: 'tls.handshake' })
    await expect(
      tryConnect({ ...tlsOptions(ingest, certificate()), ...change, clientId: DEVICE_ID }),
    ).rejects.toThrow()
    await expect
      .poll(() => ingest.metric('consign_ingest_refused_total', { code: 'tls.handshake' }), {
        timeout: 10_000,
      })
      .toBeGreaterThan(before)
  })

  test('a certificate of another authority is refused', async () => {
    const stranger = await (await testAuthority()).device(DEVICE_ID)
    await expect(tryConnect({ ...tlsOptions(ingest, stranger), clientId: DEVICE_ID })).rejects.toThrow()
  })

  const will = {
    topic: `consign/${'e'.repeat(64)}/up`,
    payload: Buffer.from('x'),
    qos: 1 as const,
    retain: false,
  }
  test.each([
    ['mqtt.identity', { clientId: 'f'.repeat(64) }],
    ['mqtt.will', { clientId: DEVICE_ID, will }],
    ['mqtt.session', { clientId: DEVICE_ID, clean: false }],
  ] as const)('a CONNECT that breaks a rule is refused: %s', async (code, change) => {
    const before = await ingest.metric('consign_ingest_refused_total', { code })
    await expect(tryConnect({ ...tlsOptions(ingest, pem), ...change })).rejects.toThrow()
    expect(await ingest.metric('consign_ingest_refused_total', { code })).toBe(before + 1)
  })

  const own = (deviceId: string) => `consign/${deviceId}/up`
  test.each([
    ['mqtt.topic', () => own(DEVICE_ID), { qos: 1 as const }, 10],
    ['mqtt.qos', own, { qos: 0 as const }, 10],
    ['mqtt.qos', own, { qos: 2 as const }, 10],
    ['mqtt.retain', own, { qos: 1 as const, retain: true }, 10],
    ['mqtt.oversized', own, { qos: 1 as const }, 20 * 1024 * 1024],
  ] as const)(
    'a publication that breaks a rule ends its connection and no other: %s',
    async (code, topic, options, bytes) => {
      const { device: bystander, leg } = await underWay()
      const { deviceId, device } = await otherDevice()
      const before = await ingest.metric('consign_ingest_refused_total', { code })
      device.client.on('error', () => {})
      const closed = new Promise<void>((resolve) => device.client.once('close', () => resolve()))
      device.client.publish(topic(deviceId), Buffer.alloc(bytes), options, () => {})
      await closed
      expect(await ingest.metric('consign_ingest_refused_total', { code })).toBe(before + 1)
      await bystander.send((await leg.next()).frame)
      await bystander.receipt((r) => r.kind === 'envelope' && r.status === 'stored')
      await bystander.close()
      await device.close()
    },
  )

  test('subscribing to what is sent to another device is not granted', async () => {
    const { device } = await otherDevice()
    const before = await ingest.metric('consign_ingest_refused_total', { code: 'mqtt.subscribe' })
    const granted = await device.client
      .subscribeAsync(`consign/${DEVICE_ID}/down`, { qos: 1 })
      .then(([grant]) => grant?.qos)
      .catch(() => 128)
    expect(granted).toBe(128)
    expect(await ingest.metric('consign_ingest_refused_total', { code: 'mqtt.subscribe' })).toBe(before + 1)
    await device.close()
  })

  test('what two sessions replay of each other is quarantined, and neither is disturbed', async () => {
    const { device, leg, agreement } = await underWay()
    const { deviceId, device: thief } = await otherDevice()
    const sealed = device.session.seal((await leg.next()).frame)
    await thief.sendSealed(sealed)
    // Its counter must be above what the other session has seen, or that is the reason.
    for (let i = 0; i < 9; i++) thief.session.seal(encodeFrame('pull'))
    await device.sendSealed(thief.session.seal(encodeFrame('pull')))
    await device.sendSealed(device.session.seal((await leg.next()).frame))
    await device.sendSealed(sealed)
    expect(await quarantineOf(deviceId)).toEqual(['session.cipher'])
    const held = await quarantineOf(DEVICE_ID)
    expect(held).toContain('session.cipher')
    expect(held).toContain('session.counter')
    expect(await stored(agreement)).toHaveLength(1)
    await device.send((await leg.next()).frame)
    await device.receipt((r) => r.kind === 'envelope' && r.agreement === agreement)
    await device.close()
    await thief.close()
  })

  test('noise before and after the hello is quarantined and acknowledged', async () => {
    const { deviceId, device } = await otherDevice()
    for (const noise of [
      Uint8Array.of(),
      Uint8Array.of(9, 9, 9),
      new Uint8Array(1121),
      new Uint8Array(100_000).fill(1),
    ])
      await device.sendSealed(noise)
    await device.send(Uint8Array.of(99))
    await device.send(encodeFrame('envelope', new Uint8Array(10)))
    const held = await quarantineOf(deviceId)
    expect(held).toContain('session.malformed')
    expect(held.every((code) => code !== 'frame.unreadable')).toBe(true)
    await device.close()
  })

  test('nothing of all this has stopped ingest', async () => {
    const { device, leg } = await underWay()
    await device.send((await leg.next()).frame)
    await device.receipt((r) => r.kind === 'envelope')
    await device.close()
  })
})
