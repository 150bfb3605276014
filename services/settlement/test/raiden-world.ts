// Real Raiden around a test: its contracts for the settlement token, homeserver and path-finding service, and nodes; each a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { settlementTokenAbi } from '@consign/chain'
import { freePort } from '@consign/eventlog/testing'
import { type RaidenClient, raidenClient } from '@consign/raiden-client'
import { type Hex, toHex } from 'viem'
import { describe } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { startWorld, type World } from '../../../packages/chain/test/world.ts'

const RAIDEN = fileURLToPath(new URL('../../../raiden/', import.meta.url))
const IS_HERE =
  existsSync(join(RAIDEN, 'node_modules', 'raiden-ts')) && process.env.CONSIGN_RAIDEN_CONTRACTS !== undefined

/** Skipped, with a line that says so, where set-up could not fetch Raiden. */
export function describeRaiden(name: string, tests: () => void): void {
  if (!IS_HERE)
    process.stderr.write(`skipped: ${name}. Raiden is not installed here; npm run setup says why\n`)
  describe.skipIf(!IS_HERE)(name, tests)
}

/** A program that can be killed, and started again with what it has on disk. */
export class Program {
  readonly #path: string
  readonly #env: Record<string, string>
  #child: ChildProcess | undefined

  constructor(path: string, env: Record<string, string>) {
    this.#path = join(RAIDEN, path)
    this.#env = env
  }

  /** Resolves when it has said that it is ready. */
  async start(): Promise<Record<string, unknown>> {
    const child = spawn(process.execPath, [this.#path], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'pipe', process.env.CONSIGN_TEST_LOG === undefined ? 'ignore' : 'inherit'],
    })
    this.#child = child
    const endWithUs = () => child.kill('SIGKILL')
    process.once('exit', endWithUs)
    child.once('exit', () => process.off('exit', endWithUs))
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = JSON.parse(line)
      if (said.msg !== 'ready') continue
      child.stdout!.resume()
      return said
    }
    throw new Error(`${this.#path} ended before it was ready`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

export type RaidenNode = { address: Hex; url: string; client: RaidenClient; program: Program }

export type RaidenWorld = Awaited<ReturnType<typeof startRaidenWorld>>

/** A chain with a block a second, its token network, homeserver and path-finding service. Close it afterwards. */
export async function startRaidenWorld() {
  const dir = mkdtempSync(join(tmpdir(), 'consign-settlement-raiden-'))
  const world = await startWorld(['--block-time', '1', '--mixed-mining'])
  const { anvil, deployment } = world
  const contractsFile = join(dir, 'contracts.json')
  const common = { RPC_URL: anvil.url, CHAIN_ID: String(deployment.chainId), CONTRACTS_FILE: contractsFile }
  const { token } = deployment
  await runToEnd(['network/src/deploy.ts'], {
    ...common,
    DEPLOYER_KEY_FILE: secretFile(dir, 'deployer', toHex(developer.getHdKey().privateKey!)),
    TOKEN: token,
    OUT: contractsFile,
  })
  const networkPort = String(await freePort())
  const network = new Program('network/src/main.ts', {
    ...common,
    PORT: networkPort,
    METRICS_PORT: '0',
    DATA_DIR: join(dir, 'network'),
  })
  await network.start()
  const networkUrl = `http://127.0.0.1:${networkPort}`
  const passwordFile = secretFile(dir, 'password', 'for tests')
  const programs = [network]

  return {
    world,
    token,
    network,

    /** A node with the wallet of this key and ether; it holds no tokens. */
    async startNode(name: string, key: Hex): Promise<RaidenNode> {
      const own = join(dir, name)
      mkdirSync(own)
      const keystore = join(own, 'keystore.json')
      const keyFile = secretFile(own, 'key', key)
      const from = ['import', '--key-file', keyFile, '--password-file', passwordFile]
      const made = await runToEnd(['node/src/keystore.ts', ...from, '--out', keystore, '--light'], {})
      const address = made.trim().toLowerCase() as Hex
      await world.giveEther(address)
      const port = await freePort()
      const program = new Program('node/src/main.ts', {
        ...common,
        MATRIX_URL: networkUrl,
        PFS_URL: networkUrl,
        KEYSTORE_FILE: keystore,
        PASSWORD_FILE: passwordFile,
        DATA_DIR: join(own, 'data'),
        LOCK_DIR: join(dir, 'locks'),
        API_PORT: String(port),
        METRICS_PORT: '0',
        REVEAL_TIMEOUT_S: '20',
        CONFIRMATION_BLOCKS: '0',
        POLL_MS: '200',
      })
      await program.start()
      programs.push(program)
      const url = `http://127.0.0.1:${port}`
      return { address, url, client: raidenClient({ url }), program }
    },

    /** Of the payer's tokens. */
    giveTokens: (to: Hex, amount: bigint) => giveTokens(world, to, amount),

    async close(): Promise<void> {
      await Promise.all(programs.map((program) => program.kill()))
      await anvil.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function giveTokens(world: World, to: Hex, amount: bigint): Promise<void> {
  const { client, deployment, payer } = world
  const call = { address: deployment.token, abi: settlementTokenAbi, functionName: 'transfer' } as const
  const hash = await client.writeContract({ ...call, args: [to, amount], account: payer, chain: null })
  await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })
}

/** What a program of raiden/ wrote on stdout. */
async function runToEnd([path, ...args]: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [join(RAIDEN, path!), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [said, complaint] = ['', '']
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${path} ended with ${code}: ${complaint.trim()}`)
  return said
}

function secretFile(dir: string, name: string, secret: string): string {
  const file = join(dir, name)
  writeFileSync(file, secret, { mode: 0o600 })
  return file
}
