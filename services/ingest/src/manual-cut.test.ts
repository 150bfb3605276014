import {
  deviceId,
  encodeFrame,
  encodeSignedLegKeys,
  fromHex,
  type Hex,
  legKeysDigest,
  toHex,
} from '@consign/envelope'
import { memoryEventLog, type Recorded } from '@consign/eventlog'
import {
  type ConsignEvent,
  ENVELOPE_HEADERS,
  type EventOf,
  QUARANTINE_HEADERS,
  subjects,
} from '@consign/events'
import { describe, expect, test } from 'vitest'
import { type Bench, startBench } from '../test/intake-bench.ts'
import {
  BASE_UTC_MS,
  keysNumber,
  legKeysOf,
  PARTIES,
  SampleLeg,
  type SampleShipment,
  SHIPMENT,
  sampleHandover,
  sampleShipment,
} from '../test/sample-device.ts'

const SPARE = keysNumber(20)
const SPARE_ID = deviceId(SPARE.public)
const SPARE_LEG_KEYS = keysNumber(21)
const CUT_DIGEST: Hex = `0x${'cc'.repeat(32)}`
const [, SUPPLIER, CARRIER] = PARTIES as [Hex, Hex, Hex]

/** What custody tells when both custodians have cut leg 0 by hand at envelope `n`; with the spare device, or without any. */
async function cutByHand({ leg }: SampleShipment, n: number, withSpare = true) {
  const { agreement } = leg.ref
  const nextRef = { ...leg.ref, leg: 1 }
  const keys = await legKeysOf(nextRef, SPARE, SPARE_LEG_KEYS)
  const { p256, mlDsa, slhDsa } = SPARE.public
  const device = { p256: toHex(p256), mlDsaKey: toHex(mlDsa), slhDsaKey: toHex(slhDsa) }
  const nextKeys = encodeSignedLegKeys(keys)
  const signature = { ecdsa: '0x', mlDsa: '0x' } as const
  const event: EventOf<'custody.transferred.manually.v1'> = {
    id: `manual-${agreement}`,
    type: 'custody.transferred.manually.v1',
    time: BASE_UTC_MS,
    data: {
      ...{ agreement, shipment: SHIPMENT, leg: 0, n, from: SUPPLIER, to: CARRIER },
      ...{
        timeMs: BASE_UTC_MS,
        amount: '0',
        penaltyMax: '0',
        reasonsHash: CUT_DIGEST,
        cutDigest: CUT_DIGEST,
      },
      nextKeysHash: toHex(legKeysDigest(keys.record)),
      ...{ fromSignature: signature, toSignature: signature },
      ...(withSpare
        ? {
            replacement: {
              device: { deviceId: `0x${SPARE_ID}` as const, ...device },
              nextKeys: toHex(nextKeys),
            },
          }
        : {}),
    },
  }
  const spareLeg = new SampleLeg(nextRef, SPARE_LEG_KEYS, fromHex(CUT_DIGEST))
  return { event, legKeysFrame: encodeFrame('legKeys', nextKeys), spareLeg }
}

/** The same as custody tells it when it knows it from the chain, which does not name the device that goes on. */
function fromChain({ data }: EventOf<'custody.transferred.manually.v1'>): ConsignEvent {
  const { agreement, shipment, leg, n, from, to, cutDigest, nextKeysHash } = data
  const said = { agreement, shipment, leg, n, from, to, cutDigest, nextKeysHash }
  return {
    id: `chain-${agreement}`,
    type: 'custody.transferred.onchain.v1',
    time: BASE_UTC_MS,
    data: { ...said, by: 'manualCut', txHash: CUT_DIGEST },
  }
}

async function underWay() {
  const events = memoryEventLog()
  const bench = await startBench(events)
  const shipment = await sampleShipment()
  await bench.tell(shipment.signed)
  await bench.upload(shipment.legKeysFrame)
  await bench.upload((await shipment.leg.next()).frame)
  return { events, bench, shipment }
}

const flags = async (bench: Bench, agreement: Hex, leg: number) =>
  (await bench.stored(subjects.envelope(agreement, leg))).map((m) => m.headers[ENVELOPE_HEADERS.flags])
const codes = async (bench: Bench) =>
  (await bench.stored('quarantine.*')).map((message: Recorded) => message.headers[QUARANTINE_HEADERS.code])

describe('after a manual cut', () => {
  test('the spare device opens the next leg with the keys that both custodians signed for', async () => {
    const { bench, shipment } = await underWay()
    const { event, legKeysFrame, spareLeg } = await cutByHand(shipment, 1)
    await bench.tell(event)
    await bench.upload(legKeysFrame, SPARE_ID)
    for (let i = 0; i < 2; i++) await bench.upload((await spareLeg.next()).frame, SPARE_ID)
    await bench.settle()
    expect(await flags(bench, shipment.agreement, 1)).toEqual([undefined, undefined])
    expect(await codes(bench)).toEqual([])
  })

  test('the same holds for an intake that starts anew', async () => {
    const { events, bench, shipment } = await underWay()
    const { event, legKeysFrame, spareLeg } = await cutByHand(shipment, 1)
    await bench.tell(event)
    await bench.upload(legKeysFrame, SPARE_ID)
    await bench.upload((await spareLeg.next()).frame, SPARE_ID)
    await bench.settle()
    const again = await startBench(events)
    const fork = spareLeg.fork()
    await again.upload((await spareLeg.next()).frame, SPARE_ID)
    await again.upload((await fork.next({ seed: new Uint8Array(16).fill(9) })).frame, SPARE_ID)
    await again.settle()
    expect(await flags(again, shipment.agreement, 1)).toEqual([undefined, undefined, 'fork'])
    expect(await codes(again)).toEqual([])
  })

  test.each([false, true])(
    'that the chain told of first, the spare device waits until custodians show it (intake anew: %s)',
    async (isAnew) => {
      const { events, bench, shipment } = await underWay()
      const { event, legKeysFrame, spareLeg } = await cutByHand(shipment, 1)
      await bench.tell(fromChain(event))
      await bench.upload((await shipment.leg.next()).frame)
      await bench.upload(legKeysFrame, SPARE_ID)
      expect(await codes(bench)).toEqual(['device.foreign'])
      await bench.tell(event)
      const heard = isAnew ? await startBench(events) : bench
      await heard.upload(legKeysFrame, SPARE_ID)
      await heard.upload((await spareLeg.next()).frame, SPARE_ID)
      await heard.settle()
      expect(await flags(heard, shipment.agreement, 0)).toEqual([undefined, 'afterCut'])
      expect(await flags(heard, shipment.agreement, 1)).toEqual([undefined])
    },
  )

  test('what the lost device still sends of its leg is kept, and said to come after the cut', async () => {
    const { bench, shipment } = await underWay()
    await bench.tell((await cutByHand(shipment, 1)).event)
    await bench.upload((await shipment.leg.next()).frame)
    await bench.settle()
    expect(await flags(bench, shipment.agreement, 0)).toEqual([undefined, 'afterCut'])
    expect(bench.receipts.at(-1)).toMatchObject({ leg: 0, status: 'stored', seq: 1 })
  })

  test('a handover that the lost device made of itself is a second branch of the next leg', async () => {
    const { bench, shipment } = await underWay()
    const { event, legKeysFrame } = await cutByHand(shipment, 1)
    await bench.tell(event)
    await bench.upload(legKeysFrame, SPARE_ID)
    const handover = await sampleHandover(shipment.leg)
    for (const frame of [
      handover.nextKeysFrame,
      handover.offerFrame,
      handover.cutFrame,
      handover.handoverFrame,
    ])
      await bench.upload(frame)
    await bench.settle()
    expect(await flags(bench, shipment.agreement, 1)).toEqual(['fork'])
    const cuts = (await bench.stored(subjects.device(shipment.agreement, 0))).filter(
      ({ data }) => data[0] === 4,
    )
    expect(cuts.map((m) => m.headers[ENVELOPE_HEADERS.flags])).toEqual(['fork'])
    expect(await codes(bench)).toEqual([])
  })

  test('without another device nothing opens the next leg, and no spare one may speak', async () => {
    const { bench, shipment } = await underWay()
    const { event, legKeysFrame, spareLeg } = await cutByHand(shipment, 1, false)
    await bench.tell(event)
    await bench.upload(legKeysFrame, SPARE_ID)
    await bench.upload((await spareLeg.next()).frame, SPARE_ID)
    await bench.settle()
    expect(await codes(bench)).toEqual(['device.foreign', 'device.foreign'])
    expect(await flags(bench, shipment.agreement, 1)).toEqual([])
  })

  test('keys of the next leg are taken from the spare device by its own signature alone', async () => {
    const { bench, shipment } = await underWay()
    await bench.tell((await cutByHand(shipment, 1)).event)
    const forged = await legKeysOf({ ...shipment.leg.ref, leg: 1 }, keysNumber(30), SPARE_LEG_KEYS)
    await bench.upload(encodeFrame('legKeys', encodeSignedLegKeys(forged)), SPARE_ID)
    expect(await codes(bench)).toEqual(['legKeys.signature.p256'])
  })
})

test('before it, a device that the terms do not name is foreign, and is heard once custodians named it', async () => {
  const { bench, shipment } = await underWay()
  const { event, legKeysFrame } = await cutByHand(shipment, 1)
  await bench.upload(legKeysFrame, SPARE_ID)
  expect(await codes(bench)).toEqual(['device.foreign'])
  await bench.tell(event)
  await bench.upload(legKeysFrame, SPARE_ID)
  const kept = await bench.stored(subjects.device(shipment.agreement, 1))
  expect(kept.map((message) => message.headers[ENVELOPE_HEADERS.device])).toEqual([SPARE_ID])
})
