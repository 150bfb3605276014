// Deploys Consign's contracts and those of one organisation, and notes where they are in deployments/<chain id>.json:
//   node contracts/script/deploy.ts --rpc <url> --account-file <file> [--organisation <address>] [--price-feed <address>] [--price-age-max-s <seconds>]
// The file holds the sender's private key, 32 bytes in hex, mode 0600; without the option the environment variable CONSIGN_ACCOUNT_KEY does. Without
// --organisation it is the sender; without --price-feed a feed is deployed to which the organisation posts. A repetition sends nothing.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type Deployment,
  deployConsign,
  deterministicAddresses,
  type OrganisationContracts,
  type SharedContracts,
  walletClient,
} from '@consign/chain'
import { type Address, type Hex, isAddress, isHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { developer } from './anvil.ts'
import { ROOT } from './foundry.ts'

const HELP = `Deploys Consign's contracts and those of one organisation, and notes where they are in deployments/<chain id>.json.

usage: node contracts/script/deploy.ts --rpc URL [--account-file FILE]

  --rpc URL               an Ethereum node
  --account-file FILE     the sender's private key, 32 bytes in hex, mode 0600; without it CONSIGN_ACCOUNT_KEY
  --organisation ADDRESS  whose escrow and token they are; the sender by default
  --price-feed ADDRESS    Chainlink's; without it one to which the organisation posts (consign escrow price)
  --price-age-max-s N     when a price is too old, in seconds

A repetition sends nothing.`

/** deployments/<chain id>.json: organisations in order of their addresses. */
export type DeploymentFile = { chainId: number } & SharedContracts & {
    organisations: OrganisationContracts[]
  }

/** Where the contracts of a chain are noted. */
export function deploymentPath(chainId: number): string {
  return join(ROOT, 'deployments', `${chainId}.json`)
}

/** The file with this deployment in it: other organisations stay as long as the shared contracts are the same. */
export function withDeployment(before: DeploymentFile | undefined, deployment: Deployment): DeploymentFile {
  const { organisation, priceFeed, escrow, token, ...shared } = deployment
  const others = before?.factory === shared.factory ? before.organisations : []
  const organisations = [
    ...others.filter((each) => each.organisation !== organisation),
    { organisation, priceFeed, escrow, token },
  ].sort((a, b) => (a.organisation < b.organisation ? -1 : 1))
  return { ...shared, organisations }
}

/** As it stands in the repository. */
export function deploymentText(file: DeploymentFile): string {
  return `${JSON.stringify(file, null, 2)}\n`
}

/** What this script gives on a fresh anvil with its first account: it follows from the contracts alone. */
export function developmentDeployment(): DeploymentFile {
  const chainId = 31_337
  return withDeployment(undefined, {
    chainId,
    ...deterministicAddresses({ organisation: developer.address }),
  })
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rpc: { type: 'string' },
      'account-file': { type: 'string' },
      organisation: { type: 'string' },
      'price-feed': { type: 'string' },
      'price-age-max-s': { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(HELP)
  const { rpc, 'price-age-max-s': age } = values
  if (rpc === undefined) throw new Error('--rpc is missing: the URL of an Ethereum node')
  const account = privateKeyToAccount(await privateKey(values['account-file']))
  const deployment = await deployConsign({
    client: walletClient(rpc, account),
    account,
    ...named('organisation', address('--organisation', values.organisation)),
    ...named('priceFeed', address('--price-feed', values['price-feed'])),
    ...named('priceAgeMaxS', age === undefined ? undefined : seconds(age)),
  })
  const path = deploymentPath(deployment.chainId)
  const before = await readFile(path, 'utf8').catch(() => undefined)
  const file = withDeployment(before === undefined ? undefined : JSON.parse(before), deployment)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, deploymentText(file))
  console.log(path)
}

// Never an argument: those are seen by every process of the machine.
async function privateKey(file: string | undefined): Promise<Hex> {
  if (file !== undefined && ((await stat(file)).mode & 0o077) !== 0)
    throw new Error(`${file} can be read by others: chmod 600 it`)
  const text = file === undefined ? (process.env.CONSIGN_ACCOUNT_KEY ?? '') : await readFile(file, 'utf8')
  const key = `0x${text.trim().replace(/^0x/, '')}`
  if (!isHex(key) || key.length !== 66)
    throw new Error(
      `${file ?? 'CONSIGN_ACCOUNT_KEY'} must hold 32 bytes in hex; name a file by --account-file`,
    )
  return key
}

function address(option: string, value: string | undefined): Address | undefined {
  if (value === undefined || isAddress(value)) return value
  throw new Error(`${option} must be an address: 0x and 40 hex digits`)
}

function seconds(value: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(value)) throw new Error('--price-age-max-s must be whole seconds')
  return Number(value)
}

function named<Name extends string, Value>(name: Name, value: Value | undefined): { [_ in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [_ in Name]: Value })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(`deploy: ${error.message}`)
    process.exitCode = 1
  })
}
