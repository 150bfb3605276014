import { type Hex, subjects } from '@consign/events'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectEventLog, connectNats, type EventLog, type Recorded } from '../src/index.ts'
import { all, freshAddress } from './contract.ts'
import { type NatsCluster, type NodeName, otherThan, startNatsCluster, whyNoCluster } from './nats-cluster.ts'
import { delivered } from './sample-events.ts'

// The others miss a node after a few seconds; a consumer begins anew when it has heard no heartbeat for 15 s.
const soon = { timeout: 30_000, interval: 20 }
const IN_FLIGHT = 32

const absent = await whyNoCluster()
if (absent !== undefined) process.stderr.write(`skipped: three NATS nodes: ${absent}\n`)

describe.skipIf(absent !== undefined)('three NATS nodes', () => {
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

  test.each([
    { consumer: 'same-node', where: 'that the writer is connected to' },
    { consumer: 'other-node', where: 'that the writer is not connected to' },
  ])(
    'lose nothing that was acknowledged, and go on, after kill -9 of the leader $where',
    async ({ consumer }) => {
      const { nats, log } = await connectLog('writer')
      const jsm = await jetstreamManager(nats)
      const writing = startWriting(log)
      onTestFinished(() => writing.stop())
      const first = startConsuming((await connectLog('reader')).log, consumer, writing.subjects)
      onTestFinished(() => first.stop())
      await expect.poll(() => first.handled.length, soon).toBeGreaterThan(0)
      const connectedTo = nats.info?.server_name as NodeName
      const leader = consumer === 'same-node' ? connectedTo : otherThan(connectedTo)
      await lead(nats, jsm, consumer, leader)
      const before = writing.acked()
      await expect.poll(() => writing.acked(), soon).toBeGreaterThan(before + 500)

      await cluster.kill(leader)
      const ackedAtKill = writing.acked()
      await expect.poll(() => writing.acked(), soon).toBeGreaterThan(ackedAtKill + 500)
      const seqAfterKill = await log.lastSeq()
      await expect.poll(() => first.handled.at(-1) ?? 0, soon).toBeGreaterThan(seqAfterKill)
      await first.stop()

      await cluster.start(leader)
      await expect.poll(() => nodesUpToDate(jsm), soon).toEqual(['n1', 'n2', 'n3'])
      await writing.stop()
      const stored = await all((await connectLog('auditor')).log.read(writing.subjects))
      for (const { subject, acked } of writing.written) {
        const found = stored.filter((each) => each.subject === subject).map(placed)
        expect(found.toSorted(bySerial)).toEqual(acked.toSorted(bySerial))
        expect(acked.map(({ serial }) => serial).toSorted((a, b) => a - b)).toEqual([...acked.keys()])
        // The loss of a node may change the order of messages that were in flight together; of no others.
        if (subject !== writing.pipelined.subject) expect(found).toEqual(acked)
      }

      const second = startConsuming((await connectLog('reader again')).log, consumer, writing.subjects)
      onTestFinished(() => second.stop())
      await expect.poll(() => second.handled.at(-1), soon).toBe(stored.at(-1)?.seq)
      await second.stop()
      for (const { handled } of [first, second]) expect(handled).toEqual(inOrderOnce(handled))
      expect(inOrderOnce([...first.handled, ...second.handled])).toEqual(stored.map(({ seq }) => seq))
    },
  )
})

/** What stands, or must stand, at a position of the log. */
type Placed = { seq: number; serial: number }

function placed({ seq, subject, data }: Recorded): Placed {
  const content = JSON.parse(new TextDecoder().decode(data))
  return { seq, serial: subject.startsWith('custody.') ? content.data.leg : content }
}

/** What one subject was given, by serial number, at the positions that the acknowledgements named. */
type Written = { subject: string; acked: Placed[] }

const bySerial = (a: Placed, b: Placed) => a.serial - b.serial

/** Writes without a pause: with many messages in flight, with one, and with expected sequence, singly and in batches. */
function startWriting(log: EventLog) {
  const end = new AbortController()
  const envelopes = () => ({ subject: subjects.envelope(freshAddress(), 0), acked: [] })
  const pipelined: Written = envelopes()
  const awaited: Written = envelopes()
  const agreements = Array.from({ length: 4 }, freshAddress)
  const appended = agreements.map(
    (agreement): Written => ({ subject: subjects.custody(agreement), acked: [] }),
  )
  const done = Promise.all([
    publishUntil(end.signal, log, pipelined, IN_FLIGHT),
    publishUntil(end.signal, log, awaited, 1),
    ...agreements.map((agreement, i) => appendUntil(end.signal, log, agreement, appended[i] ?? envelopes())),
  ])
  // Whoever stops it learns of a failure.
  done.catch(() => {})
  const written = [pipelined, awaited, ...appended]
  return {
    pipelined,
    written,
    subjects: written.map(({ subject }) => subject),
    acked: () => written.reduce((sum, { acked }) => sum + acked.length, 0),
    stop: async () => {
      end.abort()
      await done
    },
  }
}

async function publishUntil(
  end: AbortSignal,
  log: EventLog,
  { subject, acked }: Written,
  inFlightMax: number,
) {
  const publish = async (serial: number) => {
    const bytes = new TextEncoder().encode(String(serial))
    const { seq } = await log.publish(subject, bytes, { msgId: `${subject}/${serial}` })
    acked.push({ seq, serial })
  }
  const inFlight: Promise<void>[] = []
  for (let serial = 0; !end.aborted; serial++) {
    const publishing = publish(serial)
    publishing.catch(() => {})
    inFlight.push(publishing)
    if (inFlight.length === inFlightMax) await inFlight.shift()
  }
  await Promise.all(inFlight)
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

/** Positions in the order of handling. */
function startConsuming(log: EventLog, name: string, filters: string[]) {
  const end = new AbortController()
  const handled: number[] = []
  const handle = async ({ seq }: Recorded) => void handled.push(seq)
  const consumed = log.consume({ name, filters, signal: end.signal, handle })
  consumed.catch(() => {})
  return {
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

/** Makes a node the leader of LOG and of a consumer of it. */
async function lead(nats: NatsConnection, jsm: JetStreamManager, consumer: string, node: NodeName) {
  const stepDown = { placement: { preferred: node } }
  const led = [
    { path: 'STREAM.LEADER.STEPDOWN.LOG', info: () => jsm.streams.info('LOG') },
    { path: `CONSUMER.LEADER.STEPDOWN.LOG.${consumer}`, info: () => jsm.consumers.info('LOG', consumer) },
  ]
  for (const { path, info } of led) {
    const leadingNode = async () => {
      const leader = (await info().catch(() => undefined))?.cluster?.leader
      // Without effect while the node still catches up.
      if (leader !== node) await nats.request(`$JS.API.${path}`, JSON.stringify(stepDown)).catch(() => {})
      return leader
    }
    await expect.poll(leadingNode, { ...soon, interval: 250 }).toBe(node)
  }
}

/** The nodes whose copy of LOG is complete, as its leader sees it. */
async function nodesUpToDate(jsm: JetStreamManager): Promise<(string | undefined)[]> {
  const { cluster } = await jsm.streams.info('LOG')
  const followers = cluster?.replicas?.filter(({ current, offline }) => current && !offline) ?? []
  return [cluster?.leader, ...followers.map(({ name }) => name)].sort()
}
