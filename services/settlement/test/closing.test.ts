// Goods that never came, or never left: somebody closes the agreement on chain, and the service ends what it has reserved and paid in for it.
import { agreementAbi, closeUndeliveredArguments } from '@consign/chain'
import { freePort } from '@consign/eventlog/testing'
import { general, type TermsDraft } from '@consign/terms'
import { parseEther } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { append, writeLost } from '../../chain-writer/test/scenario.ts'
import {
  balanceOf,
  concluded,
  GUARANTEED_DRAFT,
  metricsAt,
  ofType,
  openScene,
  payees,
  type Scene,
  sign,
  until,
} from './scene.ts'

const SECOND_HOURS = 1 / 3600
/** The goods count as lost at once, which costs who holds them 20 of its 50. */
const LOST_DRAFT: TermsDraft = {
  ...GUARANTEED_DRAFT,
  deadline: {
    hours: SECOND_HOURS,
    penaltyTokens: '1',
    lostAfterHours: 2 * SECOND_HOURS,
    lossPenaltyTokens: '20',
  },
}
const tokens = (amount: string) => parseEther(amount)
const TREASURY = tokens('10000')

let scene: Scene

afterEach(() => scene?.close())

describe('an agreement that never started', () => {
  it('is concluded when anybody has closed it: nothing is paid, and all that was reserved and paid in is free', async () => {
    scene = await openScene(LOST_DRAFT)
    await sign(scene)
    const port = await freePort()
    const service = scene.start(undefined, { METRICS_PORT: String(port) })
    await until(isFunded)
    // It goes by the chain: that the goods count as lost changes nothing yet.
    await until(async () => /agreements_waiting\{.*reason="delivery".*\} 1$/m.test(await metricsAt(port)))
    expect(await ofType(scene, 'settlement.planned.v1')).toEqual([])
    await close(0)
    expect(await concluded(scene)).toMatchObject({ refund: String(tokens('300')), claimed: '0' })
    await until(async () => /^consign_settlement_shipments_open(\{.*\})? 0$/m.test(await metricsAt(port)))
    await expectNothingPaid()
    expect(await service.stop()).toBe(0)
  })

  it.each([
    'settlement.reserved',
    'settlement.planned',
    // After approval and funding: the settlement, then one release for each party.
    'settlement.submitted#3',
    'settlement.signed#3',
    'settlement.broadcast#3',
    'settlement.mined#3',
    'settlement.finalized#3',
    'settlement.signed#5',
    'settlement.settled',
    'settlement.concluded',
  ])('is concluded once, too, when the service is killed at %s', async (killAt) => {
    scene = await openScene(LOST_DRAFT)
    await sign(scene)
    const { ended } = scene.start(killAt)
    const closed = until(isFunded).then(() => close(0))
    expect(await ended).toBe('SIGKILL')
    scene.start()
    await closed
    expect(await concluded(scene)).toMatchObject({ asPlanned: true })
    await expectNothingPaid()
  })
})

describe('goods that are lost on the way', () => {
  it.each(['settlement.planned', 'settlement.paid#2'])(
    'are paid by what the contract has fixed, once, when the service is killed at %s',
    async (killAt) => {
      scene = await openScene(LOST_DRAFT)
      await writeLost(scene.log, scene.scenario)
      const { ended } = scene.start(killAt)
      await until(async () => (await custodianOf(1)) === payees(scene)[1])
      await close(1)
      const conclusion = concluded(scene)
      expect(await ended).toBe('SIGKILL')
      scene.start()
      expect(await conclusion).toMatchObject({ asPlanned: true, refund: String(tokens('30')), claimed: '0' })
      const balances = await Promise.all(payees(scene).map((one) => balanceOf(scene, one)))
      expect(balances).toEqual(['200', '20', '50'].map(tokens))
      expect(await balanceOf(scene, scene.wallet)).toBe(TREASURY - tokens('270'))
      expect(await balanceOf(scene, scene.scenario.shipment.agreement)).toBe(0n)
      expect(await ofType(scene, 'settlement.settled.v1')).toMatchObject([
        { data: { paid: String(tokens('270')), refund: String(tokens('30')) } },
      ])
    },
  )
})

it('goods that were closed as lost, and come after all, are paid by what the contract has fixed', async () => {
  scene = await openScene(LOST_DRAFT)
  await writeLost(scene.log, scene.scenario)
  const first = scene.start()
  await until(async () => (await custodianOf(1)) === payees(scene)[1])
  await first.stop()
  await close(1)
  const { shipment, violation } = scene.scenario
  const of = { agreement: shipment.agreement, shipment: general(shipment.terms).shipment }
  await append(scene.log, { type: 'custody.delivered.v1', data: { ...of, leg: 2, to: scene.wallet } })
  const assessed = { ...of, legs: 3, violations: [violation] }
  await append(scene.log, { type: 'penalty.shipment.assessed.v1', data: assessed })
  scene.start()
  expect(await concluded(scene)).toMatchObject({ asPlanned: true, refund: String(tokens('30')) })
  expect(await ofType(scene, 'settlement.planned.v1')).toMatchObject([{ data: { undelivered: true } }])
  expect(await balanceOf(scene, payees(scene)[1]!)).toBe(tokens('20'))
})

async function expectNothingPaid(): Promise<void> {
  expect(await ofType(scene, 'settlement.planned.v1')).toMatchObject([
    { data: { undelivered: true, plan: { payouts: [], awards: [], refund: String(tokens('300')) } } },
  ])
  expect(await ofType(scene, 'settlement.payment.intended.v1')).toEqual([])
  expect((await ofType(scene, 'settlement.settled.v1')).map(({ data }) => data)).toMatchObject([
    { paid: '0', refund: String(tokens('300')) },
  ])
  expect((await ofType(scene, 'settlement.concluded.v1')).map(({ data }) => data)).toMatchObject([
    { released: String(tokens('150')) },
  ])
  expect(await balanceOf(scene, scene.wallet)).toBe(TREASURY)
  expect(await balanceOf(scene, scene.scenario.shipment.agreement)).toBe(0n)
  const { client } = scene.world
  const nonce = await client.getTransactionCount({ address: scene.wallet })
  const signed = await ofType(scene, 'chain.signed.v1', `chain.${scene.wallet}`)
  expect(nonce - scene.nonceBefore).toBe(new Set(signed.map(({ data }) => data.key)).size)
}

function contract() {
  return { address: scene.scenario.shipment.agreement, abi: agreementAbi } as const
}

function isFunded(): Promise<boolean> {
  const { client } = scene.world
  return client.readContract({ ...contract(), functionName: 'isFunded' }).catch(() => false)
}

async function custodianOf(leg: number): Promise<string> {
  const { client } = scene.world
  const asked = client.readContract({ ...contract(), functionName: 'custodianOf', args: [leg] })
  return (await asked.catch(() => '')).toLowerCase()
}

/** By somebody who is no party. */
async function close(leg: number): Promise<void> {
  const { client } = scene.world
  const args = closeUndeliveredArguments({ terms: scene.scenario.shipment.terms, leg })
  const call = { ...contract(), functionName: 'closeUndelivered', args } as const
  const hash = await client.writeContract({ ...call, account: developer, chain: null })
  expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
}
