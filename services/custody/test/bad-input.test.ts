import { encodeSignedAccept, type SignedAccept, toHex } from '@consign/envelope'
import { type Hex, subjects } from '@consign/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SampleJourney } from '../src/sample-journey.ts'
import { ask } from './ask.ts'
import { openScene, type Scene, toldTypes } from './scene.ts'

const STRANGER: Hex = `0x${'99'.repeat(20)}`

let journey: SampleJourney
let scene: Scene
let nats: Scene['nats']
let log: Scene['log']
let service: Scene['service']
let terms: Awaited<ReturnType<SampleJourney['signedTerms']>>
beforeAll(async () => {
  journey = new SampleJourney()
  terms = await journey.signedTerms()
  scene = await openScene()
  ;({ nats, log, service } = scene)
  service.start()
})
afterAll(() => scene?.close())

const codeOf = (answer: unknown) => (answer as { error?: { code: string } }).error?.code ?? 'not refused'

const sign = async (asked: unknown, by = journey.wallet('supplier')) =>
  codeOf(await ask(nats, by, 'agreement', asked))

const accept = async (signed: SignedAccept, by: Hex = signed.record.party) =>
  codeOf(
    await ask(nats, by, 'accept', {
      agreement: journey.agreement,
      accept: toHex(encodeSignedAccept(signed)),
    }),
  )

const types = () => toldTypes(log, journey.agreement)

let names = 0
const store = (subject: string, bytes: Uint8Array) => log.publish(subject, bytes, { msgId: `bad ${names++}` })
const device = (leg: number, frame: Uint8Array) => store(subjects.device(journey.agreement, leg), frame)
const until = (type: string, times = 1) =>
  expect
    .poll(async () => (await types()).filter((each) => each === type).length, { timeout: 30_000 })
    .toBe(times)

/** The sample's terms, in which the temperature must also not be below a bound above the one that it must not exceed. */
function contradictory() {
  const clauses = terms.terms.clauses.flatMap((clause): unknown[] =>
    clause.kind === 'limit.instantaneous'
      ? [
          clause,
          {
            ...clause,
            salt: `0x${'5a'.repeat(32)}`,
            limitId: clause.limitId + 100,
            side: 'below',
            bound: clause.bound + 1,
          },
        ]
      : [clause],
  )
  return { ...terms, terms: { ...terms.terms, clauses } }
}

// In this order, against one running service: what was refused must not have moved anything when the right one comes.
describe('the running service refuses', () => {
  test('terms signed by one side only, or by one side for both', async () => {
    const { payerSignature, payeeSignature, terms: document } = terms
    expect(await sign({ terms: document, payerSignature })).toBe('agreement.signature')
    expect(await sign({ terms: document, payeeSignature })).toBe('agreement.signature')
    expect(await sign({ ...terms, payeeSignature: payerSignature })).toBe('terms.signature.ecdsa')
    expect(await sign({ ...terms, payerSignature: payeeSignature })).toBe('terms.signature.ecdsa')
  })

  test('terms with contradictory limits', async () => {
    expect(await sign(contradictory())).toBe('terms.contradictory')
  })

  test('terms submitted by a stranger', async () => {
    expect(await sign(terms, STRANGER)).toBe('agreement.party')
    expect(await types()).toEqual([])
  })

  test('acceptances by a party not in the terms, by another than the signer, and of another offer', async () => {
    expect(await sign(terms)).toBe('not refused')
    const offer = await journey.offer(0)
    await device(0, await journey.legKeysFrame(0))
    await device(1, await journey.legKeysFrame(1))
    await device(0, offer.frame)
    await until('offered')
    const { signed } = await journey.accept('shipper-x', offer.digest)
    const foreign = { ...signed, record: { ...signed.record, party: STRANGER } }
    expect(await accept(foreign)).toBe('accept.party')
    expect(await accept(signed, journey.wallet('shipper-y'))).toBe('accept.party')
    const other = await journey.offer(0, { nonce: new Uint8Array(16).fill(99) })
    expect(await accept((await journey.accept('shipper-x', other.digest)).signed)).toBe('accept.offer')
    // Signed for another offer, then told to be for this one.
    const moved = (await journey.accept('shipper-x', other.digest)).signed
    expect(await accept({ ...moved, record: { ...moved.record, offerDigest: offer.digest } })).toBe(
      'accept.signature.ecdsa',
    )
    expect(await types()).toEqual(['agreement.signed', 'packed', 'offered'])
  })

  test('acceptances replayed after the cut, while the one that counted gets its answer again', async () => {
    const offer = await journey.offer(0)
    const { signed, digest } = await journey.accept('shipper-x', offer.digest)
    expect(await accept(signed)).toBe('not refused')
    await device(0, (await journey.cut(0, offer.digest, digest)).frame)
    await until('transferred')
    expect(await accept((await journey.accept('shipper-y', offer.digest)).signed)).toBe('accept.replayed')
    expect(await accept(signed)).toBe('not refused')
    expect((await types()).filter((type) => type === 'accepted')).toHaveLength(1)
  })

  test('acceptances of an offer that has expired', async () => {
    const offer = await journey.offer(1)
    await device(2, await journey.legKeysFrame(2))
    await device(1, offer.frame)
    await until('offered', 2)
    // The offer of envelope 2 holds for ten envelopes.
    await store(subjects.envelope(journey.agreement, 1), await journey.envelope(1, 12))
    expect(await accept((await journey.accept('shipper-y', offer.digest)).signed)).toBe('accept.expired')
    expect((await types()).filter((type) => type === 'accepted')).toHaveLength(1)
  })

  test('and has not been stopped by any of it', async () => {
    expect(service.kills).toBe(0)
    expect(await sign(terms)).toBe('not refused')
  })
})
