// Where the chain charges other cases than services judged: the plan, what is paid and what the contract fixes are one.

import { type Hex, parseEvent } from '@consign/events'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { parseEther } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { append, chargedFact } from '../../chain-writer/test/scenario.ts'
import {
  balanceOf,
  concluded,
  deliver,
  GUARANTEED_DRAFT,
  ofType,
  openScene,
  payees,
  type Scene,
  sign,
  until,
} from './scene.ts'

const tokens = (amount: string) => parseEther(amount)
const UNGUARANTEED_DRAFT = { ...SAMPLE_DRAFT, windows: GUARANTEED_DRAFT.windows! }
const MISSING: Hex = `0x${'0c'.repeat(32)}`

let scene: Scene

afterEach(() => scene?.close())

describe('a violation that the chain holds and services did not judge', () => {
  // Decided once, whatever is killed: the plan and its first payment.
  it.each([undefined, 'settlement.planned', 'settlement.intended'])(
    'is taken from the payment, as the contract takes it, when the service is killed at %s',
    async (killAt) => {
      scene = await openScene(UNGUARANTEED_DRAFT)
      const { agreement } = scene.scenario.shipment
      // Proven on chain by the charge; the assessment does not name it.
      await deliver(scene, [])
      const told = () => ofType(scene, 'chain.case.charged.v1', `chain.${agreement}`)
      await until(async () => (await told()).length > 0)
      const { ended } = scene.start(killAt)
      if (killAt !== undefined) {
        expect(await ended).toBe('SIGKILL')
        scene.start()
      }
      expect(await concluded(scene)).toMatchObject({ refund: String(tokens('10')), asPlanned: true })
      const { violation } = scene.scenario
      expect(await ofType(scene, 'settlement.planned.v1')).toMatchObject([
        {
          data: {
            byChain: {
              charged: [{ caseId: violation, penalty: String(tokens('10')) }],
              dropped: [],
              less: [],
            },
          },
        },
      ])
      await expectBalances(['200', '40', '50'])
    },
  )
})

describe('a violation that the chain was not shown', () => {
  it('is taken from what is not guaranteed, and the guarantee is claimed for the rest', async () => {
    scene = await openScene()
    await sign(scene)
    await append(
      scene.log,
      chargedFact(scene.scenario, { caseId: MISSING, runFromSeq: 3, startSeq: 7, runToSeq: 7 }),
    )
    await until(async () => (await refusals()).includes(`violation:${MISSING}`))
    await deliver(scene, [scene.scenario.violation, MISSING])
    scene.start()
    expect(await concluded(scene)).toMatchObject({ asPlanned: true, claimed: String(tokens('25')) })
    const [planned] = await ofType(scene, 'settlement.planned.v1')
    expect(planned!.data).toMatchObject({
      byChain: { charged: [], dropped: [], less: [{ caseId: MISSING, penalty: '0' }] },
      guaranteed: [{ wallet: payees(scene)[1], amount: String(tokens('25')) }],
    })
    await expectBalances(['200', '30', '50'])
  })
})

async function expectBalances(expected: string[]): Promise<void> {
  const balances = await Promise.all(payees(scene).map((one) => balanceOf(scene, one)))
  expect(balances).toEqual(expected.map(tokens))
}

async function refusals(): Promise<string[]> {
  const keys: string[] = []
  for await (const { data } of scene.log.read(['chain.*'])) {
    const event = parseEvent(data)
    if (event.type === 'chain.refused.v1') keys.push(event.data.key)
  }
  return keys
}
