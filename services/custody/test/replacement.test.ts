// A device dies on the way and another one goes on with the goods (P13): real edge programs, a real ingest and custody, a real nats-server.
import { decodeHeader, deviceId, encodeSignedAccept, type Hex, native, toHex } from '@consign/envelope'
import type { Recorded } from '@consign/eventlog'
import { ENVELOPE_HEADERS, subjects } from '@consign/events'
import { manualCutDigest } from '@consign/terms'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type IngestProcess, startIngest } from '../../ingest/test/ingest-process.ts'
import { DEPLOYMENT, SampleJourney } from '../src/sample-journey.ts'
import { ask } from './ask.ts'
import { type EdgeProcess, provisionEdge } from './edge-process.ts'
import { openScene, type Scene, toldTypes } from './scene.ts'

const WAIT = { timeout: 60_000 }
const journey = new SampleJourney()
const { agreement } = journey
const spareKeys = native.keysFromSeed(new Uint8Array(32).fill(201))
const spareId = deviceId(spareKeys.public)

let scene: Scene
let ingest: IngestProcess
let lost: EdgeProcess
let spare: EdgeProcess

beforeEach(async () => {
  scene = await openScene()
  ingest = await startIngest(scene.natsUrl)
  // It would not hand over by itself.
  lost = await provisionEdge(journey, ingest, journey.sample.device, { READINGS_PER_LEG: '100000' })
  spare = await provisionEdge(journey, ingest, spareKeys, { READINGS_PER_LEG: '12', REPLACES_LEG: '0' })
})

afterEach(async () => {
  await Promise.all([lost?.remove(), spare?.remove()])
  await ingest?.remove()
  await scene?.close()
})

const asked = (name: string, command: string, payload: unknown) =>
  ask(scene.nats, journey.wallet(name), command, payload)
const types = async () => (await toldTypes(scene.log, agreement)).filter((type) => type !== 'sealed')

async function envelopes(leg: number): Promise<Recorded[]> {
  const stored: Recorded[] = []
  for await (const message of scene.log.read([subjects.envelope(agreement, leg)])) stored.push(message)
  return stored
}

const flags = (messages: Recorded[]) => messages.map(({ headers }) => headers[ENVELOPE_HEADERS.flags])

async function quarantined(): Promise<number> {
  let count = 0
  for await (const _ of scene.log.readStream('QUARANTINE', ['quarantine.>'])) count += 1
  return count
}

/** Leg 0 goes on until its device dies; the spare one shows its keys. */
async function untilDead(): Promise<void> {
  expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
  lost.start()
  await expect.poll(types, WAIT).toEqual(['agreement.signed', 'packed'])
  await expect.poll(async () => (await envelopes(0)).length, WAIT).toBeGreaterThanOrEqual(3)
  await lost.kill()
  spare.start()
}

/** What supplier and carrier sign for the device that has shown its keys. */
async function cutByHand() {
  const { nextKeys, device } = await spare.saw('replacement')
  const n = await storedOfLeg0()
  const replacement = { nextKeys, device } as NonNullable<
    Parameters<SampleJourney['manualCut']>[3]
  >['replacement']
  return journey.manualCut(0, 'supplier', 'shipper-x', {
    changes: { n },
    ...(replacement && { replacement }),
  })
}

async function storedOfLeg0(): Promise<number> {
  const seqs = (await envelopes(0)).map(({ data }) => decodeHeader(data.subarray(0, 144)).seq)
  return Math.max(...seqs) + 1
}

/** A request that came before the last envelope of the dead device was stored is signed again for one more. */
async function submit(): Promise<Awaited<ReturnType<typeof cutByHand>>> {
  for (;;) {
    const cut = await cutByHand()
    const answer = (await asked('shipper-x', 'manualCut', cut)) as { error?: { code: string } }
    if (answer.error?.code === 'manualCut.envelopes') continue
    expect(answer).toMatchObject({ ok: true, leg: 0 })
    return cut
  }
}

/** The spare device goes on with leg 1, and hands over to the payer by its own offer and cut. */
async function travelOn(cut: Awaited<ReturnType<typeof cutByHand>>): Promise<void> {
  spare.tell({ manualCut: cut })
  expect(await spare.saw('tookOver')).toMatchObject({ leg: 1, name: 'shipper-x' })
  const { offerDigest } = await spare.saw('offer')
  await expect.poll(types, WAIT).toContain('offered')
  const { signed } = await journey.accept('factory', offerDigest as Hex)
  const accept = toHex(encodeSignedAccept(signed))
  expect(await asked('factory', 'accept', { agreement, accept })).toMatchObject({ ok: true, leg: 1 })
  expect(await spare.ended()).toBe(0)
  await expect.poll(types, WAIT).toContain('delivered')
  const own = await envelopes(1)
  expect(own.length).toBeGreaterThanOrEqual(3)
  expect(flags(own)).toEqual(own.map(() => undefined))
  expect(own.map(({ headers }) => headers[ENVELOPE_HEADERS.device])).toEqual(own.map(() => spareId))
}

const HANDED_ON = ['offered', 'accepted', 'transferred', 'delivered']

// The third decision of custody is the manual cut, after signing and packing.
test.each([undefined, 'custody.decided#3', 'custody.appended#3'])(
  'killed at %s, the device that custodians put in the place of a dead one carries the goods to the payer',
  async (step) => {
    scene.service.start(step)
    await untilDead()
    await travelOn(await submit())
    expect(await types()).toEqual(['agreement.signed', 'packed', 'transferred.manually', ...HANDED_ON])
    expect(await quarantined()).toBe(0)
    expect(scene.service.kills).toBe(step === undefined ? 0 : 1)
  },
)

test('the dead device, when it wakes up, has what it tells kept as after the cut, and proves no tampering', async () => {
  scene.service.start()
  await untilDead()
  const cut = await submit()
  lost.start()
  await expect.poll(async () => flags(await envelopes(0)).includes('afterCut'), WAIT).toBe(true)
  await travelOn(cut)
  const before = (await envelopes(0)).filter(({ headers }) => headers[ENVELOPE_HEADERS.flags] === undefined)
  expect(before).toHaveLength(cut.manualCut.n)
  expect(await types()).not.toContain('tampered')
})

test('a cut that the chain told of first opens the leg once a custodian shows the device to the services', async () => {
  scene.service.start()
  await untilDead()
  const cut = await cutByHand()
  const { timeMs, amount, penaltyMax, ...said } = cut.manualCut
  const signed = { ...said, timeMs: BigInt(timeMs), amount: BigInt(amount), penaltyMax: BigInt(penaltyMax) }
  const cutDigest = manualCutDigest({ chainId: DEPLOYMENT.chainId, agreement }, signed)
  const manualCut = {
    timeMs: Number(timeMs),
    nextKeysHash: said.nextKeysHash,
    reasonsHash: said.reasonsHash,
  }
  const at = { agreement, txHash: cutDigest, blockNumber: 7, logIndex: 0 }
  const data = { ...at, leg: 0, n: said.n, to: said.to, cutDigest, manualCut }
  const event = { id: 'chain.log:7:0', type: 'chain.custody.moved.v1', time: 1, data }
  await scene.log.append(subjects.chain(agreement), [event], { expectedSeq: 0 })
  await expect.poll(types, WAIT).toContain('transferred.onchain')
  expect(await asked('shipper-x', 'manualCut', cut)).toMatchObject({ ok: true, leg: 0 })
  await travelOn(cut)
  expect(await types()).toEqual([
    'agreement.signed',
    'packed',
    'transferred.onchain',
    'transferred.manually',
    ...HANDED_ON,
  ])
})
