import { type Hex, subjects } from '@consign/events'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectEventLog, connectNats, type EventLog, type Recorded } from '../src/index.ts'
import { all, freshAddress } from './contract.ts'
import { type NatsCluster, NODES, type NodeName, startNatsCluster, whyNoCluster } from './nats-cluster.ts'
import { delivered } from './sample-events.ts'

// The others miss a node after a few seconds; a consumer begins anew when it has heard no heartbeat for 15 s.
const soon = { timeout: 30_000, interval: 20 }
const IN_FLIGHT_MAX = 32

const absent = await whyNoCluster()
if (absent !== undefined) process.stderr.write(`skipped: three NATS nodes: ${absent}\n`)

describe.skipIf(absent !== undefined)('three NATS nodes', { timeout: 120_000 }, () => {
  let cluster: NatsCluster
  beforeAll(async () => {
    cluster = await startNatsCluster()
  })
  afterAll(() => cluster?.stop())

  async function connectLog(name: string): Promise<{ nats: NatsConnection; log: EventLog }> {
    const nats = await connectNats({ url: cluster.url, name })
    onTestFinished(() => nats.close())
    return { nats, log: await connectEventLog({ nats, replicas: 3 }) }
  }

  /** Two connections: one to the node that will be killed, one to another. */
  async function connectApart() {
    const near = await connectLog('near')
    for (;;) {
      const far = await connectLog('far')
      if (nodeOf(far.nats) !== nodeOf(near.nats)) return { near, far }
    }
  }

  test('lose nothing that was acknowledged, keep order, and go on after kill -9 of the leader', async () => {
    const { near, far } = await connectApart()
    const jsm = await jetstreamManager(far.nats)
    const leader = nodeOf(near.nats)
    const writing = [near, far].map(({ log }) => startWriting(log))
    const written = writing.flatMap((each) => each.written)
    const filters = written.map(({ subject }) => subject)
    const reading = [near, far].map(({ log }, i) => startConsuming(log, `reader-${i}`, filters))
    for (const each of [...writing, ...reading]) onTestFinished(() => each.stop())
    await lead(far.nats, leader, 'STREAM', 'LOG', () => jsm.streams.info('LOG'))
    for (const { name, handled } of reading) {
      await expect.poll(() => handled.length, soon).toBeGreaterThan(0)
      await lead(far.nats, leader, 'CONSUMER', `LOG.${name}`, () => jsm.consumers.info('LOG', name))
    }
    const goesOn = async () => {
      const before = writing.map((each) => each.acked())
      for (const [i, each] of writing.entries())
        await expect.poll(() => each.acked(), soon).toBeGreaterThan((before[i] ?? 0) + 300)
      const lastSeq = await far.log.lastSeq()
      for (const { handled } of reading)
        await expect.poll(() => handled.at(-1) ?? 0, soon).toBeGreaterThan(lastSeq)
    }

    await goesOn()
    await cluster.kill(leader)
    await goesOn()
    await Promise.all(reading.map((each) => each.stop()))
    await cluster.start(leader)
    await expect.poll(() => nodesUpToDate(jsm), soon).toEqual(NODES)
    await Promise.all(writing.map((each) => each.stop()))

    const auditor = await connectLog('auditor')
    const stored = await all(auditor.log.read(filters))
    for (const each of written) expectStored(each, stored)
    for (const first of reading) {
      const second = startConsuming(auditor.log, first.name, filters)
      onTestFinished(() => second.stop())
      await expect.poll(() => second.handled.at(-1), soon).toBe(stored.at(-1)?.seq)
      for (const { handled } of [first, second]) expect(handled).toEqual(inOrderOnce(handled))
      expect(inOrderOnce([...first.handled, ...second.handled])).toEqual(stored.map(({ seq }) => seq))
    }
  })

  test('store once what was sent again while two nodes were down', async () => {
    const { nats, log } = await connectLog('writer')
    const jsm = await jetstreamManager(nats)
    const leader = nodeOf(nats)
    await lead(nats, leader, 'STREAM', 'LOG', () => jsm.streams.info('LOG'))
    const [one, three] = [freshAddress(), freshAddress()]
    const subject = {
      envelopes: subjects.envelope(one, 0),
      one: subjects.custody(one),
      three: subjects.custody(three),
    }
    const sent = {
      envelopes: countSent(nats, subject.envelopes),
      one: countSent(nats, subject.one),
      three: countSent(nats, subject.three),
    }
    const others = NODES.filter((node) => node !== leader)
    await Promise.all(others.map((node) => cluster.kill(node)))

    const serials = Array.from({ length: 10 }, (_, serial) => serial)
    const writing = Promise.all([
      log.append(subject.one, [delivered(one, 0)], { expectedSeq: 0 }),
      log.append(
        subject.three,
        [0, 1, 2].map((leg) => delivered(three, leg)),
        { expectedSeq: 0 },
      ),
      ...serials.map((serial) => publishOne(log, subject.envelopes, serial)),
    ])
    writing.catch(() => {})
    await expect.poll(() => sent.envelopes.count, soon).toBeGreaterThan(10)
    await expect.poll(() => sent.one.count, soon).toBeGreaterThan(1)
    await expect.poll(() => sent.three.count, soon).toBeGreaterThan(3)
    for (const each of Object.values(sent)) each.stop()
    await Promise.all(others.map((node) => cluster.start(node)))
    await writing
    const stored = async (of: string) => (await all(log.read([of]))).map((each) => placed(each).serial)
    expect(await stored(subject.envelopes)).toEqual(serials)
    expect(await stored(subject.one)).toEqual([0])
    expect(await stored(subject.three)).toEqual([0, 1, 2])
  })

  // It takes 10 s until the node that is left gives up leading.
  test.runIf(process.env.CONSIGN_DEEP === '1')('do not say where a log without a leader ends', async () => {
    const { nats, log } = await connectLog('reader')
    const jsm = await jetstreamManager(nats)
    await expect.poll(() => nodesUpToDate(jsm), soon).toEqual(NODES)
    const { seq } = await publishOne(log, subjects.envelope(freshAddress(), 0), 0)
    const others = NODES.filter((node) => node !== nodeOf(nats))
    await Promise.all(others.map((node) => cluster.kill(node)))
    const answer = () => jsm.streams.info('LOG').then(({ cluster }) => cluster?.leader ?? 'none', String)
    await expect.poll(answer, soon).toBe('none')
    const said: number[] = []
    const lastSeq = log.lastSeq()
    void lastSeq.then((each) => said.push(each))
    // The server itself does say, to these that were asked later.
    for (let i = 0; i < 3; i++) await jsm.streams.info('LOG')
    expect(said).toEqual([])
    await Promise.all(others.map((node) => cluster.start(node)))
    expect(await lastSeq).toBe(seq)
  })
})

/** What stands, or must stand, at a position of the log. */
type Placed = { seq: number; serial: number }

const bySerial = (a: Placed, b: Placed) => a.serial - b.serial

function placed({ seq, subject, data }: Recorded): Placed {
  const content = JSON.parse(new TextDecoder().decode(data))
  return { seq, serial: subject.startsWith('custody.') ? content.data.leg : content }
}

/**
 * What was acknowledged of one subject, in the order of the acknowledgements, at the positions that they named. The loss of a node may
 * change the order of messages that were in flight together; of no others.
 */
type Written = { subject: string; ordered: boolean; acked: Placed[] }

/** Each of the serial numbers from 0 once, where its acknowledgement said, and nothing else. */
function expectStored({ subject, ordered, acked }: Written, stored: readonly Recorded[]) {
  const found = stored.filter((each) => each.subject === subject).map(placed)
  expect(found.toSorted(bySerial)).toEqual(acked.toSorted(bySerial))
  expect(acked.map(({ serial }) => serial).toSorted((a, b) => a - b)).toEqual([...acked.keys()])
  if (ordered) expect(found).toEqual(found.toSorted(bySerial))
}

/** Writes without a pause: with many messages in flight, with one, and with expected sequence, singly and in batches. */
function startWriting(log: EventLog) {
  const end = new AbortController()
  const publishing = (inFlightMax: number) => {
    const ordered = inFlightMax === 1
    const written: Written = { subject: subjects.envelope(freshAddress(), 0), ordered, acked: [] }
    return { written, done: publishUntil(end.signal, log, written, inFlightMax) }
  }
  const appending = () => {
    const agreement = freshAddress()
    const written: Written = { subject: subjects.custody(agreement), ordered: true, acked: [] }
    return { written, done: appendUntil(end.signal, log, agreement, written) }
  }
  const writers = [publishing(IN_FLIGHT_MAX), publishing(1), appending(), appending()]
  const written = writers.map((writer) => writer.written)
  const done = Promise.all(writers.map((writer) => writer.done))
  // Whoever stops it learns of a failure.
  done.catch(() => {})
  return {
    written,
    acked: () => written.reduce((sum, { acked }) => sum + acked.length, 0),
    stop: async () => {
      end.abort()
      await done
    },
  }
}

async function publishUntil(end: AbortSignal, log: EventLog, written: Written, inFlightMax: number) {
  const inFlight: Promise<unknown>[] = []
  for (let serial = 0; !end.aborted; serial++) {
    const publishing = publishOne(log, written.subject, serial).then(({ seq }) =>
      written.acked.push({ seq, serial }),
    )
    publishing.catch(() => {})
    inFlight.push(publishing)
    if (inFlight.length === inFlightMax) await inFlight.shift()
  }
  await Promise.all(inFlight)
}

function publishOne(log: EventLog, subject: string, serial: number) {
  return log.publish(subject, new TextEncoder().encode(String(serial)), { msgId: `${subject}/${serial}` })
}

async function appendUntil(end: AbortSignal, log: EventLog, agreement: Hex, { subject, acked }: Written) {
  let expectedSeq = 0
  for (let serial = 0; !end.aborted; ) {
    const count = serial % 4 === 0 ? 1 : 3
    const events = Array.from({ length: count }, (_, i) => delivered(agreement, serial + i))
    const { lastSeq } = await log.append(subject, events, { expectedSeq })
    for (let i = 0; i < count; i++) acked.push({ seq: lastSeq - count + 1 + i, serial: serial + i })
    serial += count
    expectedSeq = lastSeq
  }
}

/** `handled` are positions, in the order of handling. */
function startConsuming(log: EventLog, name: string, filters: string[]) {
  const end = new AbortController()
  const handled: number[] = []
  const handle = async ({ seq }: Recorded) => void handled.push(seq)
  const consumed = log.consume({ name, filters, signal: end.signal, handle })
  consumed.catch(() => {})
  return {
    name,
    handled,
    stop: async () => {
      end.abort()
      await consumed
    },
  }
}

function inOrderOnce(seqs: readonly number[]): number[] {
  return [...new Set(seqs)].sort((a, b) => a - b)
}

/** How often this connection has sent something to a subject. */
function countSent(nats: NatsConnection, subject: string) {
  const subscription = nats.subscribe(subject, { callback: () => void sent.count++ })
  const sent = { count: 0, stop: () => subscription.unsubscribe() }
  return sent
}

function nodeOf(nats: NatsConnection): NodeName {
  return nats.info?.server_name as NodeName
}

/** Makes a node the leader of a stream or consumer, which must be up to date there; asks again until it is. */
async function lead(
  nats: NatsConnection,
  node: NodeName,
  kind: 'STREAM' | 'CONSUMER',
  path: string,
  info: () => Promise<{ cluster?: { leader?: string } }>,
) {
  const stepDown = new TextEncoder().encode(JSON.stringify({ placement: { preferred: node } }))
  const leadingNode = async () => {
    const leader = (await info().catch(() => undefined))?.cluster?.leader
    if (leader !== node)
      await nats.request(`$JS.API.${kind}.LEADER.STEPDOWN.${path}`, stepDown).catch(() => {})
    return leader
  }
  await expect.poll(leadingNode, { ...soon, interval: 250 }).toBe(node)
}

/** The nodes whose copy of LOG is complete, as its leader sees it. */
async function nodesUpToDate(jsm: JetStreamManager): Promise<(string | undefined)[]> {
  const { cluster } = await jsm.streams.info('LOG')
  const followers = cluster?.replicas?.filter(({ current, offline }) => current && !offline) ?? []
  return [cluster?.leader, ...followers.map(({ name }) => name)].sort()
}
