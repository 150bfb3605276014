// The service as a real process that pays through a node that speaks as the Python node does; log, chain and chain-writer are real.
import { freePort } from '@consign/eventlog/testing'
import { type NodeDouble, startNodeDouble } from '@consign/raiden-client/testing'
import { getAddress, type Hex, parseEther } from 'viem'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RAIDEN_STEPS } from '../src/steps.ts'
import {
  balanceOf,
  concluded,
  deliver,
  metricsAt,
  ofType,
  openScene,
  payees,
  type Scene,
  sign,
  slicesOf,
  until,
} from './scene.ts'

const tokens = (amount: string) => parseEther(amount)

let scene: Scene
let node: NodeDouble
let metricsPort: number

beforeEach(async () => {
  scene = await openScene()
  metricsPort = await freePort()
  node = await startNodeDouble({
    token: scene.world.deployment.token,
    walletTokens: tokens('300'),
  })
})

afterEach(async () => {
  await scene?.close()
  await node?.close()
})

describe('a settlement over Raiden', () => {
  it('reserves channels before the goods leave, pays slice by slice, and is concluded', async () => {
    start()
    await deliverOnceReserved()
    expect(await concluded(scene)).toMatchObject({ asPlanned: true, released: String(tokens('150')) })
    const amounts = ['200', '50', '50'].map((amount) => String(tokens(amount)))
    const channels = payees(scene).map((partner, i) => ({ partner, amount: amounts[i], via: 'raiden' }))
    expect(await ofType(scene, 'settlement.reserved.v1')).toMatchObject([{ data: { channels } }])
    await expectPaid(['200', '40', '50'])
    const made = await ofType(scene, 'settlement.payment.made.v1')
    expect(made.map(({ data }) => [data.via, data.txHash])).toEqual(Array(6).fill(['raiden', undefined]))
    expect(made.map(({ data }) => data.secretHash).sort()).toEqual(
      node.payments.map(({ secretHash }) => secretHash).sort(),
    )
    const y = payees(scene)[2]!
    expect(await metricsAt(metricsPort)).toMatch(
      new RegExp(`^consign_settlement_channel_balance_tokens\\{.*partner="${y}".*\\} 0$`, 'm'),
    )
  })

  it('waits while the node lacks tokens, says how many and where, and starts nothing', async () => {
    node.walletTokens = tokens('290')
    await sign(scene)
    start()
    await until(async () => /reason="channel.tokens".*\} 1$/m.test(await metricsAt(metricsPort)))
    expect(await balanceOf(scene, scene.scenario.shipment.agreement)).toBe(0n)
    expect(await ofType(scene, 'settlement.reserved.v1')).toEqual([])
    node.walletTokens += tokens('10')
    await deliverOnceReserved()
    expect(await concluded(scene)).toMatchObject({ asPlanned: true })
  })

  it('has what a channel refuses for too long paid from the guarantee and on chain, and never over the channel', async () => {
    const x = payees(scene)[1]!
    node.failureOf = (target) => (target === getAddress(x) ? 'there is no route available' : undefined)
    start()
    await deliverOnceReserved()
    expect(await concluded(scene)).toMatchObject({ asPlanned: true, claimed: String(tokens('25')) })
    await expectDiverted(x)
  })
})

describe('killed and started again, it pays everything once', () => {
  it.each(RAIDEN_STEPS)('at %s', async (killAt) => {
    const x = payees(scene)[1]!
    node.failureOf = (target) => (target === getAddress(x) ? 'there is no route available' : undefined)
    const killed = start(killAt)
    await deliverOnceReserved()
    expect(await killed.ended).toBe('SIGKILL')
    start()
    await concluded(scene)
    await expectDiverted(x)
  })
})

function start(killAt?: string) {
  return scene.start(killAt, {
    METRICS_PORT: String(metricsPort),
    PAYMENTS: 'raiden',
    RAIDEN_URL: node.url,
    RAIDEN_PAY_MS: '2000',
    RAIDEN_QUIET_MS: '300',
    CHANNEL_PATIENCE_MS: '1500',
  })
}

async function deliverOnceReserved(): Promise<void> {
  await sign(scene)
  await until(async () => (await ofType(scene, 'settlement.reserved.v1')).length === 1)
  await deliver(scene, [scene.scenario.violation])
}

/** What each of supplier and carriers got over the channels, in tokens. */
async function expectPaid(amounts: string[]): Promise<void> {
  expect(payees(scene).map((wallet) => node.received(wallet))).toEqual(amounts.map(tokens))
  for (const [i, wallet] of payees(scene).entries()) {
    const slices = await slicesOf(scene, wallet)
    expect(slices.reduce((sum, amount) => sum + amount, 0n)).toBe(tokens(amounts[i]!))
  }
}

async function expectDiverted(x: Hex): Promise<void> {
  expect(payees(scene).map((wallet) => node.received(wallet))).toEqual(['200', '0', '50'].map(tokens))
  expect(await balanceOf(scene, x)).toBe(tokens('40'))
  const own = (await ofType(scene, 'settlement.payment.made.v1')).filter(({ data }) => data.wallet === x)
  expect(own.map(({ data }) => [data.via, data.amount]).sort()).toEqual([
    ['guarantee', String(tokens('25'))],
    ['onchain', String(tokens('15'))],
  ])
  const diverted = await ofType(scene, 'settlement.payment.diverted.v1')
  expect(diverted.map(({ data }) => data)).toMatchObject([
    { wallet: x, code: 'channel.path', to: 'guarantee' },
  ])
  expect(own.map(({ data }) => data.paymentId)).not.toContain(diverted[0]!.data.paymentId)
}
