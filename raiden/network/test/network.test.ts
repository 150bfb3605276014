import { afterAll, beforeAll, it } from 'vitest'
import { type RaidenNetwork, startRaidenNetwork } from '../src/start.ts'
import { startChain, type TestChain } from './chain.ts'
import { type SdkNode, startSdkNode } from './sdk-node.ts'
import { describeRaiden } from './where-raiden-is.ts'

const DEPOSIT = 1000

describeRaiden('a network of three nodes', () => {
  let chain: TestChain
  let network: RaidenNetwork
  let organisation: SdkNode
  let supplier: SdkNode
  let shipper: SdkNode

  beforeAll(async () => {
    const t0 = Date.now()
    chain = await startChain()
    console.log('chain', Date.now() - t0)
    network = await startRaidenNetwork(chain.networkOptions)
    console.log('network', Date.now() - t0)
    organisation = await startSdkNode(chain, network, chain.networkOptions.dir)
    supplier = await startSdkNode(chain, network, chain.networkOptions.dir)
    shipper = await startSdkNode(chain, network, chain.networkOptions.dir)
    console.log('nodes', Date.now() - t0)
    await organisation.openChannel(supplier.address, DEPOSIT)
    await supplier.openChannel(shipper.address, DEPOSIT)
    console.log('channels', Date.now() - t0)
  })
  afterAll(async () => {
    await Promise.all([organisation, supplier, shipper].map((node) => node?.stop()))
    await network.stop()
    await chain.close()
  })

  it('pays directly', async () => {
    await organisation.pay(supplier.address, 10)
  })

  it('pays through the supplier', async () => {
    await organisation.pay(shipper.address, 10)
  })
})
