import type { Hex } from '@consign/events'
import { manualCutDigest, NO_NEXT_KEYS } from '@consign/terms'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Moved } from './chain-moves.ts'
import { refusal, SampleCustody } from './sample-custody.ts'
import { DEPLOYMENT, SampleJourney } from './sample-journey.ts'

const PACKED = ['agreement.signed', 'packed']
const TX: Hex = `0x${'7a'.repeat(32)}`
const NO_CUT: Hex = `0x${'00'.repeat(32)}`

let journey: SampleJourney
let replacement: Awaited<ReturnType<SampleJourney['replacement']>>
let withDevice: Awaited<ReturnType<SampleJourney['manualCut']>>
beforeAll(async () => {
  journey = new SampleJourney()
  replacement = await journey.replacement(1)
  withDevice = await journey.manualCut(0, 'supplier', 'shipper-x', { replacement: replacement.shown })
}, 60_000)

let custody: SampleCustody
beforeEach(async () => {
  custody = new SampleCustody(journey)
  await custody.sign(await journey.signedTerms())
})

const pack = async () => custody.device(await journey.legKeysFrame(0))
const place = (leg: number) => {
  const { agreement } = journey
  return { agreement, leg, txHash: TX, blockNumber: 12, logIndex: leg }
}

/** As the chain says it of what two custodians signed and recorded there. */
function recorded({ manualCut }: Awaited<ReturnType<SampleJourney['manualCut']>>): Moved {
  const said = { ...manualCut, timeMs: BigInt(manualCut.timeMs) }
  const amounts = { amount: BigInt(manualCut.amount), penaltyMax: BigInt(manualCut.penaltyMax) }
  const cutDigest = manualCutDigest(
    { chainId: DEPLOYMENT.chainId, agreement: journey.agreement },
    { ...said, ...amounts },
  )
  const { leg, n, to, nextKeysHash, reasonsHash } = manualCut
  const shown = { timeMs: Number(manualCut.timeMs), nextKeysHash, reasonsHash }
  return { ...place(leg), n, to, cutDigest, manualCut: shown }
}

const tendered = (leg: number, n: number): Moved => ({
  ...place(leg),
  ...{ n, to: journey.wallet('factory'), cutDigest: NO_CUT },
})

describe('a manual cut that is on chain alone', () => {
  test('moves custody here too, once, whatever the order, the repetition and restarts', async () => {
    const [first, second] = [
      recorded(await journey.manualCut(0, 'supplier', 'shipper-x')),
      recorded(await journey.manualCut(1, 'shipper-x', 'factory', { changes: { n: 0 } })),
    ]
    await custody.chainMoved(second)
    expect(await custody.types()).toEqual(['agreement.signed'])
    await pack()
    await custody.chainMoved(first)
    custody.restart()
    await custody.chainMoved(first)
    await custody.chainMoved(second)
    expect(await custody.types()).toEqual([
      ...PACKED,
      ...['transferred.onchain', 'transferred.onchain', 'delivered'],
    ])
    const [, , moved] = await custody.events()
    expect(moved?.data).toMatchObject({
      ...{ leg: 0, n: 3, by: 'manualCut', txHash: TX, nextKeysHash: NO_NEXT_KEYS },
      ...{ from: journey.wallet('supplier'), to: journey.wallet('shipper-x'), cutDigest: first.cutDigest },
    })
  })

  test('that came before its leg is taken up when the leg begins, also after a restart', async () => {
    await custody.chainMoved(recorded(await journey.manualCut(0, 'supplier', 'shipper-x')))
    custody.restart()
    await pack()
    expect(await custody.types()).toEqual([...PACKED, 'transferred.onchain'])
  })

  test('and was told here before is no news', async () => {
    await pack()
    const cut = await journey.manualCut(0, 'supplier', 'shipper-x')
    await custody.cutManually(cut)
    await custody.chainMoved(recorded(cut))
    expect(await custody.types()).toEqual([...PACKED, 'transferred.manually'])
    expect(custody.late).toEqual([])
  })

  test('is completed by whoever shows the device that goes on, which then hands over', async () => {
    await pack()
    await custody.chainMoved(recorded(withDevice))
    const answer = await custody.cutManually(withDevice)
    expect(answer).toMatchObject({ ok: true, leg: 0 })
    expect(await custody.cutManually(withDevice)).toEqual(answer)
    custody.restart()
    await custody.device(await journey.legKeysFrame(2), 2)
    const offer = await journey.offer(1, { device: replacement.deviceId })
    await custody.device(offer.frame, 1)
    await custody.accept((await journey.accept('factory', offer.digest)).signed)
    expect(await custody.types()).toEqual([
      ...PACKED,
      ...['transferred.onchain', 'transferred.manually', 'offered', 'accepted'],
    ])
  })

  test('for which nobody signed with the keys that are shown brings no device', async () => {
    await pack()
    await custody.chainMoved(recorded(withDevice))
    const other = { ...withDevice, replacement: (await journey.replacement(2)).shown }
    expect(await refusal(custody.cutManually(other))).toBe('manualCut.nextKeys')
    expect(await custody.types()).toEqual([...PACKED, 'transferred.onchain'])
  })

  test('that ends a leg which was cut otherwise here is said to differ, and changes nothing', async () => {
    await pack()
    await custody.cutManually(await journey.manualCut(0, 'supplier', 'shipper-x'))
    await custody.chainMoved(recorded(await journey.manualCut(0, 'supplier', 'shipper-y')))
    expect(custody.late).toEqual(['chainTransfer.ended'])
    expect(await custody.types()).toEqual([...PACKED, 'transferred.manually'])
  })
})

test('a tender that the payer let pass delivers the goods', async () => {
  await pack()
  await custody.chainMoved(tendered(0, 2))
  await custody.chainMoved(tendered(0, 2))
  expect(await custody.types()).toEqual([...PACKED, 'transferred.onchain', 'delivered'])
  expect((await custody.events())[2]?.data).toMatchObject({ by: 'tender', n: 2, cutDigest: NO_CUT })
})

test('a cut of the device on chain waits for the device, which alone shows the keys that go on', async () => {
  await pack()
  await custody.chainMoved({
    ...place(0),
    ...{ n: 3, to: journey.wallet('shipper-x'), cutDigest: `0x${'1c'.repeat(32)}` },
  })
  expect(await custody.types()).toEqual(PACKED)
})
