import { readFile } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import {
  deploymentPath,
  deploymentText,
  developmentDeployment,
  withDeployment,
} from '../../../contracts/script/deploy.ts'
import {
  agreementFactoryAbi,
  collateralEscrowAbi,
  type Deployment,
  deployConsign,
  deterministicAddresses,
  publicClient,
  settlementTokenAbi,
  walletClient,
} from '../src/index.ts'

const DEVELOPER_CHAIN = 31_337

let anvil: Anvil

afterEach(async () => {
  await anvil?.stop()
})

const sent = () => publicClient(anvil.url).getTransactionCount({ address: developer.address })
const deploy = () => deployConsign({ client: walletClient(anvil.url, developer), account: developer })

test('deploys to addresses that are known beforehand, once', async () => {
  anvil = await startAnvil()
  const first = await deploy()
  const expected = deterministicAddresses({ organisation: developer.address })
  expect(first).toEqual({ chainId: DEVELOPER_CHAIN, ...expected })
  await expectWired(first)
  const before = await sent()
  expect(await deploy()).toEqual(first)
  expect(await sent()).toBe(before)
})

test('brings the deterministic deployer where it is missing, and the addresses are the same', async () => {
  anvil = await startAnvil(['--disable-default-create2-deployer'])
  const deployment = await deploy()
  expect(deployment).toMatchObject(deterministicAddresses({ organisation: developer.address }))
  await expectWired(deployment)
})

test('the committed deployment of a development chain is the one that the contracts give now', async () => {
  const committed = await readFile(deploymentPath(DEVELOPER_CHAIN), 'utf8').catch(() => '')
  expect(committed, 'run `node contracts/script/generate.ts`').toBe(deploymentText(developmentDeployment()))
})

test('a deployment file keeps other organisations, and forgets them with the contracts they used', () => {
  const one: Deployment = { chainId: 5, ...deterministicAddresses({ organisation: `0x${'aa'.repeat(20)}` }) }
  const other: Deployment = {
    chainId: 5,
    ...deterministicAddresses({ organisation: `0x${'bb'.repeat(20)}` }),
  }
  const both = withDeployment(withDeployment(undefined, other), one)
  expect(both.organisations.map(({ organisation }) => organisation)).toEqual([
    one.organisation,
    other.organisation,
  ])
  expect(withDeployment(both, one)).toEqual(both)
  const renewed = withDeployment({ ...both, factory: `0x${'01'.repeat(20)}` }, one)
  expect(renewed.organisations).toHaveLength(1)
})

async function expectWired({ factory, implementation, escrow, token, organisation, verifier }: Deployment) {
  const client = publicClient(anvil.url)
  const lower = async (value: Promise<string>) => (await value).toLowerCase()
  const of = { address: factory, abi: agreementFactoryAbi } as const
  expect(await lower(client.readContract({ ...of, functionName: 'implementation' }))).toBe(implementation)
  expect(await lower(client.readContract({ ...of, functionName: 'postQuantumVerifier' }))).toBe(verifier)
  const covered = { address: escrow, abi: collateralEscrowAbi } as const
  expect(await lower(client.readContract({ ...covered, functionName: 'organisation' }))).toBe(organisation)
  expect(await lower(client.readContract({ ...covered, functionName: 'factory' }))).toBe(factory)
  expect(await lower(client.readContract({ ...covered, functionName: 'token' }))).toBe(token)
  const issuer = client.readContract({ address: token, abi: settlementTokenAbi, functionName: 'issuer' })
  expect(await lower(issuer)).toBe(escrow)
}
