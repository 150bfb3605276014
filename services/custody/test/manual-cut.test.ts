import { parseEvent, subjects } from '@consign/events'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { SampleJourney } from '../src/sample-journey.ts'
import { ask } from './ask.ts'
import { openScene, type Scene, toldTypes } from './scene.ts'

const PARTIES = ['factory', 'supplier', 'shipper-x', 'shipper-y']
const STORY = ['agreement.signed', 'packed', 'transferred.manually', 'transferred.manually', 'delivered']

let journey: SampleJourney
let cuts: Awaited<ReturnType<SampleJourney['manualCut']>>[]
beforeAll(async () => {
  journey = new SampleJourney()
  cuts = [
    await journey.manualCut(0, 'supplier', 'shipper-x'),
    await journey.manualCut(1, 'shipper-x', 'factory', { changes: { n: 0 } }),
  ]
})

let scene: Scene
let nats: Scene['nats']
let log: Scene['log']
let service: Scene['service']
beforeEach(async () => {
  scene = await openScene()
  ;({ nats, log, service } = scene)
})
afterEach(() => scene?.close())

const asked = (name: string, command: string, payload: unknown) =>
  ask(nats, journey.wallet(name), command, payload)

const typeOf = (data: Uint8Array) => parseEvent(data).type.replace(/^custody\.|\.v1$/g, '')

const types = () => toldTypes(log, journey.agreement)

async function shown(name: string): Promise<string[]> {
  const filter = subjects.feed(journey.wallet(name), journey.sample.facts.shipment, '>')
  const found: string[] = []
  for await (const { data } of log.readStream('FEED', [filter])) found.push(typeOf(data))
  return found
}

// Signed, packed, cut by hand: the third decision is the manual cut.
test.each([undefined, 'custody.decided#3', 'custody.appended#3', 'custody.replied#2'])(
  'killed at %s, goods without a device go to the payer by two manual cuts, told once to every party',
  async (step) => {
    service.start(step)
    expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
    const keys = await journey.legKeysFrame(0)
    await log.publish(subjects.device(journey.agreement, 0), keys, { msgId: 'keys' })
    await expect.poll(types, { timeout: 30_000 }).toContain('packed')
    const answer = await asked('shipper-x', 'manualCut', cuts[0])
    expect(answer).toMatchObject({ ok: true, agreement: journey.agreement, leg: 0 })
    expect(await asked('supplier', 'manualCut', cuts[0])).toEqual(answer)
    expect(await asked('factory', 'manualCut', cuts[1])).toMatchObject({ ok: true, leg: 1 })
    expect(await types()).toEqual(STORY)
    for (const name of PARTIES) await expect.poll(() => shown(name), { timeout: 30_000 }).toEqual(STORY)
    expect(service.kills).toBe(step === undefined ? 0 : 1)
  },
)

// Signed, packed, and then what the chain says: the third decision follows it.
test.each([undefined, 'custody.decided#3', 'custody.appended#3', 'custody.fed#3'])(
  'killed at %s, a manual cut that the chain alone holds moves custody once, and every party sees both',
  async (step) => {
    service.start(step)
    expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
    const keys = await journey.legKeysFrame(0)
    await log.publish(subjects.device(journey.agreement, 0), keys, { msgId: 'keys' })
    await expect.poll(types, { timeout: 30_000 }).toContain('packed')
    await log.append(subjects.chain(journey.agreement), [chainMoved()], { expectedSeq: 0 })
    const story = ['agreement.signed', 'packed', 'transferred.onchain']
    await expect.poll(types, { timeout: 30_000 }).toEqual(story)
    const all = [...story, 'chain.custody.moved'].sort()
    for (const name of PARTIES)
      await expect.poll(async () => (await shown(name)).sort(), { timeout: 30_000 }).toEqual(all)
    expect(await types()).toEqual(story)
    expect(service.kills).toBe(step === undefined ? 0 : 1)
  },
)

function chainMoved() {
  const { leg, n, to, nextKeysHash, reasonsHash, timeMs } = cuts[0]!.manualCut
  const manualCut = { timeMs: Number(timeMs), nextKeysHash, reasonsHash }
  const at = { agreement: journey.agreement, txHash: reasonsHash, blockNumber: 7, logIndex: 0 }
  const data = { ...at, leg, n, to, cutDigest: reasonsHash, manualCut }
  return { id: 'chain.log:7:0', type: 'chain.custody.moved.v1', time: 1, data }
}

test('what is refused is answered by its code, and moves nothing', async () => {
  service.start()
  expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
  const keys = await journey.legKeysFrame(0)
  await log.publish(subjects.device(journey.agreement, 0), keys, { msgId: 'keys' })
  await expect.poll(types, { timeout: 30_000 }).toContain('packed')
  const { toSignature: _, ...oneSided } = cuts[0]!
  const code = (payload: unknown) => asked('shipper-x', 'manualCut', payload)
  expect(await code(oneSided)).toMatchObject({ error: { code: 'manualCut.request', retry: false } })
  expect(await code({ ...cuts[0], toSignature: cuts[0]!.fromSignature })).toMatchObject({
    error: { code: 'manualCut.signature.ecdsa' },
  })
  expect(await code('hello')).toMatchObject({ error: { code: 'manualCut.request' } })
  expect(await types()).toEqual(['agreement.signed', 'packed'])
})
