import type { Reading } from '@consign/envelope'
import { type Hex, subjects } from '@consign/events'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NOW_MS, refusal, SampleCustody } from './sample-custody.ts'
import { SampleJourney } from './sample-journey.ts'

const destination = { south: 52, north: 53, west: 13, east: 14 }
const OFFERED = ['agreement.signed', 'packed', 'offered']
const at = (latitude: number, longitude: number): Reading[] => [
  { monotonicMs: 0, utcMs: NOW_MS, values: { latitude, longitude } },
]
const [THERE, ELSEWHERE] = [at(525_000_000, 135_000_000), at(1, 1)]

let journey: SampleJourney
let offer: Awaited<ReturnType<SampleJourney['offer']>>
let request: Awaited<ReturnType<SampleJourney['tenderRefusal']>>
beforeAll(async () => {
  journey = new SampleJourney(sampleAgreement({ ...SAMPLE_DRAFT, tender: { destination, graceHours: 1 } }))
  offer = await journey.offer(0)
  request = await journey.tenderRefusal(0)
}, 60_000)

let custody: SampleCustody
beforeEach(async () => {
  custody = await offered(THERE)
})

/** The device has offered the goods after envelope 1, where it stood at that moment. */
async function offered(readings: Reading[], clockState: 0 | 1 = 1): Promise<SampleCustody> {
  const service = new SampleCustody(journey)
  await service.sign(await journey.signedTerms())
  await service.device(await journey.legKeysFrame(0))
  await service.device(await journey.legKeysFrame(1), 1)
  for (const seq of [0, 1]) {
    const wire = await journey.envelope(0, seq, undefined, {
      readings: seq === 1 ? readings : ELSEWHERE,
      clockState,
    })
    await service.store(subjects.envelope(journey.agreement, 0), wire)
  }
  await service.device(offer.frame)
  return service
}

test('the payer refuses a tender with signed reasons, which every party is told', async () => {
  const answer = await custody.refuseTender(request)
  expect(answer).toMatchObject({ ok: true, agreement: journey.agreement, leg: 0 })
  expect(await custody.types()).toEqual([...OFFERED, 'tender.refused'])
  expect((await custody.events()).at(-1)?.data).toMatchObject({
    ...{ leg: 0, m: 2, reasons: 'two pallets are wet', signature: request.signature },
    refusalDigest: answer.refusalDigest,
  })
})

test('the same refusal again gets the same answer, also after its time, and no second event', async () => {
  const answer = await custody.refuseTender(request)
  custody.restart()
  custody.nowMs = NOW_MS + 9 * 3_600_000
  expect(await custody.refuseTender(request)).toEqual(answer)
  expect(await custody.types()).toEqual([...OFFERED, 'tender.refused'])
})

test('the leg goes on: the payer may take the goods after all', async () => {
  await custody.refuseTender(request)
  const accept = await journey.accept('factory', offer.digest)
  await custody.accept(accept.signed)
  await custody.device((await journey.cut(0, offer.digest, accept.digest)).frame)
  expect(await custody.types()).toEqual([
    ...OFFERED,
    ...['tender.refused', 'accepted', 'transferred', 'delivered'],
  ])
})

describe('a refusal is refused', () => {
  const code = (asked: unknown, by?: string) => refusal(custody.refuseTender(asked, by))

  test('by anyone but the payer, or for other reasons than were signed', async () => {
    expect(await code(request, 'supplier')).toBe('tenderRefusal.submitter')
    expect(await code(await journey.tenderRefusal(0, 'supplier'))).toBe('tenderRefusal.signature.ecdsa')
    expect(await code({ ...request, reasons: 'they are dry' })).toBe('tenderRefusal.signature.ecdsa')
    const { ecdsa } = request.signature
    const { mlDsa } = (await journey.tenderRefusal(0, 'supplier')).signature
    expect(await code({ ...request, signature: { ecdsa, mlDsa } })).toBe('tenderRefusal.signature.mlDsa')
    expect(await code({ ...request, reasons: '' })).toBe('tenderRefusal.request')
    expect(await custody.types()).toEqual(OFFERED)
  })

  test('where the device has not tendered: elsewhere, without a clock, or not at all', async () => {
    for (const [readings, clockState] of [
      [ELSEWHERE, 1],
      [[], 1],
      [THERE, 0],
    ] as const) {
      custody = await offered([...readings], clockState)
      expect(await code(request)).toBe('tenderRefusal.tender')
    }
    expect(await code(await journey.tenderRefusal(1))).toBe('leg.unknown')
  })

  test('after the grace of the terms, and not a moment before', async () => {
    custody.nowMs = NOW_MS + 3_600_001
    expect(await code(request)).toBe('tenderRefusal.grace')
    custody.nowMs = NOW_MS + 3_600_000
    expect(await code(request)).toBe('not refused')
  })

  test('a second time for other reasons, or once the leg has ended', async () => {
    await custody.refuseTender(request)
    expect(await code(await journey.tenderRefusal(0, 'factory', 'late'))).toBe('tenderRefusal.refused')
    custody = await offered(THERE)
    await custody.cutManually(await journey.manualCut(0, 'supplier', 'shipper-x'))
    expect(await code(request)).toBe('tenderRefusal.ended')
  })

  test('under terms that know no tender, or that are not signed here', async () => {
    const plain = new SampleJourney()
    custody = new SampleCustody(plain)
    const asked = await plain.tenderRefusal(0)
    expect(await code(asked)).toBe('agreement.unknown')
    await custody.sign(await plain.signedTerms())
    await custody.device(await plain.legKeysFrame(0))
    expect(await code(asked)).toBe('tenderRefusal.clause')
    const stranger: Hex = `0x${'b2'.repeat(20)}`
    expect(await code({ ...asked, agreement: stranger })).toMatch(/^tenderRefusal\.signature/)
  })
})
