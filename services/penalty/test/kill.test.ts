import { fileURLToPath } from 'node:url'
import { connectEventLog, connectNats, type EventLog, type Recorded } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { encodeEvent } from '@consign/events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ServiceProcess } from '../../custody/test/service-process.ts'
import { assess } from '../src/assess.ts'
import { SampleShipment } from '../src/sample-log.ts'
import { STEPS } from '../src/steps.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let server: NatsServer
let nats: Awaited<ReturnType<typeof connectNats>>
let log: EventLog
let service: ServiceProcess

beforeEach(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  log = await connectEventLog({ nats })
  service = new ServiceProcess({ NATS_URL: server.url }, PROGRAM)
})

afterEach(async () => {
  await service.stop()
  await nats.close()
  await server.stop()
})

async function journey(agreement: `0x${string}`): Promise<SampleShipment> {
  const shipment = new SampleShipment(agreement).packed()
  await shipment.envelope([20_000, 45_000])
  await shipment.envelope([46_000, 20_000])
  shipment.transferred('shipper-x')
  await shipment.envelope([20_000, 47_300])
  shipment.transferred('factory')
  return shipment
}

const store = ({ subject, data, headers }: Recorded, name: string) =>
  log.publish(subject, data, { msgId: name, headers })

async function stored(filters: string[]): Promise<Recorded[]> {
  const messages: Recorded[] = []
  for await (const message of log.read(filters)) messages.push(message)
  return messages
}

const text = (data: Uint8Array) => Buffer.from(data).toString()

/** Waits until the log holds what its replay gives; then nothing more may come. */
async function settled(): Promise<void> {
  const inputs = await stored(['envelope.>', 'custody.*'])
  const expected = assess(inputs).map(({ subject, event }) => `${subject} ${text(encodeEvent(event))}`)
  const events = async () =>
    (await stored(['penalty.*', 'rating.*.*'])).map(({ subject, data }) => `${subject} ${text(data)}`)
  await expect
    .poll(async () => (await events()).length, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(expected.length)
  expect((await events()).sort()).toEqual(expected.sort())
}

test.each([...STEPS, `${STEPS[0]}#3`, `${STEPS[1]}#3`, `${STEPS[1]}#4`])(
  'killed at %s and started again, the log ends as its replay says',
  async (step) => {
    const { messages } = await journey(`0x${'a1'.repeat(20)}`)
    service.start(step)
    for (const [index, message] of messages.entries()) await store(message, String(index))
    await settled()
    expect(service.kills, service.stderr).toBe(1)
  },
)

test('killed at any time between two agreements, nothing is told twice and nothing is missing', async () => {
  const [one, two] = [await journey(`0x${'a1'.repeat(20)}`), await journey(`0x${'b2'.repeat(20)}`)]
  service.start()
  for (const [index, message] of one.messages.entries()) {
    await store(message, `one ${index}`)
    await store(two.messages[index] as Recorded, `two ${index}`)
    if (index % 3 === 2) service.kill()
  }
  await settled()
  expect(await service.stop()).toBe(0)
})
