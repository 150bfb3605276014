import {
  encodeFrame,
  encodeSignedAccept,
  encodeSignedLegKeys,
  FLAG,
  fromHex,
  parseEnvelope,
  Refusal,
  SIGNED_ACCEPT_BYTES,
  toHex,
} from '@consign/envelope'
import { type EventLog, memoryEventLog, type Recorded } from '@consign/eventlog'
import { ENVELOPE_HEADERS, QUARANTINE_HEADERS, subjects } from '@consign/events'
import { describe, expect, test } from 'vitest'
import { startBench } from '../test/intake-bench.ts'
import {
  BASE_UTC_MS,
  DEVICE_ID,
  keysNumber,
  legKeysOf,
  PARTIES,
  SampleLeg,
  SHIPMENT,
  sampleHandover,
  sampleShipment,
  sealFrame,
  signedEvent,
} from '../test/sample-device.ts'
import { FEED_HEADERS, HASHED_HEADER, wiresOf } from './service.ts'

const codeOf = (message: Recorded | undefined) => message?.headers[QUARANTINE_HEADERS.code]
const flagsOf = (message: Recorded | undefined) => message?.headers[ENVELOPE_HEADERS.flags]

/** A shipment that is under way: terms and leg keys known. */
async function underWay(events: EventLog = memoryEventLog(), number = 1) {
  const bench = await startBench(events)
  const shipment = await sampleShipment(number)
  await bench.tell(shipment.signed)
  await bench.upload(shipment.legKeysFrame)
  const envelopes = () => bench.stored(subjects.envelope(shipment.agreement, '*'))
  const quarantined = () => bench.stored('quarantine.*')
  const feedOf = (party: string) => bench.stored(`feed.${party}.${SHIPMENT}.envelopes`)
  return { bench, events, ...shipment, envelopes, quarantined, feedOf }
}

async function fedDigests(feed: Recorded[]): Promise<string[]> {
  return feed.flatMap((message) => wiresOf(message.data).map((wire) => toHex(parseEnvelope(wire).digest)))
}

describe('what is authentic', () => {
  test('is stored, fed to all parties, and receipted cumulatively', async () => {
    const { bench, leg, envelopes, feedOf } = await underWay()
    const digests: string[] = []
    for (let i = 0; i < 5; i++) {
      const envelope = await leg.next()
      digests.push(toHex(envelope.digest))
      await bench.upload(envelope.frame)
    }
    await bench.settle()
    expect((await envelopes()).map((m) => m.headers[ENVELOPE_HEADERS.digest])).toEqual(digests)
    for (const party of PARTIES) expect(await fedDigests(await feedOf(party))).toEqual(digests)
    const last = bench.receipts.at(-1)
    expect(last).toMatchObject({ kind: 'envelope', status: 'stored', fromSeq: 0, seq: 4, leg: 0 })
    expect(toHex(last!.digest)).toBe(digests[4])
  })

  test('is receipted again and stored once when it comes again', async () => {
    const { bench, leg, legKeysFrame, envelopes } = await underWay()
    const envelope = await leg.next()
    await bench.upload(envelope.frame)
    await bench.settle()
    bench.receipts.length = 0
    await bench.upload(envelope.frame)
    await bench.upload(legKeysFrame)
    await bench.settle()
    expect(await envelopes()).toHaveLength(1)
    expect(bench.receipts.map((r) => [r.kind, r.status])).toEqual([
      ['record', 'stored'],
      ['envelope', 'stored'],
    ])
  })

  test('is stored with a flag when its counter jumps, and the hole is filled without one', async () => {
    const { bench, leg, envelopes } = await underWay()
    const frames: Uint8Array[] = []
    for (let i = 0; i < 4; i++) frames.push((await leg.next()).frame)
    for (const at of [0, 3, 1, 2]) await bench.upload(frames[at]!)
    await bench.settle()
    expect((await envelopes()).map(flagsOf)).toEqual([undefined, 'jump', undefined, undefined])
    expect(bench.receipts.at(-1)).toMatchObject({ fromSeq: 0, seq: 3 })
  })

  test('is stored with a flag when it is a second branch, and has receipts of its own', async () => {
    const { bench, leg, envelopes, feedOf } = await underWay()
    await bench.upload((await leg.next()).frame)
    const branch = leg.fork()
    await bench.upload((await leg.next()).frame)
    await bench.settle()
    bench.receipts.length = 0
    const forked = [await branch.next({ seed: new Uint8Array(16).fill(99) }), await branch.next()]
    for (const { frame } of forked) await bench.upload(frame)
    await bench.settle()
    expect((await envelopes()).map(flagsOf)).toEqual([undefined, undefined, 'fork', 'fork'])
    const seen = bench.receipts.map((r) => [r.fromSeq, r.seq, toHex(r.digest)])
    expect(seen).toEqual([[1, 2, toHex(forked[1]!.digest)]])
    expect(await fedDigests(await feedOf(PARTIES[0]!))).toContain(toHex(forked[0]!.digest))
  })

  test('is stored with a flag when its time lies in the future', async () => {
    const { bench, leg, envelopes } = await underWay()
    await bench.upload((await leg.next({ baseUtcMs: BASE_UTC_MS + 86_400_000 })).frame)
    expect(flagsOf((await envelopes())[0])).toBe('futureTime')
  })

  test('is stored with a flag when it comes after its cut', async () => {
    const { bench, leg, envelopes } = await underWay()
    await bench.upload((await leg.next()).frame)
    const handover = await sampleHandover(leg)
    const late = await leg.next()
    for (const frame of [handover.nextKeysFrame, handover.offerFrame, handover.cutFrame, late.frame])
      await bench.upload(frame)
    expect((await envelopes()).map(flagsOf)).toEqual([undefined, 'afterCut'])
  })

  test('seals and second cuts are stored as records', async () => {
    const { bench, agreement, leg } = await underWay()
    const seal = await sealFrame(leg)
    const first = await sampleHandover(leg)
    await leg.next()
    const second = await sampleHandover(leg)
    for (const frame of [seal, first.cutFrame, second.cutFrame]) await bench.upload(frame)
    await bench.settle()
    const records = await bench.stored(subjects.device(agreement, 0))
    expect(records.map((m) => [m.data[0], flagsOf(m)])).toEqual([
      [2, undefined],
      [5, undefined],
      [4, undefined],
      [4, 'fork'],
    ])
    expect(bench.receipts.filter((r) => r.kind === 'record')).toHaveLength(4)
  })
})

describe('what is not authentic', () => {
  // A heartbeat: 144 bytes header, 16 body, 64 P-256, 2420 ML-DSA.
  test.each([
    ['envelope.version', 0],
    ['envelope.signature.p256', 62],
    ['envelope.bodyHash', 150],
    ['envelope.signature.p256', 170],
    ['envelope.signature.mlDsa', 1_000],
  ])('goes to quarantine as %s when byte %i is altered', async (code, index) => {
    const { bench, leg, envelopes, quarantined } = await underWay()
    const { wire } = await leg.next({ readings: [] })
    const altered = wire.slice()
    altered[index] = altered[index]! ^ 1
    await bench.upload(encodeFrame('envelope', altered))
    expect(codeOf((await quarantined())[0])).toBe(code)
    expect(await envelopes()).toHaveLength(0)
    await bench.upload(encodeFrame('envelope', wire))
    await bench.settle()
    expect(await envelopes()).toHaveLength(1)
    expect(bench.receipts.filter((r) => r.kind === 'envelope')).toHaveLength(1)
  })

  test('a high s is refused by its own code', async () => {
    const { bench, leg, quarantined } = await underWay()
    const { wire } = await leg.next({ readings: [], flags: 0 })
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const altered = wire.slice()
    const s = BigInt(toHex(wire.slice(-32)))
    altered.set(fromHex((order - s).toString(16).padStart(64, '0')), altered.length - 32)
    await bench.upload(encodeFrame('envelope', altered))
    expect(codeOf((await quarantined())[0])).toBe('envelope.signature.highS')
  })

  test('truncated envelopes, leg keys that do not chain and frames of another direction are quarantined', async () => {
    const { bench, agreement, leg, quarantined } = await underWay()
    const { wire } = await leg.next()
    await bench.upload(encodeFrame('envelope', wire.slice(0, -1)))
    const stranger = keysNumber(42)
    const strange = await legKeysOf({ ...leg.ref, leg: 1 }, stranger, keysNumber(43))
    await bench.upload(encodeFrame('legKeys', encodeSignedLegKeys(strange)))
    const { accept } = await sampleHandover(leg)
    await bench.upload(encodeFrame('accept', encodeSignedAccept(accept)))
    expect((await quarantined()).map(codeOf)).toEqual([
      'envelope.length',
      'legKeys.signature.p256',
      'frame.direction',
    ])
    expect(await bench.stored(subjects.device(agreement, 1))).toHaveLength(0)
  })

  test('envelopes of another device, or for another chain, are quarantined', async () => {
    const { bench, leg, quarantined } = await underWay()
    await bench.upload((await leg.next()).frame, 'b'.repeat(64))
    await bench.upload((await leg.next({ ref: { ...leg.ref, chainId: 1 } })).frame)
    expect((await quarantined()).map(codeOf)).toEqual(['device.foreign', 'envelope.chain'])
  })

  test('a handover envelope whose cut or acceptance is altered is quarantined, the true one opens the leg', async () => {
    const { bench, leg, agreement, quarantined } = await underWay()
    const handover = await sampleHandover(leg)
    await bench.upload(handover.nextKeysFrame)
    await bench.upload(handover.offerFrame)
    const altered = handover.handoverFrame.slice()
    // Before the accept (10341 bytes) stands the cut's ML-DSA signature.
    altered[altered.length - SIGNED_ACCEPT_BYTES - 7] = altered[altered.length - SIGNED_ACCEPT_BYTES - 7]! ^ 1
    await bench.upload(altered)
    const otherAccept = handover.handoverFrame.slice()
    otherAccept[otherAccept.length - SIGNED_ACCEPT_BYTES + 60] =
      otherAccept[otherAccept.length - SIGNED_ACCEPT_BYTES + 60]! ^ 1
    await bench.upload(otherAccept)
    expect((await quarantined()).map(codeOf)).toEqual(['cut.signature.mlDsa', 'accept.digest'])
    await bench.upload(handover.handoverFrame)
    await bench.upload((await handover.next.next()).frame)
    await bench.settle()
    expect((await bench.stored(subjects.envelope(agreement, 1))).map(flagsOf)).toEqual([undefined, undefined])
    expect(bench.receipts.at(-1)).toMatchObject({ leg: 1, fromSeq: 0, seq: 1, status: 'stored' })
  })

  test('quarantine keeps hash and reason beyond the quota of a device', async () => {
    const { bench, leg, quarantined } = await underWay()
    const { wire } = await leg.next()
    for (let i = 0; i < 258; i++) {
      const altered = wire.slice()
      altered[200] = i % 256
      altered[201] = i >> 8
      await bench.upload(encodeFrame('envelope', altered))
    }
    const held = await quarantined()
    const hashed = held.filter((m) => m.headers[HASHED_HEADER] !== undefined)
    expect(held.length - hashed.length).toBe(256)
    expect(hashed.length).toBeGreaterThan(0)
    expect(hashed[0]?.data).toHaveLength(32)
    expect(codeOf(hashed[0])).toBe('envelope.signature.p256')
  })
})

describe('what cannot be checked yet', () => {
  test('is parked before the agreement is known, then stored in order and receipted anew', async () => {
    const events = memoryEventLog()
    const bench = await startBench(events)
    const shipment = await sampleShipment()
    await bench.upload(shipment.legKeysFrame)
    for (let i = 0; i < 3; i++) await bench.upload((await shipment.leg.next()).frame)
    await bench.settle()
    expect(await bench.stored('parked.*.*')).toHaveLength(4)
    expect(bench.receipts.map((r) => [r.kind, r.status, r.fromSeq, r.seq])).toEqual([
      ['record', 'parked', 0, 0],
      ['envelope', 'parked', 0, 2],
    ])
    await bench.tell(shipment.signed)
    await bench.settle()
    expect(await bench.stored('parked.*.*')).toHaveLength(0)
    const envelopes = await bench.stored(subjects.envelope(shipment.agreement, 0))
    expect(envelopes.map(flagsOf)).toEqual([undefined, undefined, undefined])
    expect(bench.receipts.at(-1)).toMatchObject({ status: 'stored', fromSeq: 0, seq: 2 })
  })

  test('envelopes before their cut are parked and find their place when it comes', async () => {
    const { bench, agreement, leg } = await underWay()
    const handover = await sampleHandover(leg)
    const second = await handover.next.next()
    await bench.upload(second.frame)
    await bench.upload(handover.handoverFrame)
    expect(await bench.stored('parked.*.*')).toHaveLength(2)
    await bench.upload(handover.offerFrame)
    await bench.upload(handover.nextKeysFrame)
    await bench.settle()
    expect(await bench.stored('parked.*.*')).toHaveLength(0)
    const envelopes = await bench.stored(subjects.envelope(agreement, 1))
    expect(new Set(envelopes.map((m) => parseEnvelope(m.data).header.seq))).toEqual(new Set([0, 1]))
    expect(bench.receipts.at(-1)).toMatchObject({ leg: 1, status: 'stored', fromSeq: 0, seq: 1 })
  })

  test('parks once what comes twice, and quarantines what turns out to be forged', async () => {
    const events = memoryEventLog()
    const bench = await startBench(events)
    const shipment = await sampleShipment()
    const { frame } = await shipment.leg.next()
    const forged = await new SampleLeg(
      shipment.leg.ref,
      keysNumber(42),
      fromHex(`0x${'00'.repeat(32)}`),
    ).next()
    for (const each of [frame, frame, forged.frame]) await bench.upload(each)
    expect(await bench.stored('parked.*.*')).toHaveLength(2)
    await bench.tell(shipment.signed)
    await bench.upload(shipment.legKeysFrame)
    expect(await bench.stored(subjects.envelope(shipment.agreement, 0))).toHaveLength(1)
    expect((await bench.stored('quarantine.*')).map(codeOf)).toEqual(['envelope.signature.p256'])
    expect(await bench.stored('parked.*.*')).toHaveLength(0)
  })

  test('finds its place although the log did not answer when it was looked for', async () => {
    const events = memoryEventLog()
    const bench = await startBench(events)
    const shipment = await sampleShipment()
    await bench.upload(shipment.legKeysFrame)
    await bench.upload((await shipment.leg.next()).frame)
    const readStream = events.readStream.bind(events)
    events.readStream = () => {
      events.readStream = readStream
      throw new Refusal('log.unavailable', 'NATS does not answer', { retry: true })
    }
    await bench.tell(shipment.signed)
    expect(await bench.stored('parked.*.*')).toHaveLength(0)
    expect(await bench.stored(subjects.envelope(shipment.agreement, 0))).toHaveLength(1)
  })

  test('a device that never had terms cannot park without end', async () => {
    const bench = await startBench(memoryEventLog())
    const shipment = await sampleShipment()
    const large = await shipment.leg.next({ flags: FLAG.checkpoint })
    for (let i = 0; i < 3_201; i++) {
      // Another seq each time, so another digest; nothing of it can be checked yet.
      const wire = large.wire.slice()
      new DataView(wire.buffer).setUint32(40, i)
      await bench.upload(encodeFrame('envelope', wire))
    }
    expect(await bench.stored('parked.*.*')).toHaveLength(3_200)
    expect((await bench.stored('quarantine.*')).map(codeOf)).toEqual(['parked.quota'])
  })
})

describe('acceptances', () => {
  test('go down when they are made and with each pull while the offer is open', async () => {
    const { bench, leg } = await underWay()
    const handover = await sampleHandover(leg)
    await bench.upload(handover.nextKeysFrame)
    await bench.upload(handover.offerFrame)
    await bench.tell(handover.accepted)
    expect(bench.acceptances).toHaveLength(1)
    await bench.pull()
    expect(bench.acceptances).toHaveLength(2)
    await bench.upload(handover.cutFrame)
    await bench.pull()
    expect(bench.acceptances).toHaveLength(2)
  })
})

describe('after a crash', () => {
  test('knows what was stored, receipts all of it on a pull, and goes on', async () => {
    const first = await underWay()
    const { events, leg, agreement } = first
    for (let i = 0; i < 3; i++) await first.bench.upload((await leg.next()).frame)
    await first.bench.settle()
    const bench = await startBench(events)
    await bench.pull()
    expect(bench.receipts).toMatchObject([{ kind: 'envelope', status: 'stored', fromSeq: 0, seq: 2 }])
    const again = leg.fork()
    await bench.upload((await leg.next()).frame)
    await bench.upload((await again.next({ seed: new Uint8Array(16).fill(50) })).frame)
    await bench.settle()
    expect((await bench.stored(subjects.envelope(agreement, 0))).map(flagsOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'fork',
    ])
    expect(bench.receipts.map((r) => [r.fromSeq, r.seq])).toContainEqual([0, 3])
  })

  test('completes the feeds of all parties before it receipts', async () => {
    const first = await underWay()
    const { leg, agreement, events } = first
    await first.bench.upload((await leg.next()).frame)
    await first.bench.settle()
    const cursor = (await first.feedOf(PARTIES[0]!)).at(-1)?.headers[FEED_HEADERS.through]
    // What a crash after the store leaves: in the log, in no feed.
    const lost = await leg.next()
    await events.publish(subjects.envelope(agreement, 0), lost.wire, {
      msgId: toHex(lost.digest),
      headers: { [ENVELOPE_HEADERS.device]: DEVICE_ID, [ENVELOPE_HEADERS.digest]: toHex(lost.digest) },
    })
    const bench = await startBench(events)
    await bench.settle()
    for (const party of PARTIES) {
      const feed = await bench.stored(`feed.${party}.${SHIPMENT}.envelopes`)
      expect((await fedDigests(feed)).at(-1)).toBe(toHex(lost.digest))
      expect(feed).toHaveLength(2)
      expect(Number(feed.at(-1)?.headers[FEED_HEADERS.through])).toBeGreaterThan(Number(cursor))
    }
    await bench.pull()
    expect(bench.receipts.at(-1)).toMatchObject({ fromSeq: 0, seq: 1 })
  })

  test('completes the feed of an agreement although another one about the same shipment was fed since', async () => {
    const events = memoryEventLog()
    const one = await underWay(events, 1)
    const two = await sampleShipment(2)
    const lost = await one.leg.next()
    // What a crash after the store leaves: in the log, in no feed.
    await events.publish(subjects.envelope(one.agreement, 0), lost.wire, {
      msgId: toHex(lost.digest),
      headers: { [ENVELOPE_HEADERS.device]: DEVICE_ID, [ENVELOPE_HEADERS.digest]: toHex(lost.digest) },
    })
    await one.bench.tell(two.signed)
    await one.bench.upload(two.legKeysFrame)
    await one.bench.upload((await two.leg.next()).frame)
    await one.bench.settle()
    const bench = await startBench(events)
    await bench.settle()
    for (const party of PARTIES) {
      const feed = await bench.stored(`feed.${party}.${SHIPMENT}.envelopes`)
      expect(await fedDigests(feed)).toContain(toHex(lost.digest))
    }
  })

  test('starts, and takes what a device sends, beside a custody event of a later version', async () => {
    const { events, leg, agreement } = await underWay()
    // Only through publish: append checks what it writes.
    const unknown = new TextEncoder().encode('{"id":"1","type":"custody.later.v9","time":0,"data":{}}')
    await events.publish(subjects.custody(agreement), unknown, { msgId: 'later' })
    const bench = await startBench(events)
    await bench.upload((await leg.next()).frame)
    expect(await bench.stored('quarantine.*')).toHaveLength(0)
    expect(await bench.stored(subjects.envelope(agreement, 0))).toHaveLength(1)
  })

  test('takes in what was parked when its agreement was signed meanwhile', async () => {
    const events = memoryEventLog()
    const before = await startBench(events)
    const shipment = await sampleShipment()
    await before.upload(shipment.legKeysFrame)
    await before.upload((await shipment.leg.next()).frame)
    await events.append(subjects.custody(shipment.agreement), [signedEvent(shipment.agreement)], {
      expectedSeq: 0,
    })
    const bench = await startBench(events)
    await bench.settle()
    expect(await bench.stored('parked.*.*')).toHaveLength(0)
    expect(await bench.stored(subjects.envelope(shipment.agreement, 0))).toHaveLength(1)
  })
})

test('two agreements of one device do not touch each other', async () => {
  const events = memoryEventLog()
  const one = await underWay(events, 1)
  const two = await sampleShipment(2)
  await one.bench.tell(two.signed)
  await one.bench.upload(two.legKeysFrame)
  for (let i = 0; i < 3; i++) {
    await one.bench.upload((await one.leg.next()).frame)
    await one.bench.upload((await two.leg.next()).frame)
  }
  await one.bench.settle()
  for (const agreement of [one.agreement, two.agreement])
    expect((await one.bench.stored(subjects.envelope(agreement, 0))).map(flagsOf)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  expect(await one.quarantined()).toHaveLength(0)
})
