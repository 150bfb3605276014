// A chain, Raiden's contracts, homeserver and path-finding service, and nodes, each a process of its own as in operation.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@consign/eventlog/testing'
import { getAddress, type Hex, parseAbi } from 'viem'
import {
  endProgram,
  type Program,
  type RaidenNetwork,
  startProgram,
  startRaidenNetwork,
} from '../../network/src/start.ts'
import { startChain, type TestChain } from '../../network/test/chain.ts'
import { checkAnswer } from './openapi.ts'

const programOf = (name: string) => fileURLToPath(new URL(`../src/${name}`, import.meta.url))
export const NODE_PROGRAM = programOf('main.ts')
const KEYSTORE_PROGRAM = programOf('keystore.ts')

// biome-ignore lint/suspicious/noExplicitAny: checked against openapi.json, then by each test
export type Answer = { status: number; body: any }

/** Starts what nodes need; close it afterwards. */
export async function startWorld(options: { settleTimeoutS?: number } = {}): Promise<World> {
  const chain = await startChain()
  const network = await startRaidenNetwork({ ...chain.networkOptions, ...options })
  return new World(chain, network, await startGate(new URL(chain.url)), await startGate(new URL(network.url)))
}

/** Stands before a server: closed, it is as if that were down; held, as if it were slow. */
async function startGate(target: URL) {
  const open = new Set<Socket>()
  let held: PromiseWithResolvers<void> | undefined
  const server = createServer(async (from) => {
    await held?.promise
    const to = connect(Number(target.port), target.hostname)
    for (const socket of [from, to]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        from.destroy()
        to.destroy()
      })
    }
    from.pipe(to).pipe(from)
  })
  const port = await freePort()
  const listen = () => once(server.listen(port, '127.0.0.1'), 'listening')
  await listen()
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
    open: listen,
    hold() {
      held = Promise.withResolvers()
    },
    release() {
      held?.resolve()
      held = undefined
    },
  }
}

type Gate = Awaited<ReturnType<typeof startGate>>

export class World {
  readonly token: Hex
  readonly #nodes: TestNode[] = []
  readonly chain: TestChain
  readonly network: RaidenNetwork
  readonly rpc: Gate
  readonly pfs: Gate

  constructor(chain: TestChain, network: RaidenNetwork, rpc: Gate, pfs: Gate) {
    this.rpc = rpc
    this.pfs = pfs
    this.chain = chain
    this.network = network
    this.token = getAddress(chain.token)
  }

  /** A node with a wallet of its own, ether and tokens; not started. */
  async node(name: string, env: Record<string, string> = {}): Promise<TestNode> {
    const dir = join(this.chain.networkOptions.dir, name)
    mkdirSync(dir)
    const [PASSWORD_FILE, KEYSTORE_FILE] = [join(dir, 'password'), join(dir, 'keystore.json')]
    writeFileSync(PASSWORD_FILE, 'for tests', { mode: 0o600 })
    const args = ['new', '--password-file', PASSWORD_FILE, '--out', KEYSTORE_FILE, '--light']
    const made = spawnSync(process.execPath, [KEYSTORE_PROGRAM, ...args], { encoding: 'utf8' })
    const address = getAddress(made.stdout.trim())
    await this.chain.fund(address, 1_000_000_000n)
    const node = new TestNode(name, address, dir, {
      RPC_URL: this.rpc.url,
      CHAIN_ID: String(this.chain.chainId),
      CONTRACTS_FILE: this.network.contractsFile,
      MATRIX_URL: this.network.url,
      PFS_URL: this.pfs.url,
      KEYSTORE_FILE,
      PASSWORD_FILE,
      DATA_DIR: join(dir, 'data'),
      LOCK_DIR: join(this.chain.networkOptions.dir, 'locks'),
      API_PORT: '0',
      METRICS_PORT: '0',
      CONFIRMATION_BLOCKS: '0',
      POLL_MS: '200',
      ...env,
    })
    this.#nodes.push(node)
    return node
  }

  async startNode(name: string, env: Record<string, string> = {}): Promise<TestNode> {
    const node = await this.node(name, env)
    await node.start()
    return node
  }

  /** Opens a channel from one to the other. */
  async open(from: TestNode, to: Pick<TestNode, 'name' | 'address'>, deposit: number): Promise<void> {
    const body = { token_address: this.token, partner_address: to.address, total_deposit: String(deposit) }
    const { status } = await from.call('PUT', '/channels', body)
    if (status !== 201) throw new Error(`no channel from ${from.name} to ${to.name}: ${status}`)
  }

  async pay(
    from: TestNode,
    to: { address: string },
    amount: number | string,
    more: object = {},
  ): Promise<Answer> {
    return from.call('POST', `/payments/${this.token}/${to.address}`, { amount: String(amount), ...more })
  }

  async channel(of: TestNode, with_: TestNode): Promise<Answer> {
    return of.call('GET', `/channels/${this.token}/${with_.address}`)
  }

  async balance(of: TestNode, with_: TestNode): Promise<number> {
    return Number((await this.channel(of, with_)).body.balance)
  }

  /** From now on a block comes every so many seconds, and a transaction waits for the next one. */
  async slowDown(blockTimeS: number): Promise<void> {
    for (const [method, value] of [
      ['evm_setAutomine', false],
      ['evm_setIntervalMining', blockTimeS],
    ] as const)
      await this.chain.client.request({ method, params: [value] } as never)
  }

  /** Tokens on chain. */
  async tokensOf({ address }: TestNode): Promise<bigint> {
    const { abi } = this.chain.compiled.CustomToken
    const call = { address: this.token, abi, functionName: 'balanceOf', args: [address] }
    return (await this.chain.client.readContract(call)) as bigint
  }

  /** Of the chain's last block. */
  async chainTimeS(): Promise<number> {
    return Number((await this.chain.client.getBlock()).timestamp)
  }

  /** When the secret of this hash was registered on chain; 0: never. */
  async secretRegisteredS(secretHash: Hex): Promise<number> {
    const { address } = this.network.deployment.contracts.SecretRegistry
    const abi = parseAbi(['function getSecretRevealBlockTime(bytes32) view returns (uint256)'])
    const args = [secretHash] as const
    const call = { address, abi, functionName: 'getSecretRevealBlockTime', args } as const
    return Number(await this.chain.client.readContract(call))
  }

  async close(): Promise<void> {
    this.rpc.close()
    this.pfs.close()
    await Promise.all(this.#nodes.map((node) => node.kill()))
    await this.network.stop()
    await this.chain.close()
  }
}

export class TestNode {
  readonly name: string
  readonly address: string
  readonly dir: string
  readonly env: Record<string, string>
  #program: Program | undefined

  constructor(name: string, address: string, dir: string, env: Record<string, string>) {
    this.name = name
    this.address = address
    this.dir = dir
    this.env = env
  }

  /** Resolves when the node is in step with chain and homeserver; `listening`: when its API answers. */
  async start(until: 'ready' | 'listening' = 'ready'): Promise<void> {
    this.#program = await startProgram(NODE_PROGRAM, this.env, until)
  }

  get url(): string {
    if (!this.#program) throw new Error(`${this.name} is not started`)
    return String(this.#program.ready.url)
  }

  /** To the process: SIGSTOP makes a partner that is there and does not answer. */
  signal(signal: NodeJS.Signals): void {
    this.#program?.child.kill(signal)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#program) await endProgram(this.#program, 'SIGKILL')
    this.#program = undefined
  }

  /** SIGTERM; resolves to the exit code. */
  async stop(): Promise<number | null> {
    const program = this.#program
    this.#program = undefined
    return program ? endProgram(program, 'SIGTERM') : null
  }

  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  /** One request of the API; the answer must be one that openapi.json lists. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = { status: response.status, body: JSON.parse(await response.text()) }
    checkAnswer(method, path, answer.status, answer.body)
    return answer
  }
}

/** Waits until `isSo`; throws with the description after a minute, which no machine should need. */
export async function until(what: string, isSo: () => Promise<boolean>, msMax = 60_000): Promise<void> {
  const end = Date.now() + msMax
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
