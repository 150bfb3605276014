import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type RaidenNetwork, startRaidenNetwork } from '../src/start.ts'
import { startChain, type TestChain } from './chain.ts'
import type { SdkNode } from './sdk-node.ts'
import { describeRaiden } from './where-raiden-is.ts'

const DEPOSIT = 1000
// Locks end sooner; what is not over by then never is.
const PAYMENT_MS_MAX = 90_000
const MINUTES = 240_000

describeRaiden('a network of three nodes', () => {
  let chain: TestChain
  let network: RaidenNetwork
  let organisation: SdkNode
  let supplier: SdkNode
  let shipper: SdkNode

  beforeAll(async () => {
    chain = await startChain()
    network = await startRaidenNetwork(chain.networkOptions)
    const { startSdkNode } = await import('./sdk-node.ts')
    const node = () => startSdkNode(chain, network)
    ;[organisation, supplier, shipper] = await Promise.all([node(), node(), node()])
    await organisation.openChannel(supplier.address, DEPOSIT)
    await supplier.openChannel(shipper.address, DEPOSIT)
  }, MINUTES)
  afterAll(async () => {
    await Promise.all([organisation, supplier, shipper].map((node) => node?.stop()))
    await network?.stop()
    await chain?.close()
  }, MINUTES)

  const ask = (path: string, body?: object) =>
    fetch(`${network.url}${path}`, {
      ...(body && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  const tokenNetwork = () => Object.values(network.deployment.tokenNetworks)[0]

  it('pays directly', async () => {
    await organisation.pay(supplier.address, 10)
    await vi.waitFor(async () => expect(await supplier.receivedFrom(organisation.address)).toBe(10), 10_000)
  })

  it('pays the shipper through the supplier, who keeps nothing of it', async () => {
    const before = await supplier.receivedFrom(organisation.address)
    await organisation.pay(shipper.address, 25)
    await vi.waitFor(async () => {
      expect(await shipper.receivedFrom(supplier.address)).toBe(25)
      expect((await supplier.receivedFrom(organisation.address)) - before).toBe(25)
    }, 10_000)
  })

  it('answers 404 where there is no path: more than a channel holds, a stranger, who is not there', async () => {
    const question = { from: organisation.address, to: shipper.address, value: '1' }
    const paths = `/api/v1/${tokenNetwork()}/paths`
    expect((await ask(paths, question)).status).toBe(200)
    const stranger = chain.token
    for (const change of [{ value: String(DEPOSIT + 1) }, { to: stranger }, { from: stranger }]) {
      const answer = await ask(paths, { ...question, ...change })
      expect([answer.status, await answer.json()]).toMatchObject([404, { error_code: 2201 }])
    }
    expect((await ask(`/api/v1/address/${stranger}/metadata`)).status).toBe(404)
    await expect(organisation.pay(shipper.address, DEPOSIT + 1)).rejects.toThrow()
  })

  it(
    'when the homeserver is killed and comes back, payments work again, and none is lost or doubled',
    async () => {
      const start = await shipper.receivedFrom(supplier.address)
      const outcomes: Promise<'paid' | 'refused'>[] = []
      const pay = () => {
        const payment = organisation.pay(shipper.address, 1).then(
          () => 'paid' as const,
          () => 'refused' as const,
        )
        outcomes.push(payment)
        return Promise.race([payment, sleep(PAYMENT_MS_MAX, 'open' as const, { ref: false })])
      }
      expect(await pay()).toBe('paid')
      const underWay = pay()
      await network.kill()
      const whileAway = pay()
      await sleep(1_000)
      await network.restart()
      await Promise.all([underWay, whileAway])
      // Not before the nodes have found it again.
      await vi.waitFor(async () => expect(await pay()).toBe('paid'), {
        timeout: PAYMENT_MS_MAX,
        interval: 500,
      })
      for (let count = 0; count < 5; count++) expect(await pay()).toBe('paid')
      const paid = (await Promise.all(outcomes)).filter((outcome) => outcome === 'paid').length
      await vi.waitFor(
        async () => expect((await shipper.receivedFrom(supplier.address)) - start).toBe(paid),
        30_000,
      )
    },
    MINUTES,
  )
})
