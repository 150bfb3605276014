// A Raiden network for tests: contracts deployed, homeserver and path-finding service running, each by its own program. Only for raiden/: packages of
// the root start deploy.ts and main.ts themselves, as processes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Hex } from 'viem'
import { type RaidenDeployment, readDeployment } from './deployment/record.ts'

export type RaidenNetworkOptions = {
  rpcUrl: string
  chainId: number
  token: Hex
  /** Pays the deployment. */
  deployerKey: Hex
  /** Where keys, record and data are written; made if it is missing. */
  dir: string
  /** contracts.json; by default the one that set-up found. */
  contractsJson?: string | undefined
  settleTimeoutS?: number
}

export type RaidenNetwork = {
  /** Of the homeserver and of the path-finding service. */
  url: string
  contractsFile: string
  deployment: RaidenDeployment
  /** SIGKILL; `restart` brings it back on the same port with what it had stored. */
  kill(): Promise<unknown>
  restart(): Promise<void>
  stop(): Promise<unknown>
}

export type Program = { child: ChildProcess; ready: Record<string, unknown> }

export const NETWORK_PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))
const DEPLOY_PROGRAM = fileURLToPath(new URL('deploy.ts', import.meta.url))

/** Resolves when nodes can log in. Stop it afterwards; it ends with this process at the latest. */
export async function startRaidenNetwork(options: RaidenNetworkOptions): Promise<RaidenNetwork> {
  const contractsFile = await deployRaidenContracts(options)
  const env = {
    CHAIN_ID: String(options.chainId),
    CONTRACTS_FILE: contractsFile,
    DATA_DIR: join(options.dir, 'network'),
  }
  let running = await startProgram(NETWORK_PROGRAM, { ...env, PORT: '0' })
  const url = String(running.ready.url)
  return {
    url,
    contractsFile,
    deployment: readDeployment(contractsFile)!,
    kill: () => endProgram(running, 'SIGKILL'),
    async restart() {
      running = await startProgram(NETWORK_PROGRAM, { ...env, PORT: new URL(url).port })
    },
    stop: () => endProgram(running, 'SIGTERM'),
  }
}

/** Runs deploy.ts to its end; returns the path of its record. */
export async function deployRaidenContracts(options: RaidenNetworkOptions): Promise<string> {
  mkdirSync(options.dir, { recursive: true })
  const keyFile = join(options.dir, 'deployer-key')
  writeFileSync(keyFile, options.deployerKey, { mode: 0o600 })
  const out = join(options.dir, 'contracts.json')
  const child = spawnProgram(DEPLOY_PROGRAM, {
    RPC_URL: options.rpcUrl,
    CHAIN_ID: String(options.chainId),
    DEPLOYER_KEY_FILE: keyFile,
    TOKEN: options.token,
    OUT: out,
    ...(options.settleTimeoutS === undefined ? {} : { SETTLE_TIMEOUT_S: String(options.settleTimeoutS) }),
    ...(options.contractsJson === undefined ? {} : { CONSIGN_RAIDEN_CONTRACTS: options.contractsJson }),
  })
  let complaint = ''
  child.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  child.stdout?.resume()
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`deploy.ts ended with ${code}: ${complaint.trim()}`)
  return out
}

/** Starts a program of raiden/ and waits for its line `{"msg":"ready",…}`, or another one; without CONSIGN_TEST_LOG its log is dropped. */
export async function startProgram(
  path: string,
  env: Record<string, string>,
  awaited = 'ready',
): Promise<Program> {
  const child = spawnProgram(path, env)
  if (process.env.CONSIGN_TEST_LOG === undefined) child.stderr?.resume()
  else child.stderr?.pipe(process.stderr)
  for await (const line of createInterface({ input: child.stdout! })) {
    const parsed = JSON.parse(line)
    if (parsed.msg !== awaited) continue
    child.stdout?.resume()
    return { child, ready: parsed }
  }
  throw new Error(`${path} ended before it was ready`)
}

/** Sends the signal and waits; resolves to the exit code, null after a signal that killed it. */
export async function endProgram({ child }: Program, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

function spawnProgram(path: string, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  return child
}
