import { encodeSignedAccept, toHex } from '@consign/envelope'
import type { Hex } from '@consign/events'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NOW_MS, refusal, SampleCustody } from './sample-custody.ts'
import { SampleJourney } from './sample-journey.ts'

const NOT_AFTER_MS = Date.UTC(2026, 10, 3)

let journey: SampleJourney
let offer: Awaited<ReturnType<SampleJourney['offer']>>
let byDriver: Awaited<ReturnType<SampleJourney['acceptByDriver']>>
let cut: Awaited<ReturnType<SampleJourney['cut']>>
beforeAll(async () => {
  journey = new SampleJourney()
  offer = await journey.offer(0)
  byDriver = await journey.acceptByDriver('shipper-x', offer.digest)
  cut = await journey.cut(0, offer.digest, byDriver.digest)
})

let custody: SampleCustody
beforeEach(async () => {
  custody = new SampleCustody(journey)
  await custody.sign(await journey.signedTerms())
  await custody.device(await journey.legKeysFrame(0))
  await custody.device(await journey.legKeysFrame(1), 1)
  await custody.device(offer.frame)
})

const MOVED = ['agreement.signed', 'packed', 'offered', 'accepted', 'transferred']
const accepting = async (changes: Parameters<SampleJourney['acceptByDriver']>[2], by?: Hex) => {
  const { signed } = await journey.acceptByDriver('shipper-x', offer.digest, changes)
  return refusal(custody.accept(signed, by))
}

describe('an acceptance by a driver', () => {
  test('that the driver sends becomes its party’s, and so does custody', async () => {
    await custody.accept(byDriver.signed, byDriver.delegate)
    await custody.device(cut.frame)
    expect(await custody.types()).toEqual(MOVED)
    const [accepted, transferred] = (await custody.events()).slice(-2)
    const accept = toHex(encodeSignedAccept(byDriver.signed))
    expect(accepted?.data).toMatchObject({ party: journey.wallet('shipper-x'), accept })
    expect(transferred?.data).toMatchObject({ to: journey.wallet('shipper-x'), accept })
  })

  test('may be sent by the party too, and by nobody else', async () => {
    const { signed } = byDriver
    expect(await refusal(custody.accept(signed, journey.wallet('shipper-y')))).toBe('accept.party')
    await custody.accept(signed, journey.wallet('shipper-x'))
    await custody.accept(signed, byDriver.delegate)
    expect(await custody.types()).toEqual(MOVED.slice(0, 4))
  })

  test('is refused when the delegation is not its party’s, not for this agreement, or for another delegate', async () => {
    const wallet = journey.wallet('shipper-y')
    expect(await accepting({ party: wallet, signer: 'shipper-y' })).toBe('delegation.party')
    expect(await accepting({ signer: 'shipper-y' })).toBe('delegation.signature.ecdsa')
    expect(await accepting({ scope: `0x${'11'.repeat(32)}` })).toBe('delegation.scope')
    expect(await accepting({ delegate: wallet })).toBe('delegation.delegate')
    expect(await custody.types()).toEqual(MOVED.slice(0, 3))
  })

  test('is refused by request once the delegation has ended by our clock', async () => {
    custody.nowMs = NOT_AFTER_MS + 1
    expect(await refusal(custody.accept(byDriver.signed, byDriver.delegate))).toBe('delegation.expired')
    custody.nowMs = NOT_AFTER_MS
    await custody.accept(byDriver.signed, byDriver.delegate)
  })
})

describe('a cut for a driver', () => {
  const cutAfter = async (baseUtcMs: number, clockState: 0 | 1 = 1) => {
    await custody.envelope(await journey.envelope(0, 2, undefined, { baseUtcMs, clockState }), 0)
    return refusal(custody.device(cut.frame))
  }

  test('stands when the envelope before it is not later than the delegation, however late it comes', async () => {
    await custody.accept(byDriver.signed, byDriver.delegate)
    custody.nowMs = NOT_AFTER_MS + 1_000_000
    expect(await cutAfter(NOT_AFTER_MS)).toBe('not refused')
    expect(await custody.types()).toEqual(MOVED)
  })

  test('is refused when that envelope is later, by a clock that is set', async () => {
    await custody.accept(byDriver.signed, byDriver.delegate)
    expect(await cutAfter(NOT_AFTER_MS + 1)).toBe('delegation.expired')
    expect(await custody.types()).toEqual(MOVED.slice(0, 4))
  })

  test('is refused when the clock of that envelope was not set', async () => {
    await custody.accept(byDriver.signed, byDriver.delegate)
    expect(await cutAfter(NOW_MS, 0)).toBe('delegation.clock')
    expect(await custody.types()).toEqual(MOVED.slice(0, 4))
  })

  test('is judged by when we learn of it when no envelope tells the time', async () => {
    const ended = { notAfterMs: NOW_MS - 1 }
    const late = await journey.acceptByDriver('shipper-x', offer.digest, ended)
    const first = await journey.envelope(1, 0, { cut, accept: late.signed })
    expect(await refusal(custody.envelope(first, 1))).toBe('delegation.expired')
    expect(await custody.types()).toEqual(MOVED.slice(0, 3))
  })

  test('stands with the acceptance that the device alone brought, however late it comes', async () => {
    custody.nowMs = NOT_AFTER_MS + 1_000_000
    await custody.envelope(await journey.envelope(0, 2, undefined, { baseUtcMs: NOW_MS }), 0)
    await custody.envelope(await journey.envelope(1, 0, { cut, accept: byDriver.signed }), 1)
    expect(await custody.types()).toEqual(MOVED)
  })

  test('moves nothing when the device brings one that expired, or is for another agreement', async () => {
    await custody.envelope(await journey.envelope(0, 2, undefined, { baseUtcMs: NOT_AFTER_MS + 1 }), 0)
    const late = await journey.envelope(1, 0, { cut, accept: byDriver.signed })
    expect(await refusal(custody.envelope(late, 1))).toBe('delegation.expired')
    const scope: Hex = `0x${'11'.repeat(32)}`
    const other = await journey.acceptByDriver('shipper-x', offer.digest, { scope })
    const foreign = await journey.envelope(1, 0, { cut, accept: other.signed })
    expect(await refusal(custody.envelope(foreign, 1))).toBe('delegation.scope')
    expect(await custody.types()).toEqual(MOVED.slice(0, 3))
  })
})
