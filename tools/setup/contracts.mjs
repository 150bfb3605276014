import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint, nodePath, ROOT } from './packages.mjs'
import { run, SetupFailure, say } from './report.mjs'

const CONTRACTS = join(ROOT, 'contracts')
const STAMP = join(CONTRACTS, 'out', '.consign-setup')

/** Compiles the contracts, once per state of their sources; who tests them compiles the tests. */
export async function compileContracts() {
  const wanted = fingerprint([join(CONTRACTS, 'foundry.toml'), ...sources()])
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return
  say('compiling the contracts')
  try {
    await run(nodePath(), [join('script', 'forge.ts'), 'build', '--skip', 'test'], { cwd: CONTRACTS })
  } catch (error) {
    throw new SetupFailure('setup.contracts', `the contracts do not compile. ${error.message}`)
  }
  writeFileSync(STAMP, wanted)
}

function sources() {
  return readdirSync(join(CONTRACTS, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.sol'))
    .sort()
    .map((file) => join(CONTRACTS, 'src', file))
}
