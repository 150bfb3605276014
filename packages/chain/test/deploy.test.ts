import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import {
  anchorLogAbi,
  deployConsign,
  deterministicAddresses,
  publicClient,
  settlementTokenAbi,
  walletClient,
} from '../src/index.ts'

let folder: string
let anvil: Anvil

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consign-deploy-'))
})

afterEach(async () => {
  await anvil.stop()
  await rm(folder, { recursive: true })
})

const sent = () => publicClient(anvil.url).getTransactionCount({ address: developer.address })

test('deploys to addresses that are known beforehand, once', async () => {
  anvil = await startAnvil()
  const client = walletClient(anvil.url, developer)
  const deployFile = join(folder, 'deployment.json')
  const first = await deployConsign({ client, account: developer, deployFile })
  expect(first).toMatchObject({ chainId: 31_337, ...deterministicAddresses(developer.address) })
  expect(JSON.parse(await readFile(deployFile, 'utf8'))).toEqual(first)

  const token = { address: first.token, abi: settlementTokenAbi } as const
  expect(await client.readContract({ ...token, functionName: 'issuer' })).toBe(developer.address)
  const latest = { address: first.anchorLog, abi: anchorLogAbi, functionName: 'latest' } as const
  expect((await client.readContract({ ...latest, args: [developer.address] }))[0]).toBe(0n)

  const before = await sent()
  expect(await deployConsign({ client, account: developer })).toEqual(first)
  expect(await sent()).toBe(before)
})

test('remembers plain deployments where the deterministic deployer is missing', async () => {
  anvil = await startAnvil(['--disable-default-create2-deployer'])
  const client = walletClient(anvil.url, developer)
  const deployFile = join(folder, 'deployment.json')
  const first = await deployConsign({ client, account: developer, deployFile })
  expect(first.factory).not.toBe(deterministicAddresses(developer.address).factory)
  const before = await sent()
  expect(await deployConsign({ client, account: developer, deployFile })).toEqual(first)
  expect(await sent()).toBe(before)
})

test('does not trust a file of another chain that has forgotten its contracts', async () => {
  anvil = await startAnvil(['--disable-default-create2-deployer'])
  const deployFile = join(folder, 'deployment.json')
  const client = walletClient(anvil.url, developer)
  const gone = await deployConsign({ client, account: developer, deployFile })
  await anvil.stop()

  anvil = await startAnvil(['--disable-default-create2-deployer'])
  const fresh = walletClient(anvil.url, developer)
  await fresh.sendTransaction({ to: developer.address, chain: null })
  const again = await deployConsign({ client: fresh, account: developer, deployFile })
  expect(again.factory).not.toBe(gone.factory)
  expect(await fresh.getCode({ address: again.factory })).toBeDefined()
  expect(JSON.parse(await readFile(deployFile, 'utf8'))).toEqual(again)
})
