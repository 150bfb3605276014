import { subjects } from '@consign/events'
import { jetstreamManager } from '@nats-io/jetstream'
import { expect, onTestFinished, test } from 'vitest'
import { connectEventLog, connectNats, type EventLog, type Recorded } from '../src/index.ts'
import { type NatsServer, type NatsServerOptions, startNatsServer } from '../src/testing.ts'
import { all, freshAddress } from './contract.ts'
import { delivered } from './sample-events.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (message: Recorded) => new TextDecoder().decode(message.data)

async function openLog(
  options: NatsServerOptions = {},
): Promise<{ server: NatsServer; log: EventLog; url: string }> {
  const server = await startNatsServer(options)
  onTestFinished(() => server.stop())
  return { server, log: await connectLog(server.url), url: server.url }
}

async function connectLog(url: string): Promise<EventLog> {
  const nats = await connectNats({ url, name: 'restart test' })
  onTestFinished(() => nats.close())
  return connectEventLog({ nats })
}

test('what was acknowledged is stored, once and in order, through kill -9 of the server while publishing', async () => {
  const { server, log } = await openLog({ syncAlways: true })
  const subject = subjects.envelope(freshAddress(), 0)
  const acknowledged: number[] = []
  const publishing: Promise<void>[] = []
  const publishSome = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const stored = log.publish(subject, bytes(String(i)), { msgId: `${subject}/${i}` })
      publishing.push(stored.then(() => void acknowledged.push(i)))
    }
  }
  publishSome(0, 2000)
  await publishing[100]
  await server.kill()
  const acknowledgedBefore = acknowledged.length
  expect(acknowledgedBefore).toBeLessThan(2000)
  publishSome(2000, 2100)
  await server.restart()
  await Promise.all(publishing)
  expect(acknowledged).toEqual(Array.from({ length: 2100 }, (_, i) => i))
  // A reader of its own: what is on disk, not what this connection believes.
  const stored = await all((await connectLog(server.url)).read([subject]))
  expect(stored.map(text)).toEqual(Array.from({ length: 2100 }, (_, i) => String(i)))
})

test('appends that run while the server is killed happen once', async () => {
  const { server, log } = await openLog({ syncAlways: true })
  const agreements = Array.from({ length: 40 }, freshAddress)
  const appending = agreements.map(async (agreement) => {
    const subject = subjects.custody(agreement)
    let expectedSeq = 0
    for (let leg = 0; leg < 10; leg++) {
      const events =
        leg % 2 ? [delivered(agreement, leg)] : [delivered(agreement, leg), delivered(agreement, leg)]
      expectedSeq = (await log.append(subject, events, { expectedSeq })).lastSeq
    }
  })
  await Promise.race(appending.map(() => log.last(subjects.custody(agreements[0] ?? '0x'))))
  await server.restart()
  await Promise.all(appending)
  for (const agreement of agreements) {
    const legs = (await all(log.read([subjects.custody(agreement)]))).map(
      (each) => JSON.parse(text(each)).data.leg,
    )
    expect(legs).toEqual([0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9])
  }
})

test('a consumer goes on by itself after a restart of the server, without loss and in order', async () => {
  const { server, log } = await openLog({ syncAlways: true })
  const subject = subjects.envelope(freshAddress(), 0)
  const publishSome = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) =>
        log.publish(subject, bytes(String(from + i)), { msgId: `${subject}/${from + i}` }),
      ),
    )
  await publishSome(0, 600)
  const end = new AbortController()
  const handled: number[] = []
  const consumed = log.consume({
    name: 'survivor',
    filters: [subject],
    signal: end.signal,
    handle: async (message) => {
      handled.push(Number(text(message)))
      if (handled.length === 300) await server.restart()
      if (text(message) === '999') end.abort()
    },
  })
  await expect.poll(() => handled.length, { timeout: 20_000 }).toBe(600)
  await publishSome(600, 1000)
  await consumed
  expect(handled).toEqual(Array.from({ length: 1000 }, (_, i) => i))
})

test('a consumer that was deleted is made again behind what it has handled', async () => {
  const { log, url } = await openLog()
  const subject = subjects.envelope(freshAddress(), 0)
  for (const each of ['a', 'b', 'c']) await log.publish(subject, bytes(each), { msgId: each })
  const nats = await connectNats({ url, name: 'operator' })
  onTestFinished(() => nats.close())
  const jsm = await jetstreamManager(nats)
  const end = new AbortController()
  const handled: string[] = []
  await log.consume({
    name: 'deleted',
    filters: [subject],
    signal: end.signal,
    handle: async (message) => {
      handled.push(text(message))
      if (handled.length === 2) await jsm.consumers.delete('LOG', 'deleted')
      if (handled.length === 3 && text(message) === 'c')
        await log.publish(subject, bytes('d'), { msgId: 'd' })
      if (text(message) === 'd') end.abort()
    },
  })
  expect(handled).toEqual(['a', 'b', 'c', 'd'])
})

test('a consumer refuses to go on over a log that lost its end', async () => {
  const { log, url } = await openLog()
  const subject = subjects.envelope(freshAddress(), 0)
  for (const each of ['a', 'b', 'c']) await log.publish(subject, bytes(each), { msgId: each })
  const nats = await connectNats({ url, name: 'operator' })
  onTestFinished(() => nats.close())
  const jsm = await jetstreamManager(nats)
  const handle = async (message: Recorded) => {
    if (text(message) !== 'c') return
    await jsm.streams.delete('LOG')
    await connectEventLog({ nats })
  }
  const consumed = log.consume({
    name: 'behind',
    filters: [subject],
    signal: new AbortController().signal,
    handle,
  })
  await expect(consumed).rejects.toMatchObject({ code: 'log.rewound', retry: false })
})

test('a message that was deleted from LOG is missing for readers, and nothing else is', async () => {
  const { log } = await openLog()
  const subject = subjects.envelope(freshAddress(), 0)
  const { seq } = await log.publish(subject, bytes('a'), { msgId: 'a' })
  for (const each of ['b', 'c']) await log.publish(subject, bytes(each), { msgId: each })
  await log.remove('LOG', seq + 1)
  expect((await all(log.read([subject]))).map(text)).toEqual(['a', 'c'])
})

test('refuses with a code to retry when the connection is closed under a write', async () => {
  const { server } = await openLog()
  const nats = await connectNats({ url: server.url, name: 'closing' })
  const log = await connectEventLog({ nats })
  await server.kill()
  const subject = subjects.envelope(freshAddress(), 0)
  const publishing = log.publish(subject, bytes('a'), { msgId: 'a' })
  await nats.close()
  await expect(publishing).rejects.toMatchObject({ code: 'log.unavailable', retry: true })
  await expect(log.publish(subject, bytes('b'), { msgId: 'b' })).rejects.toMatchObject({
    code: 'log.unavailable',
  })
  await server.restart()
})
