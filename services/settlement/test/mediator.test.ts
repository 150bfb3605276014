// A supplier through whom a shipper is paid: its own settlement, in the role mediator, has its channel ready before the goods leave. Two nodes.
import { freePort } from '@consign/eventlog/testing'
import { type NodeDouble, startNodeDouble } from '@consign/raiden-client/testing'
import type { TermsDraft } from '@consign/terms'
import { getAddress, parseEther } from 'viem'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { GUARANTEED_DRAFT, metricsAt, ofType, openScene, payees, type Scene, sign, until } from './scene.ts'

const MEDIATED_DRAFT: TermsDraft = {
  ...GUARANTEED_DRAFT,
  parties: GUARANTEED_DRAFT.parties.map((party) =>
    party.name === 'shipper-x' ? { ...party, paidThrough: 'supplier' } : party,
  ),
}
const tokens = (amount: string) => parseEther(amount)

let scene: Scene
let payerNode: NodeDouble
let supplierNode: NodeDouble

beforeEach(async () => {
  scene = await openScene(MEDIATED_DRAFT)
  const { token } = scene.world.deployment
  payerNode = await startNodeDouble({ token, walletTokens: tokens('300') })
  supplierNode = await startNodeDouble({ token, address: payees(scene)[0]! })
})

afterEach(async () => {
  await scene?.close()
  await Promise.all([payerNode?.close(), supplierNode?.close()])
})

it('opens its channel with what others are paid through it, once, also when it is killed; the payer sees who is not ready', async () => {
  const [payerPort, mediatorPort] = [await freePort(), await freePort()]
  await sign(scene)
  scene.start(undefined, {
    METRICS_PORT: String(payerPort),
    PAYMENTS: 'raiden',
    RAIDEN_URL: payerNode.url,
  })
  const waits = (reason: string) => new RegExp(`agreements_waiting\\{.*reason="${reason}".*\\} 1$`, 'm')
  await until(async () => waits('mediator').test(await metricsAt(payerPort)))

  // Not a token to deposit: it says so, and reserves nothing.
  const killed = startMediator('settlement.reserved', mediatorPort)
  await until(async () => waits('channel.tokens').test(await metricsAt(mediatorPort)))
  expect(await ofType(scene, 'settlement.mediator.reserved.v1')).toEqual([])
  supplierNode.walletTokens = tokens('120')
  expect(await killed.ended).toBe('SIGKILL')
  const mediator = startMediator(undefined, mediatorPort)
  await until(async () =>
    /^consign_settlement_shipments_open(\{.*\})? 1$/m.test(await metricsAt(mediatorPort)),
  )
  await until(async () => !waits('mediator').test(await metricsAt(payerPort)))

  const [supplier, x] = payees(scene)
  const channels = [{ partner: x, amount: String(tokens('50')), via: 'raiden' }]
  expect((await ofType(scene, 'settlement.mediator.reserved.v1')).map(({ data }) => data)).toMatchObject([
    { mediator: supplier, channels },
  ])
  expect([...supplierNode.channels]).toMatchObject([[getAddress(x!), { deposit: tokens('50') }]])
  expect(supplierNode.walletTokens).toBe(tokens('70'))
  expect(await mediator.stop()).toBe(0)
})

// It needs no key but its node's.
function startMediator(killAt: string | undefined, metricsPort: number) {
  return scene.start(killAt, {
    PAYER_KEY_FILE: '',
    ROLE: 'mediator',
    RAIDEN_URL: supplierNode.url,
    METRICS_PORT: String(metricsPort),
  })
}
