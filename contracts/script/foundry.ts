// Where npm put Foundry's native programs. Their packages are optional dependencies, one per platform.
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CONTRACTS = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
export const ROOT = dirname(CONTRACTS)

const ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }

/** Path of the native `forge` or `anvil`. Throws when npm installed none for this platform. */
export function foundryBinary(tool: 'forge' | 'anvil'): string {
  const name = `@foundry-rs/${tool}-${process.platform}-${ARCHITECTURE[process.arch] ?? process.arch}`
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? `${tool}.exe` : tool)
  } catch (cause) {
    throw new Error(`${name} is not installed: run \`npm ci\` with optional dependencies on`, { cause })
  }
}

/** The environment for forge: bin/solc must find the Node.js that runs this script, not an older one. */
export function foundryEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}` }
}
