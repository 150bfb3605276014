import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { getAddress } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { readDeployment } from '../src/deployment/record.ts'
import { deployRaidenContracts } from '../src/start.ts'
import { startChain, type TestChain } from './chain.ts'
import { describeRaiden } from './where-raiden-is.ts'

describeRaiden('deploy.ts', () => {
  let chain: TestChain
  beforeAll(async () => {
    chain = await startChain()
  })
  afterAll(() => chain.close())

  const transactions = () => chain.client.getTransactionCount({ address: developer.address })

  it('deploys the contracts and the token network, and says in EIP-55 where they are', async () => {
    const deployment = readDeployment(await deployRaidenContracts(chain.networkOptions))!
    for (const { address } of Object.values(deployment.contracts))
      expect(await chain.client.getCode({ address })).toBeDefined()
    const network = deployment.tokenNetworks[getAddress(chain.token)]!
    expect(await chain.client.getCode({ address: network })).toBeDefined()
    expect(deployment.contracts.OneToN.address).toBe(getAddress(deployment.contracts.OneToN.address))
    const { UserDeposit } = chain.compiled
    const read = (functionName: string) =>
      chain.client.readContract({
        address: deployment.contracts.UserDeposit.address,
        abi: UserDeposit.abi,
        functionName,
      })
    expect(await read('msc_address')).toBe(deployment.contracts.MonitoringService.address)
    expect(await read('one_to_n_address')).toBe(deployment.contracts.OneToN.address)
  })

  it('a repetition sends no transaction and leaves the record as it was', async () => {
    const out = await deployRaidenContracts(chain.networkOptions)
    const before = [await transactions(), readDeployment(out)]
    await deployRaidenContracts(chain.networkOptions)
    expect([await transactions(), readDeployment(out)]).toEqual(before)
  })

  it('finds the same contracts again when the record is lost', async () => {
    const first = readDeployment(await deployRaidenContracts(chain.networkOptions))!
    const before = await transactions()
    const again = readDeployment(
      await deployRaidenContracts({ ...chain.networkOptions, dir: join(chain.networkOptions.dir, 'lost') }),
    )!
    expect(await transactions()).toBe(before)
    expect(again.tokenNetworks).toEqual(first.tokenNetworks)
    expect(again.contracts.TokenNetworkRegistry).toEqual({
      address: first.contracts.TokenNetworkRegistry.address,
      block_number: 0,
    })
  })

  it('another settle timeout is another set of contracts', async () => {
    const first = readDeployment(await deployRaidenContracts(chain.networkOptions))!
    const dir = join(chain.networkOptions.dir, 'other')
    const other = readDeployment(
      await deployRaidenContracts({ ...chain.networkOptions, dir, settleTimeoutS: 90 }),
    )!
    expect(other.settleTimeoutS).toBe(90)
    for (const name of ['UserDeposit', 'TokenNetworkRegistry', 'SecretRegistry'] as const)
      expect(other.contracts[name].address).not.toBe(first.contracts[name].address)
  })

  it('refuses a token that is not on the chain, another chain, and a file that is no contracts.json', async () => {
    const dir = join(chain.networkOptions.dir, 'refused')
    mkdirSync(dir)
    const options = { ...chain.networkOptions, dir }
    await expect(deployRaidenContracts({ ...options, token: `0x${'11'.repeat(20)}` })).rejects.toThrow(
      'raiden.deploy.token',
    )
    await expect(deployRaidenContracts({ ...options, chainId: 5 })).rejects.toThrow('raiden.deploy.chain')
    await expect(deployRaidenContracts({ ...options, contractsJson: import.meta.filename })).rejects.toThrow(
      'raiden.contracts',
    )
  })
})
