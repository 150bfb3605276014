// Runs the native forge of npm on this project: `node contracts/script/forge.ts <arguments of forge>`, from any folder.
// Exits with forge's own code; 3 when npm has no forge for this machine.
import { spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { CONTRACTS, foundryBinary, foundryEnvironment, ROOT } from './foundry.ts'

export function runForge(args: string[], stdio: 'inherit' | 'ignore' = 'inherit'): Promise<number> {
  const child = spawn(foundryBinary('forge'), args, {
    cwd: ROOT,
    env: { ...foundryEnvironment(), FOUNDRY_CONFIG: `${CONTRACTS}/foundry.toml` },
    stdio,
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    process.exitCode = await runForge(process.argv.slice(2))
  } catch (error) {
    console.error(`forge: ${(error as Error).message}`)
    process.exitCode = 3
  }
}
