// Runs the native forge of npm on this project: `node contracts/script/forge.ts <arguments of forge>`, from any folder.
// Exits with forge's own code; 3 when npm has no forge for this machine.
import { execFile, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { CONTRACTS, foundryBinary, foundryEnvironment, ROOT } from './foundry.ts'

const environment = () => ({ ...foundryEnvironment(), FOUNDRY_CONFIG: join(CONTRACTS, 'foundry.toml') })

/** Runs forge to its end, with other `settings` (its FOUNDRY_ variables); the exit code. Throws when npm has none for this machine. */
export function runForge(args: string[], settings: Record<string, string> = {}): Promise<number> {
  const env = { ...environment(), ...settings }
  const child = spawn(foundryBinary('forge'), args, { cwd: ROOT, env, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/**
 * Runs tests, none left out: a build cache that was damaged (by two forges at once, say) makes forge forget whole suites and still succeed. So
 * all is compiled anew when a test file is not in forge's own list.
 */
export async function runTests(args: string[]): Promise<number> {
  if ((await forgottenTests()).length > 0) {
    console.error('the build cache lacks some tests: compiling all anew')
    const code = await runForge(['build', '--force'])
    if (code !== 0) return code
    const forgotten = await forgottenTests()
    if (forgotten.length > 0) throw new Error(`it does not find the tests of ${forgotten.join(', ')}`)
  }
  return runForge(['test', ...args])
}

async function forgottenTests(): Promise<string[]> {
  const listed = await listedTests()
  const files = (await readdir(join(CONTRACTS, 'test'))).filter((file) => file.endsWith('.t.sol'))
  return files.map((file) => `contracts/test/${file}`).filter((path) => !listed.includes(path))
}

// Empty when the sources do not compile: the build that follows says why.
async function listedTests(): Promise<string[]> {
  const list = promisify(execFile)(foundryBinary('forge'), ['test', '--list', '--json'], {
    cwd: ROOT,
    env: environment(),
    maxBuffer: 16 * 1024 * 1024, // test names alone: kilobytes
  })
  const output = await list.then(({ stdout }) => stdout).catch(() => '')
  const json = output.split('\n').find((line) => line.startsWith('{'))
  return json ? Object.keys(JSON.parse(json)) : []
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [command, ...rest] = process.argv.slice(2)
  try {
    process.exitCode =
      command === 'test' ? await runTests(rest) : await runForge(command ? [command, ...rest] : ['--help'])
  } catch (error) {
    console.error(`forge: ${(error as Error).message}`)
    process.exitCode = 3
  }
}
