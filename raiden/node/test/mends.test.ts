// The SDK in this process, where its actions can be seen and answered.

import { createLogger } from '@consign/runtime'
import { Wallet } from 'ethers'
import { getAddress } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import type { MendedRaiden } from '../src/sdk/mended-raiden.ts'
import { RaidenNode } from '../src/sdk/node.ts'
import { matrixPresence } from '../src/sdk/raiden-ts.ts'
import { startWorld, type TestNode, type World } from './world.ts'

describeRaiden('the SDK, mended', () => {
  const end = new AbortController()
  let world: World
  let partner: TestNode
  let raiden: MendedRaiden
  let ran: Promise<void>

  beforeAll(async () => {
    world = await startWorld()
    partner = await world.startNode('partner')
    const wallet = Wallet.createRandom()
    await world.chain.fund(getAddress(wallet.address), 1_000n)
    raiden = await new Promise((resolve) => {
      const node = new RaidenNode({
        wallet,
        contracts: world.network.deployment.contracts,
        rpcUrl: world.chain.url,
        chainId: world.chain.chainId,
        matrixUrl: world.network.url,
        pfsUrl: world.network.url,
        dataDir: world.chain.networkOptions.dir,
        revealTimeoutS: 20,
        confirmationBlocks: 0,
        pollMs: 200,
        log: createLogger('test', { CONSIGN_LOG_LEVEL: 'silent' }),
        onCreated: () => {},
        onSynced: async () => {},
        onReady: resolve,
      })
      ran = node.run(end.signal)
    })
  }, 240_000)
  afterAll(async () => {
    end.abort()
    await ran
    await world?.close()
  })

  // Without the mend of matrixMonitorPresenceEpic the second request is dropped, and whoever made it waits for ever: a payment, and all after it.
  it('a presence that is asked for in reaction to an answer is answered too', async () => {
    const again = new Promise((resolve) => {
      const answers = raiden.action$.subscribe((action) => {
        if (!matrixPresence.success.is(action)) return
        answers.unsubscribe()
        resolve(raiden.getAvailability(partner.address))
      })
    })
    expect(await raiden.getAvailability(partner.address)).toMatchObject({ available: true })
    expect(await again).toMatchObject({ available: true })
  })
})
