// Puts Raiden's own contracts on a chain, in the order in which their constructors look at each other, and a token network for one token.
// https://github.com/raiden-network/raiden-contracts; the addresses follow from deployer, settle timeout and bytecode (see create2.ts of
// @consign/chain), so a repetition, also after a crash, sends only what is missing.
import { create2Address, deployByCreate2, ensureDeployer } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import {
  type Address,
  encodeAbiParameters,
  getAddress,
  keccak256,
  maxUint256,
  type PublicActions,
  parseEther,
  type WalletClient,
  zeroAddress,
} from 'viem'
import { type CompiledContracts, type ContractName, initcodeOf } from './contracts-json.ts'
import type { RaidenDeployment } from './record.ts'

/** Signs and reads; has an account. */
export type DeployerClient = WalletClient & PublicActions

export type RaidenChoice = {
  chainId: number
  compiled: CompiledContracts
  /** The ERC-20 that channels hold. */
  token: Address
  /** How long after a closing the partner may still show its newest balance proof. */
  settleTimeoutS: number
  /** The record of an earlier run. */
  before?: RaidenDeployment | undefined
}

// ServiceRegistry: what registering a service costs. No service of a development network registers; the values are those of Raiden's own deployments.
const SERVICE_PRICE = {
  initial: parseEther('1000'),
  bump: [6n, 5n],
  decayS: 17_280_000n,
  min: 1000n,
  lastsS: 17_280_000n,
} as const
const USER_DEPOSIT_WITHDRAWAL_BLOCKS = 100n

/** Where everything is, after deploying what was missing. The deployer's account pays; it owns nothing but the registry of services. */
export async function deployRaiden(client: DeployerClient, choice: RaidenChoice): Promise<RaidenDeployment> {
  const { chainId, settleTimeoutS, before } = choice
  await requireContract(client, choice.token)
  const account = client.account!
  await ensureDeployer({ client, account })
  const firstBlock = await firstBlockOf(client, choice)
  const at = await deployContracts(client, choice)
  await connectUserDeposit(client, choice.compiled, at)
  const tokenNetwork = await ensureTokenNetwork(client, choice, at.TokenNetworkRegistry)
  const deployed = (name: ContractName) => ({ address: getAddress(at[name]), block_number: firstBlock })
  const isSame = before?.contracts.TokenNetworkRegistry.address === getAddress(at.TokenNetworkRegistry)
  return {
    chainId,
    settleTimeoutS,
    contracts: {
      TokenNetworkRegistry: deployed('TokenNetworkRegistry'),
      ServiceRegistry: deployed('ServiceRegistry'),
      UserDeposit: deployed('UserDeposit'),
      SecretRegistry: deployed('SecretRegistry'),
      MonitoringService: deployed('MonitoringService'),
      OneToN: deployed('OneToN'),
    },
    serviceToken: getAddress(at.CustomToken),
    tokenNetworks: {
      ...(isSame ? before.tokenNetworks : {}),
      [getAddress(choice.token)]: getAddress(tokenNetwork),
    },
  }
}

async function deployContracts(
  client: DeployerClient,
  choice: RaidenChoice,
): Promise<Record<ContractName, Address>> {
  const account = client.account!
  const deploy = (name: ContractName, ...args: unknown[]) =>
    deployByCreate2(
      { client, account },
      saltOf(account.address, choice),
      initcodeOf(choice.compiled, name, args),
    )
  // Its constructor wants a supply above 0. Whoever needs service tokens mints them: `mintFor` is open to all.
  const CustomToken = await deploy('CustomToken', 1n, 18, 'Raiden services, development', 'RSD')
  const SecretRegistry = await deploy('SecretRegistry')
  const TokenNetworkRegistry = await deploy(
    'TokenNetworkRegistry',
    SecretRegistry,
    BigInt(choice.settleTimeoutS),
    maxUint256,
  )
  const { initial, bump, decayS, min, lastsS } = SERVICE_PRICE
  const ServiceRegistry = await deploy(
    'ServiceRegistry',
    ...[CustomToken, account.address, initial, ...bump, decayS, min, lastsS],
  )
  const UserDeposit = await deploy('UserDeposit', CustomToken, maxUint256, USER_DEPOSIT_WITHDRAWAL_BLOCKS)
  const MonitoringService = await deploy(
    'MonitoringService',
    ...[CustomToken, ServiceRegistry, UserDeposit, TokenNetworkRegistry],
  )
  const OneToN = await deploy('OneToN', UserDeposit, BigInt(choice.chainId), ServiceRegistry)
  return {
    CustomToken,
    SecretRegistry,
    TokenNetworkRegistry,
    ServiceRegistry,
    UserDeposit,
    MonitoringService,
    OneToN,
  }
}

/** `UserDeposit.init` can be called once, by anyone; whoever came first must have named our contracts. */
async function connectUserDeposit(
  client: DeployerClient,
  compiled: CompiledContracts,
  at: Record<ContractName, Address>,
): Promise<void> {
  const deposit = { address: at.UserDeposit, abi: compiled.UserDeposit.abi }
  const named = (await client.readContract({ ...deposit, functionName: 'msc_address' })) as Address
  if (named === zeroAddress)
    await call(client, { ...deposit, functionName: 'init', args: [at.MonitoringService, at.OneToN] })
  else if (getAddress(named) !== getAddress(at.MonitoringService))
    throw new Refusal(
      'raiden.user-deposit',
      `UserDeposit at ${at.UserDeposit} was given another MonitoringService, ${named}; deploy with another account.`,
    )
}

async function ensureTokenNetwork(
  client: DeployerClient,
  { compiled, token }: RaidenChoice,
  registry: Address,
): Promise<Address> {
  const contract = { address: registry, abi: compiled.TokenNetworkRegistry.abi }
  const known = () =>
    client.readContract({ ...contract, functionName: 'token_to_token_networks', args: [token] })
  if ((await known()) === zeroAddress)
    await call(client, {
      ...contract,
      functionName: 'createERC20TokenNetworkWithoutLimits',
      args: [token],
    })
  return (await known()) as Address
}

type Call = {
  address: Address
  abi: CompiledContracts[ContractName]['abi']
  functionName: string
  args: readonly unknown[]
}

async function call(client: DeployerClient, { functionName, ...rest }: Call): Promise<void> {
  const hash = await client.writeContract({ ...rest, functionName, account: client.account!, chain: null })
  const { status } = await client.waitForTransactionReceipt({ hash })
  if (status !== 'success')
    throw new Refusal('raiden.deploy.reverted', `${functionName} was reverted, transaction ${hash}.`)
}

async function requireContract(client: DeployerClient, token: Address): Promise<void> {
  if ((await client.getCode({ address: token })) === undefined)
    throw new Refusal(
      'raiden.deploy.token',
      `there is no contract at TOKEN ${token}; deploy the token first.`,
    )
}

/** The block that nodes read events from: now when nothing is there yet, else what the record says, else the chain's beginning (slow, misses nothing). */
async function firstBlockOf(client: DeployerClient, choice: RaidenChoice): Promise<number> {
  const initcode = initcodeOf(choice.compiled, 'SecretRegistry', [])
  const first = create2Address(saltOf(client.account!.address, choice), initcode)
  if ((await client.getCode({ address: first })) === undefined) return Number(await client.getBlockNumber())
  const recorded = choice.before?.contracts.SecretRegistry
  return recorded?.address === getAddress(first) ? recorded.block_number : 0
}

/** Another deployer or settle timeout is another set of contracts: `UserDeposit` serves one set only. */
function saltOf(deployer: Address, { settleTimeoutS }: RaidenChoice) {
  const parts = encodeAbiParameters(
    [{ type: 'string' }, { type: 'address' }, { type: 'uint256' }],
    ['consign raiden 1', deployer, BigInt(settleTimeoutS)],
  )
  return keccak256(parts)
}
