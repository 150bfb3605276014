// Writes ABI and creation code of the contracts as TypeScript into packages/chain/src/generated, for viem, and deployments/31337.json, where they
// are on a development chain.
// `node contracts/script/generate.ts` compiles and writes; with --check it only compares, and exits 1 when a file is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runForge } from './forge.ts'
import { CONTRACTS, ROOT } from './foundry.ts'

const GENERATED = join(ROOT, 'packages/chain/src/generated')

/** The four contracts in which the code of an agreement stands. */
const PARTS = ['Agreement', 'AgreementClaims', 'AgreementDisputes', 'AgreementPayout']

/**
 * One generated file. `abiOf`: contracts whose entries it has in common; `errorsOf`: contracts whose errors alone it takes besides, because a
 * call can meet them; `creation`: whether somebody deploys it.
 */
type Module = { name: string; abiOf: string[]; errorsOf?: string[]; creation: boolean }

const MODULES: Module[] = [
  {
    name: 'Agreement',
    abiOf: ['IAgreement', 'Agreement'],
    // Funding and paying out pass the errors of the token on, settling those of factory and escrow.
    errorsOf: [...PARTS, 'SettlementToken', 'AgreementFactory', 'CollateralEscrow'],
    creation: false,
  },
  { name: 'AgreementClaims', abiOf: [], creation: true },
  { name: 'AgreementDisputes', abiOf: [], creation: true },
  { name: 'AgreementPayout', abiOf: [], creation: true },
  { name: 'AgreementFactory', abiOf: ['AgreementFactory'], errorsOf: ['CollateralEscrow'], creation: true },
  { name: 'AnchorLog', abiOf: ['AnchorLog'], creation: true },
  { name: 'CollateralEscrow', abiOf: ['CollateralEscrow'], errorsOf: ['SettlementToken'], creation: true },
  { name: 'PartyRegistry', abiOf: ['PartyRegistry'], creation: true },
  { name: 'PostedPriceFeed', abiOf: ['PostedPriceFeed'], creation: true },
  { name: 'SettlementToken', abiOf: ['SettlementToken'], creation: false },
  { name: 'SlhDsaVerifier', abiOf: ['SlhDsaVerifier'], creation: true },
]

type AbiEntry = { type: string; name?: string; inputs?: { type: string }[] }
type Artifact = { abi: AbiEntry[]; bytecode: { object: string } }

/** Text of each generated file by its path, from a fresh compilation. Throws when the contracts do not compile. */
export async function generatedFiles(): Promise<Map<string, string>> {
  if ((await runForge(['build', '--quiet', '--skip', 'test'])) !== 0)
    throw new Error('the contracts do not compile')
  const files = new Map<string, string>()
  for (const module of MODULES)
    files.set(join(GENERATED, `${camelCase(module.name)}.ts`), await moduleText(module))
  return files
}

/** Paths of the generated files that differ from a fresh compilation. */
export async function staleFiles(): Promise<string[]> {
  const stale: string[] = []
  for (const [path, text] of await generatedFiles()) {
    if ((await readFile(path, 'utf8').catch(() => '')) !== text) stale.push(path)
  }
  return stale
}

async function moduleText(module: Module): Promise<string> {
  const { name, creation } = module
  const entries = (await entriesOf(module)).map((entry) => `  ${JSON.stringify(entry)},`).join('\n')
  const parts = [`// Generated from contracts/src/${name}.sol by contracts/script/generate.ts; do not edit.`]
  if (entries !== '') parts.push(`export const ${camelCase(name)}Abi = [\n${entries}\n] as const\n`)
  if (creation) {
    const { bytecode } = await artifactOf(name)
    parts.push(`export const ${camelCase(name)}Bytecode =\n  '${bytecode.object}' as const\n`)
  }
  return parts.join('\n')
}

// Each entry once; a constructor only where somebody deploys the contract.
async function entriesOf({ name, abiOf, errorsOf = [], creation }: Module): Promise<AbiEntry[]> {
  const entries: AbiEntry[] = []
  if (creation) entries.push(...(await artifactOf(name)).abi.filter(({ type }) => type === 'constructor'))
  for (const each of abiOf)
    entries.push(
      ...(await artifactOf(each)).abi.filter(({ type }) => type !== 'constructor' && type !== 'fallback'),
    )
  for (const each of errorsOf)
    entries.push(...(await artifactOf(each)).abi.filter(({ type }) => type === 'error'))
  return [...new Map(entries.map((entry) => [signatureOf(entry), entry])).values()]
}

function signatureOf({ type, name, inputs = [] }: AbiEntry): string {
  return JSON.stringify([type, name, inputs])
}

async function artifactOf(name: string): Promise<Artifact> {
  return JSON.parse(await readFile(join(CONTRACTS, 'out', `${name}.sol`, `${name}.json`), 'utf8'))
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

// Imported here, because it reads the files that were just written.
async function writeDevelopmentDeployment(): Promise<void> {
  const { deploymentPath, deploymentText, developmentDeployment } = await import('./deploy.ts')
  const file = developmentDeployment()
  await mkdir(dirname(deploymentPath(file.chainId)), { recursive: true })
  await writeFile(deploymentPath(file.chainId), deploymentText(file))
}

async function main(check: boolean): Promise<void> {
  if (!check) {
    for (const [path, text] of await generatedFiles()) await writeFile(path, text)
    await writeDevelopmentDeployment()
    return
  }
  const stale = await staleFiles()
  if (stale.length === 0) return
  console.error(`stale: ${stale.join(', ')}; run \`node contracts/script/generate.ts\``)
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(process.argv.includes('--check'))
