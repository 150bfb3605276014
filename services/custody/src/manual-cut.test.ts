import { type Hex, subjects } from '@consign/events'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { submitManualCut } from './manual-cut-request.ts'
import { NOW_MS, refusal, SampleCustody } from './sample-custody.ts'
import { SampleJourney } from './sample-journey.ts'

const PACKED = ['agreement.signed', 'packed']
const hash32 = (byte: string): Hex => `0x${byte.repeat(32)}`

let journey: SampleJourney
let request: Awaited<ReturnType<SampleJourney['manualCut']>>
let replacement: Awaited<ReturnType<SampleJourney['replacement']>>
beforeAll(async () => {
  journey = new SampleJourney()
  request = await journey.manualCut(0, 'supplier', 'shipper-x')
  replacement = await journey.replacement(1)
}, 60_000)

let custody: SampleCustody
beforeEach(async () => {
  custody = new SampleCustody(journey)
  await custody.sign(await journey.signedTerms())
  await custody.device(await journey.legKeysFrame(0))
})

const storeEnvelope = async (leg: number, seq: number) =>
  custody.store(subjects.envelope(journey.agreement, leg), await journey.envelope(leg, seq))

test('what both custodians signed moves the goods without the device', async () => {
  const answer = await custody.cutManually(request)
  expect(answer).toMatchObject({ ok: true, agreement: journey.agreement, leg: 0 })
  expect(await custody.types()).toEqual([...PACKED, 'transferred.manually'])
  expect((await custody.events()).at(-1)).toMatchObject({
    time: NOW_MS,
    data: {
      leg: 0,
      n: 3,
      from: journey.wallet('supplier'),
      to: journey.wallet('shipper-x'),
      cutDigest: answer.cutDigest,
      fromSignature: request.fromSignature,
      toSignature: request.toSignature,
    },
  })
})

test('the same cut again, by any party and after a restart, gets the same answer and no second event', async () => {
  const answer = await custody.cutManually(request)
  custody.restart()
  await storeEnvelope(0, 7)
  expect(await custody.cutManually(request, 'factory')).toEqual(answer)
  expect(await custody.types()).toEqual([...PACKED, 'transferred.manually'])
})

test('goods that go unmeasured are handed on, and delivered, by hand', async () => {
  await custody.cutManually(request)
  await custody.cutManually(await journey.manualCut(1, 'shipper-x', 'factory', { changes: { n: 0 } }))
  expect(await custody.types()).toEqual([
    ...PACKED,
    'transferred.manually',
    'transferred.manually',
    'delivered',
  ])
})

describe('a manual cut is refused', () => {
  const cutWith = async (changes: Parameters<SampleJourney['manualCut']>[3]) =>
    refusal(custody.cutManually(await journey.manualCut(0, 'supplier', 'shipper-x', changes)))

  test('when a custodian has not signed it, or signed for the other', async () => {
    const { toSignature: _, ...oneSided } = request
    expect(await refusal(custody.cutManually(oneSided))).toBe('manualCut.request')
    const code = (change: object) => refusal(custody.cutManually({ ...request, ...change }))
    expect(await code({ toSignature: request.fromSignature })).toBe('manualCut.signature.ecdsa')
    expect(await code({ fromSignature: request.toSignature })).toBe('manualCut.signature.ecdsa')
    const { ecdsa } = request.toSignature
    const classical = { ecdsa, mlDsa: request.fromSignature.mlDsa }
    expect(await code({ toSignature: classical })).toBe('manualCut.signature.mlDsa')
    expect(await custody.types()).toEqual(PACKED)
  })

  test('when anyone but the custodian of the leg hands over', async () => {
    const byCarrier = await journey.manualCut(0, 'shipper-y', 'shipper-x')
    expect(await refusal(custody.cutManually(byCarrier))).toBe('manualCut.signature.ecdsa')
  })

  test('submitted by a stranger, for a party that is none, or to who has the goods', async () => {
    const stranger: Hex = `0x${'99'.repeat(20)}`
    expect(await refusal(submitManualCut(custody.context, stranger, request))).toBe('manualCut.submitter')
    expect(await cutWith({ changes: { to: stranger } })).toBe('manualCut.party')
    expect(await refusal(custody.cutManually(await journey.manualCut(0, 'supplier', 'supplier')))).toBe(
      'manualCut.custodian',
    )
  })

  test('for other terms, another amount or another penalty than agreed', async () => {
    expect(await cutWith({ changes: { termsHash: hash32('99') } })).toBe('manualCut.termsHash')
    expect(await cutWith({ changes: { amount: 1n } })).toBe('manualCut.amount')
    expect(await cutWith({ changes: { penaltyMax: 1n } })).toBe('manualCut.penaltyMax')
  })

  test('when it would take back what the device has told', async () => {
    await storeEnvelope(0, 3)
    expect(await refusal(custody.cutManually(request))).toBe('manualCut.envelopes')
    expect(await cutWith({ changes: { n: 4 } })).toBe('not refused')
  })

  test('of a leg that has not begun, or has ended', async () => {
    const later = await journey.manualCut(1, 'shipper-x', 'factory')
    expect(await refusal(custody.cutManually(later))).toBe('leg.unknown')
    await custody.cutManually(request)
    expect(await cutWith({ changes: { n: 4 } })).toBe('manualCut.ended')
  })

  test('of the payer’s leg', async () => {
    await custody.cutManually(await journey.manualCut(0, 'supplier', 'factory'))
    const onward = await journey.manualCut(1, 'factory', 'shipper-x')
    expect(await refusal(custody.cutManually(onward))).toBe('manualCut.ended')
  })

  test('when the keys that were signed for are missing, of another leg, others, or not by the device shown', async () => {
    expect(await cutWith({ changes: { nextKeysHash: hash32('00') } })).toBe('manualCut.nextKeys')
    expect(await cutWith({ changes: { nextKeysHash: hash32('77') } })).toBe('manualCut.nextKeys')
    const { shown } = replacement
    expect(await cutWith({ changes: { nextKeysHash: hash32('77') }, replacement: shown })).toBe(
      'manualCut.nextKeys',
    )
    expect(await cutWith({ replacement: (await journey.replacement(2)).shown })).toBe('manualCut.nextKeys')
    const { p256 } = journey.sample.device.public
    const device = { ...shown.device, p256: `0x${Buffer.from(p256).toString('hex')}` as Hex }
    expect(await cutWith({ replacement: { ...shown, device } })).toBe('legKeys.signature.p256')
  })

  test('when the agreement is not signed here', async () => {
    custody = new SampleCustody(journey)
    expect(await refusal(custody.cutManually(request))).toBe('agreement.unknown')
  })
})

describe('after a manual cut', () => {
  test('offers, acceptances and cuts of the lost device come too late and prove nothing against it', async () => {
    const offer = await journey.offer(0)
    const accept = await journey.accept('shipper-y', offer.digest)
    await custody.device(await journey.legKeysFrame(1), 1)
    await custody.device(offer.frame)
    await custody.cutManually(request)
    expect(await refusal(custody.accept(accept.signed))).toBe('accept.replayed')
    await custody.device((await journey.cut(0, offer.digest, accept.digest)).frame)
    await custody.device((await journey.offer(0, { nonce: new Uint8Array(16).fill(9) })).frame)
    expect(await custody.types()).toEqual([...PACKED, 'offered', 'transferred.manually'])
  })

  test('a seal of the ended leg still counts: it answers for what the device told', async () => {
    await custody.cutManually(request)
    await custody.device(await journey.sealFrame(0, 2))
    expect(await custody.types()).toEqual([...PACKED, 'transferred.manually', 'sealed'])
  })

  test('nothing that a device shows is of a leg without one', async () => {
    await custody.cutManually(request)
    await custody.device((await journey.offer(1)).frame, 1)
    await custody.device(await journey.legKeysFrame(2), 2)
    await custody.device(await journey.sealOfAnyone(1, 1), 1)
    expect(await custody.types()).toEqual([...PACKED, 'transferred.manually'])
    expect(custody.late).toEqual([])
  })

  test('the device that replaced the lost one offers and cuts the next leg', async () => {
    const withDevice = await journey.manualCut(0, 'supplier', 'shipper-x', { replacement: replacement.shown })
    await custody.cutManually(withDevice)
    expect((await custody.events()).at(-1)?.data).toMatchObject({
      replacement: {
        device: { deviceId: `0x${replacement.deviceId}` },
        nextKeys: replacement.shown.nextKeys,
      },
    })
    await custody.device(await journey.legKeysFrame(2), 2)
    const byLost = await journey.offer(1, { nonce: new Uint8Array(16).fill(8) })
    expect(await refusal(custody.device(byLost.frame, 1))).toBe('offer.device')
    const offer = await journey.offer(1, { device: replacement.deviceId })
    await custody.device(offer.frame, 1)
    const accept = await journey.accept('factory', offer.digest)
    await custody.accept(accept.signed)
    await custody.device((await journey.cut(1, offer.digest, accept.digest)).frame, 1)
    expect(await custody.types()).toEqual([
      ...PACKED,
      ...['transferred.manually', 'offered', 'accepted', 'transferred', 'delivered'],
    ])
  })
})
