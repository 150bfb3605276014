import { encodeSignedAccept, toHex } from '@consign/envelope'
import { subjects } from '@consign/events'
import { headers } from '@nats-io/nats-core'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { SampleJourney } from '../src/sample-journey.ts'
import { STEPS } from '../src/steps.ts'
import { ask as askAt } from './ask.ts'
import { openScene, type Scene, toldTypes } from './scene.ts'

let journey: SampleJourney
let offer: Awaited<ReturnType<SampleJourney['offer']>>
let accept: Awaited<ReturnType<SampleJourney['accept']>>
let cut: Awaited<ReturnType<SampleJourney['cut']>>
beforeAll(async () => {
  journey = new SampleJourney()
  offer = await journey.offer(0)
  accept = await journey.accept('shipper-x', offer.digest)
  cut = await journey.cut(0, offer.digest, accept.digest)
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

const ask = (name: string, command: string, payload: unknown) =>
  askAt(nats, journey.wallet(name), command, payload)

const device = (frame: Uint8Array, leg: number) =>
  log.publish(subjects.device(journey.agreement, leg), frame, {
    msgId: `${leg} ${frame.length} ${frame.at(-1)}`,
  })

async function travel(): Promise<void> {
  const signed = await journey.signedTerms()
  expect(await ask('supplier', 'agreement', signed)).toMatchObject({ ok: true, agreement: journey.agreement })
  await device(await journey.legKeysFrame(0), 0)
  await device(await journey.legKeysFrame(1), 1)
  await device(offer.frame, 0)
  await expect.poll(types, { timeout: 30_000 }).toContain('offered')
  const asked = { agreement: journey.agreement, accept: toHex(encodeSignedAccept(accept.signed)) }
  const answer = { ok: true, agreement: journey.agreement, leg: 0, acceptDigest: accept.digest }
  expect(await ask('shipper-x', 'accept', asked)).toEqual(answer)
  await device(cut.frame, 0)
  await expect.poll(types, { timeout: 30_000 }).toEqual(JOURNEY)
}

const JOURNEY = ['agreement.signed', 'packed', 'offered', 'accepted', 'transferred']

const types = () => toldTypes(log, journey.agreement)

async function fed(): Promise<string[]> {
  const shown: string[] = []
  for await (const { subject } of log.readStream('FEED', ['feed.>'])) shown.push(subject)
  return shown
}

const PARTIES = ['factory', 'supplier', 'shipper-x', 'shipper-y']

test.each([...STEPS, 'custody.decided#3', 'custody.fed#3'])(
  'killed at %s and started again, everything happens once',
  async (step) => {
    service.start(step)
    await travel()
    expect(await ask('shipper-x', 'replay', { from: 1_000_000 })).toMatchObject({
      ok: true,
      sent: 0,
      done: true,
    })
    const expected = PARTIES.flatMap((name) =>
      JOURNEY.map((type) => `feed.${journey.wallet(name)}.${shipment()}.custody-${type.replace('.', '-')}`),
    ).sort()
    await expect
      .poll(async () => (await fed()).length, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(expected.length)
    expect((await fed()).sort()).toEqual(expected)
    expect(await types()).toEqual(JOURNEY)
    expect(service.kills, service.stderr).toBe(1)
  },
)

const shipment = () => journey.sample.facts.shipment

test('a party follows its events live and gets those it missed again, with the same cursors', async () => {
  service.start()
  const me = journey.wallet('shipper-x')
  const live: { cursor: string; subject: string; data: string }[] = []
  const seen = nats.subscribe(`partner.${me}.>`, {
    callback: (_, message) => {
      const cursor = message.headers?.get('Nats-Sequence') ?? ''
      live.push({ cursor, subject: message.subject, data: message.string() })
    },
  })
  await travel()
  await expect.poll(() => live.length, { timeout: 30_000 }).toBe(JOURNEY.length)
  seen.unsubscribe()

  const inbox = `_INBOX_${me}.again`
  const replayed: typeof live = []
  const done = new Promise<unknown>((resolve) => {
    nats.subscribe(inbox, {
      callback: (_, message) => {
        if (message.headers?.get('Consign-Replay') === 'end') return resolve(message.json())
        const [cursor = '', subject = ''] = ['Nats-Sequence', 'Nats-Subject'].map((name) =>
          message.headers?.get(name),
        )
        replayed.push({ cursor, subject, data: message.string() })
      },
    })
  })
  nats.publish(subjects.command(me, 'replay'), JSON.stringify({ from: Number(live[2]?.cursor) }), {
    reply: inbox,
  })
  expect(await done).toMatchObject({ ok: true, sent: 3, done: true })
  expect(replayed).toEqual(live.slice(2))
})

test('nothing is answered outside the inbox of the party that asks', async () => {
  service.start()
  await travel()
  const me = journey.wallet('shipper-x')
  const strayed: string[] = []
  const victim = `_INBOX_${journey.wallet('factory')}.x`
  for (const reply of [victim, '_INBOX.x', `partner.${journey.wallet('factory')}.forged`]) {
    nats.subscribe(reply, { callback: (_, { subject }) => void strayed.push(subject) })
    nats.publish(subjects.command(me, 'replay'), '{}', { reply, headers: headers() })
  }
  // Answered in order: when this one is, the others have been passed over.
  expect(await ask('shipper-x', 'replay', { from: -1 })).toMatchObject({ error: { code: 'replay.from' } })
  await nats.flush()
  expect(strayed).toEqual([])
})

test('what is no request at all is answered with a code and stops nothing', async () => {
  service.start()
  expect(await ask('supplier', 'agreement', 'hello')).toMatchObject({ error: { code: 'agreement.request' } })
  expect(await ask('supplier', 'accept', {})).toMatchObject({ error: { code: 'accept.request' } })
  const signed = await journey.signedTerms()
  expect(await ask('supplier', 'agreement', { ...signed, payeeSignature: undefined })).toMatchObject({
    error: { code: 'agreement.signature' },
  })
  expect(await ask('supplier', 'agreement', signed)).toMatchObject({ ok: true })
  expect(await service.stop()).toBe(0)
})
