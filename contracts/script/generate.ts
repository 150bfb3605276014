// Writes ABI and creation code of the contracts as TypeScript into packages/chain/src/generated, for viem.
// `node contracts/script/generate.ts` compiles and writes; with --check it only compares, and exits 1 when a file is stale.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runForge } from './forge.ts'
import { CONTRACTS, ROOT } from './foundry.ts'

const GENERATED = join(ROOT, 'packages/chain/src/generated')
const NAMES = ['Agreement', 'AgreementFactory', 'AnchorLog', 'SettlementToken'] as const
// The factory carries the agreement's code: nobody else deploys it.
const ABI_ONLY: readonly string[] = ['Agreement']

/** Text of each generated file by its path, from a fresh compilation. Throws when the contracts do not compile. */
export async function generatedFiles(): Promise<Map<string, string>> {
  if ((await runForge(['build', '--quiet', '--skip', 'test'])) !== 0)
    throw new Error('the contracts do not compile')
  const files = new Map<string, string>()
  for (const name of NAMES) {
    const artifact = JSON.parse(await readFile(join(CONTRACTS, 'out', `${name}.sol`, `${name}.json`), 'utf8'))
    files.set(
      join(GENERATED, `${camelCase(name)}.ts`),
      moduleText(name, artifact.abi, artifact.bytecode.object),
    )
  }
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

function moduleText(name: string, abi: unknown[], bytecode: string): string {
  const entries = abi.map((entry) => `  ${JSON.stringify(entry)},`).join('\n')
  const parts = [
    `// Generated from contracts/src/${name}.sol by contracts/script/generate.ts; do not edit.`,
    `export const ${camelCase(name)}Abi = [\n${entries}\n] as const\n`,
  ]
  if (!ABI_ONLY.includes(name))
    parts.push(`export const ${camelCase(name)}Bytecode =\n  '${bytecode}' as const\n`)
  return parts.join('\n')
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

async function main(check: boolean): Promise<void> {
  if (!check) {
    for (const [path, text] of await generatedFiles()) await writeFile(path, text)
    return
  }
  const stale = await staleFiles()
  if (stale.length === 0) return
  console.error(`stale: ${stale.join(', ')}; run \`node contracts/script/generate.ts\``)
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(process.argv.includes('--check'))
