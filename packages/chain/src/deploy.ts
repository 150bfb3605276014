// Deploys Consign's contracts once per chain and issuer. CREATE2 through the deterministic deployer gives the same addresses on every chain
// that has it; elsewhere plain deployments are made, and `deployFile` remembers them.
import { readFile, rename, writeFile } from 'node:fs/promises'
import {
  type Account,
  type Address,
  type Client,
  concat,
  encodeDeployData,
  getCreate2Address,
  type Hex,
  keccak256,
  toHex,
} from 'viem'
import { getChainId, getCode, readContract, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { agreementFactoryAbi, agreementFactoryBytecode } from './generated/agreementFactory.ts'
import { anchorLogBytecode } from './generated/anchorLog.ts'
import { settlementTokenAbi, settlementTokenBytecode } from './generated/settlementToken.ts'

/** Where the contracts of one chain are; addresses in lower case. */
export type Deployment = {
  chainId: number
  factory: Address
  implementation: Address
  anchorLog: Address
  token: Address
}

/** https://github.com/Arachnid/deterministic-deployment-proxy: takes `salt 32 ‖ initcode`. anvil has it from the start. */
export const DETERMINISTIC_DEPLOYER: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c'

const SALT = keccak256(toHex('consign 1'))

type Deployer = { client: Client; account: Account }

/**
 * Deploys what is not there yet and says where everything is; a repetition sends no transaction.
 * The token's issuer is `account`, so that each issuer has a token of its own.
 * `deployFile`: JSON of the Deployment; read where the deterministic deployer is missing, always written.
 */
export async function deployConsign(options: Deployer & { deployFile?: string }): Promise<Deployment> {
  const { client, account, deployFile } = options
  const chainId = await getChainId(client)
  const deterministic = await hasCode(client, DETERMINISTIC_DEPLOYER)
  const known = deterministic ? undefined : await knownDeployment(client, chainId, deployFile)
  if (known) return known

  const deploy = (initcode: Hex) =>
    deterministic ? deployByCreate2(options, initcode) : deployPlainly(options, initcode)
  const factory = await deploy(agreementFactoryBytecode)
  const anchorLog = await deploy(anchorLogBytecode)
  const token = await deploy(tokenInitcode(account.address))
  const implementation = lower(
    await readContract(client, {
      address: factory,
      abi: agreementFactoryAbi,
      functionName: 'implementation',
    }),
  )
  const deployment = { chainId, factory, implementation, anchorLog, token }
  if (deployFile) await writeDeployment(deployFile, deployment)
  return deployment
}

/** Where `deployConsign` puts the contracts on a chain with the deterministic deployer; known without a chain. */
export function deterministicAddresses(issuer: Address): Pick<Deployment, 'factory' | 'anchorLog' | 'token'> {
  return {
    factory: create2Address(agreementFactoryBytecode),
    anchorLog: create2Address(anchorLogBytecode),
    token: create2Address(tokenInitcode(issuer)),
  }
}

function tokenInitcode(issuer: Address): Hex {
  return encodeDeployData({ abi: settlementTokenAbi, bytecode: settlementTokenBytecode, args: [issuer] })
}

function create2Address(initcode: Hex): Address {
  return lower(getCreate2Address({ from: DETERMINISTIC_DEPLOYER, salt: SALT, bytecode: initcode }))
}

async function deployByCreate2({ client, account }: Deployer, initcode: Hex): Promise<Address> {
  const address = create2Address(initcode)
  if (await hasCode(client, address)) return address
  try {
    await send({ client, account }, { to: DETERMINISTIC_DEPLOYER, data: concat([SALT, initcode]) })
  } catch (error) {
    // Another process may have deployed it meanwhile: only the code counts.
    if (!(await hasCode(client, address))) throw error
  }
  return address
}

async function deployPlainly(deployer: Deployer, initcode: Hex): Promise<Address> {
  const receipt = await send(deployer, { data: initcode })
  if (!receipt.contractAddress) throw new Error(`no contract was made by ${receipt.transactionHash}`)
  return lower(receipt.contractAddress)
}

async function send({ client, account }: Deployer, transaction: { to?: Address; data: Hex }) {
  const hash = await sendTransaction(client, { ...transaction, account, chain: null })
  const receipt = await waitForTransactionReceipt(client, { hash })
  if (receipt.status !== 'success') throw new Error(`the deployment ${hash} was reverted`)
  return receipt
}

async function hasCode(client: Client, address: Address): Promise<boolean> {
  return (await getCode(client, { address })) !== undefined
}

async function knownDeployment(
  client: Client,
  chainId: number,
  deployFile: string | undefined,
): Promise<Deployment | undefined> {
  if (!deployFile) return undefined
  const text = await readFile(deployFile, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const known = JSON.parse(text) as Deployment
  if (known.chainId !== chainId) return undefined
  const addresses = [known.factory, known.implementation, known.anchorLog, known.token]
  const present = await Promise.all(addresses.map((address) => hasCode(client, address)))
  return present.every(Boolean) ? known : undefined
}

async function writeDeployment(file: string, deployment: Deployment): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`
  await writeFile(unfinished, `${JSON.stringify(deployment, null, 2)}\n`)
  await rename(unfinished, file)
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
