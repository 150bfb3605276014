import { encodeSignedAccept, toHex } from '@consign/envelope'
import { subjects } from '@consign/events'
import { sampleAgreement } from '@consign/terms/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SampleJourney } from '../src/sample-journey.ts'
import { ask } from './ask.ts'
import { openScene, type Scene, toldTypes } from './scene.ts'

const journey = new SampleJourney(withoutWindow())
let scene: Scene
let nats: Scene['nats']
let log: Scene['log']
let service: Scene['service']
beforeEach(async () => {
  scene = await openScene({ WINDOW_GRACE_MS: '0' })
  ;({ nats, log, service } = scene)
})
afterEach(() => scene?.close())

/** The sample's terms, in which the dispute window passes at once. */
function withoutWindow() {
  const sample = sampleAgreement()
  const clauses = sample.terms.clauses.map((clause) =>
    clause.kind === 'windows' ? { ...clause, disputeMs: 0 } : clause,
  )
  return { ...sample, terms: { ...sample.terms, clauses } }
}

const types = () => toldTypes(log, journey.agreement)

const asked = (name: string, command: string, payload: unknown) =>
  ask(nats, journey.wallet(name), command, payload)

const device = (frame: Uint8Array, leg: number) =>
  log.publish(subjects.device(journey.agreement, leg), frame, { msgId: `${leg} ${frame.length}` })

async function deliver(): Promise<void> {
  const offer = await journey.offer(0)
  const accept = await journey.accept('factory', offer.digest)
  expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
  await device(await journey.legKeysFrame(0), 0)
  await device(await journey.legKeysFrame(1), 1)
  await device(offer.frame, 0)
  await expect.poll(types, { timeout: 30_000 }).toContain('offered')
  const { agreement } = journey
  const signed = toHex(encodeSignedAccept(accept.signed))
  expect(await asked('factory', 'accept', { agreement, accept: signed })).toMatchObject({ ok: true })
  await device((await journey.cut(0, offer.digest, accept.digest)).frame, 0)
}

const STORY = [
  'agreement.signed',
  'packed',
  'offered',
  'accepted',
  'transferred',
  'delivered',
  'window.closed',
]

// Signed, packed, offered, accepted, cut: the sixth decision is that the window has closed.
test.each(['custody.decided#6', 'custody.appended#6'])(
  'killed at %s, the service still closes the window of what was delivered, once',
  async (step) => {
    service.start(step)
    await deliver()
    await expect.poll(types, { timeout: 30_000 }).toEqual(STORY)
    await expect.poll(() => service.kills, { timeout: 30_000 }).toBe(1)
    // Answered by the service after its restart, which has read the log by then.
    expect(await asked('supplier', 'agreement', await journey.signedTerms())).toMatchObject({ ok: true })
    expect(await types()).toEqual(STORY)
  },
)
