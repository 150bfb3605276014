import { STREAMS, subjects } from '@consign/events'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Msg } from '@nats-io/nats-core'
import { expect, onTestFinished, test } from 'vitest'
import { connectEventLog, connectNats } from '../src/index.ts'
import { startNatsServer } from '../src/testing.ts'
import { freshAddress } from './contract.ts'

async function openServer() {
  const server = await startNatsServer()
  onTestFinished(() => server.stop())
  const nats = await connectNats({ url: server.url, name: 'streams test' })
  onTestFinished(() => nats.close())
  return { server, nats }
}

test('several services make the same streams at the same time, and again later', async () => {
  const { nats } = await openServer()
  await Promise.all([connectEventLog({ nats }), connectEventLog({ nats }), connectEventLog({ nats })])
  await connectEventLog({ nats })
  const jsm = await jetstreamManager(nats)
  for (const { name, subjects: wanted } of Object.values(STREAMS)) {
    const { config } = await jsm.streams.info(name)
    expect(config.subjects).toEqual([...wanted])
    expect(config).toMatchObject({ storage: 'file', duplicate_window: 120e9, allow_atomic: true })
  }
})

test('refuses a stream of that name that cannot serve, and says what it lacks', async () => {
  const { nats } = await openServer()
  const jsm = await jetstreamManager(nats)
  await jsm.streams.add({ name: 'LOG', subjects: ['custody.*'] })
  const opened = connectEventLog({ nats })
  await expect(opened).rejects.toMatchObject({
    code: 'log.stream',
    message: /envelope\.\*\.\*.*allow_atomic/,
  })
})

test('LOG cannot be purged', async () => {
  const { nats } = await openServer()
  await connectEventLog({ nats })
  const jsm = await jetstreamManager(nats)
  await expect(jsm.streams.purge('LOG')).rejects.toThrow(/purge/)
})

test('the feed is republished to the partner, with the cursor in Nats-Sequence', async () => {
  const { nats } = await openServer()
  const log = await connectEventLog({ nats })
  const party = freshAddress()
  const shipment = '106141412345678908'
  const received = new Promise<Msg>((resolve, reject) => {
    const callback = (error: Error | null, message: Msg) => (error ? reject(error) : resolve(message))
    nats.subscribe(`partner.${party}.>`, { callback })
  })
  await nats.flush()
  const subject = subjects.feed(party, shipment, 'custody.packed.v1')
  const { seq } = await log.publish(subject, new TextEncoder().encode('{}'), { msgId: 'feed' })
  const message = await received
  expect(message.subject).toBe(subjects.partner(party, shipment, 'custody.packed.v1'))
  expect(message.headers?.get('Nats-Sequence')).toBe(String(seq))
  expect(message.string()).toBe('{}')
})

test('says so when nobody listens, without the password of the address', async () => {
  const connecting = connectNats({ url: 'nats://user:hush@127.0.0.1:1', name: 'nobody', connectMsMax: 0 })
  await expect(connecting).rejects.toMatchObject({ code: 'log.unavailable', retry: true })
  await expect(connecting).rejects.not.toThrow(/hush/)
})
