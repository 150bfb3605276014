/**
 * Raiden around one run: its contracts, a homeserver with path finding for development, and a node for the organisation and for each party that is
 * paid. The organisation's node has a wallet of its own: the nonces of the payer's are the settlement service's. Every party's has its wallet of the
 * terms, since that is whom a payment is for.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Deployment, settlementTokenAbi } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { freePort } from '@consign/eventlog/testing'
import { ensureChannel, type RaidenClient, raidenClient } from '@consign/raiden-client'
import { paymentGraph, type Terms } from '@consign/terms'
import { type Hex, parseEther } from 'viem'
import type { Anvil } from './anvil.ts'
import type { RaidenNode } from './channels.ts'
import { type Identity, identityOf, writeSecret } from './identities.ts'
import type { ProcessGroup } from './processes.ts'
import { supervise } from './supervisor.ts'

export type Raiden = {
  /** Pays for the organisation. */
  organisation: RaidenNode
  /** Starts the node of a party; the same one however often it is asked for. */
  nodeOf(party: Identity): Promise<RaidenNode>
  /** Every node that was started, the organisation's first. */
  nodes(): RaidenNode[]
  /** Opens or tops up what of the terms' payment graph leaves this party: PC-C, from the supplier to a shipper. */
  openEdges(party: Identity, terms: Terms): Promise<void>
}

export type RaidenOptions = {
  /** Data and records are written below it. */
  dir: string
  seed: number
  anvil: Anvil
  deployment: Deployment
  /** The payer of the terms. */
  payer: Identity
  /** Wallet of its node; it holds tokens already. */
  organisation: Identity
}

const PROGRAMS = fileURLToPath(new URL('../../raiden/', import.meta.url))
// A lock runs for two of it, and must reach the target before the second begins: a machine on which everything takes a hundred times as long still pays.
const REVEAL_TIMEOUT_S = 40
const GAS_MONEY = parseEther('100')

/** Deploys, starts homeserver and the organisation's node. Refusal `demo.raiden` or `demo.service` when one of them does not come up. */
export async function startRaiden(processes: ProcessGroup, options: RaidenOptions): Promise<Raiden> {
  const { dir, seed, anvil, deployment, payer, organisation } = options
  const keysDir = join(dir, 'keys')
  const contractsFile = join(dir, 'raiden-contracts.json')
  const common = { RPC_URL: anvil.url, CHAIN_ID: String(deployment.chainId) }
  const deployer = identityOf(seed, 'raiden deployer')
  await anvil.client.setBalance({ address: deployer.wallet.address, value: GAS_MONEY })
  await runToEnd(processes, {
    name: 'raiden-deploy',
    args: [join(PROGRAMS, 'network', 'src', 'deploy.ts')],
    env: {
      ...common,
      DEPLOYER_KEY_FILE: writeSecret(keysDir, 'raiden-deployer', deployer.privateKey),
      TOKEN: deployment.token,
      SETTLE_TIMEOUT_S: String(3 * REVEAL_TIMEOUT_S),
      OUT: contractsFile,
    },
  })
  const networkUrl = await startNetwork(processes, { ...common, CONTRACTS_FILE: contractsFile }, dir)

  const started = new Map<Hex, Promise<RaidenNode>>()
  const running: RaidenNode[] = []
  const passwordFile = writeSecret(keysDir, 'raiden-password', `play money of seed ${seed}`)
  const start = async ({ wallet, privateKey }: Identity, { name, wallet: { address: party } }: Identity) => {
    await anvil.client.setBalance({ address: wallet.address, value: GAS_MONEY })
    const keystoreFile = join(keysDir, `raiden-${name}.json`)
    await runToEnd(processes, {
      name: `raiden-keystore-${name}`,
      args: [
        join(PROGRAMS, 'node', 'src', 'keystore.ts'),
        'import',
        ...['--key-file', writeSecret(keysDir, `raiden-${name}-wallet`, privateKey)],
        ...['--password-file', passwordFile, '--out', keystoreFile, '--light'],
      ],
      env: {},
    })
    const [port, metricsPort] = [await freePort(), await freePort()]
    await supervise(processes, {
      name: `raiden-${name}`,
      program: join(PROGRAMS, 'node', 'src', 'main.ts'),
      env: {
        ...common,
        CONTRACTS_FILE: contractsFile,
        MATRIX_URL: networkUrl,
        PFS_URL: networkUrl,
        KEYSTORE_FILE: keystoreFile,
        PASSWORD_FILE: passwordFile,
        DATA_DIR: join(dir, `raiden-${name}`),
        LOCK_DIR: join(dir, 'raiden-locks'),
        API_PORT: String(port),
        METRICS_PORT: String(metricsPort),
        REVEAL_TIMEOUT_S: String(REVEAL_TIMEOUT_S),
        CONFIRMATION_BLOCKS: '0',
        POLL_MS: '200',
      },
      killAt: undefined,
      healthUrl: `http://127.0.0.1:${metricsPort}/readyz`,
      onRestart: () => {},
    })
    const node = {
      name,
      party: lower(party),
      address: lower(wallet.address),
      url: `http://127.0.0.1:${port}`,
    }
    running.push(node)
    return node
  }
  const nodeOf = (party: Identity): Promise<RaidenNode> => {
    const node = started.get(party.wallet.address) ?? start(party, party)
    started.set(party.wallet.address, node)
    return node
  }
  const edges = new Edges(anvil, deployment)
  return {
    organisation: await start(organisation, payer),
    nodeOf,
    nodes: () => [...running],
    openEdges: async (party, terms) => edges.open(party, await nodeOf(party), terms),
  }
}

async function startNetwork(
  processes: ProcessGroup,
  env: Record<string, string>,
  dir: string,
): Promise<string> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  await supervise(processes, {
    name: 'raiden-network',
    program: join(PROGRAMS, 'network', 'src', 'main.ts'),
    env: {
      ...env,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      DATA_DIR: join(dir, 'raiden-network'),
    },
    killAt: undefined,
    healthUrl: `http://127.0.0.1:${metricsPort}/readyz`,
    onRestart: () => {},
  })
  return `http://127.0.0.1:${port}`
}

/** The channels that parties open among themselves, for what they pass on. Their tokens come from whoever holds the stock of the demo. */
class Edges {
  readonly #anvil: Anvil
  readonly #token: Hex
  /** By edge: what was promised in all; deposits are totals, so that shipments at the same time add up. */
  readonly #promised = new Map<string, bigint>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(anvil: Anvil, { token }: Deployment) {
    this.#anvil = anvil
    this.#token = token
  }

  async open({ wallet }: Identity, node: RaidenNode, terms: Terms): Promise<void> {
    const client = raidenClient({ url: node.url })
    for (const { from, to, amount } of paymentGraph(terms)) {
      if (from !== lower(wallet.address)) continue
      const opened = this.#turn.then(() => this.#topUp(client, { from, to, amount }))
      this.#turn = opened.catch(() => undefined)
      await opened
    }
  }

  async #topUp(client: RaidenClient, { from, to, amount }: { from: Hex; to: Hex; amount: bigint }) {
    await this.#buyTokens(from, amount)
    const promised = (this.#promised.get(`${from} ${to}`) ?? 0n) + amount
    this.#promised.set(`${from} ${to}`, promised)
    const of = { token: this.#token, partner: to }
    const channel = await client.channel(of)
    const missing = promised - (channel?.totalDeposit ?? 0n)
    if (missing > 0n) await ensureChannel(client, { ...of, balanceMin: (channel?.balance ?? 0n) + missing })
  }

  async #buyTokens(to: Hex, amount: bigint): Promise<void> {
    const { client, developer } = this.#anvil
    const call = { address: this.#token, abi: settlementTokenAbi, functionName: 'transfer' } as const
    const hash = await client.writeContract({ ...call, args: [to, amount], account: developer })
    await client.waitForTransactionReceipt({ hash })
  }
}

async function runToEnd(
  processes: ProcessGroup,
  { name, args, env }: { name: string; args: string[]; env: Record<string, string> },
): Promise<void> {
  const ended = await processes.start({ name, command: process.execPath, args, env }).ended
  if (ended !== 0)
    throw new Refusal('demo.raiden', `${name} ended with ${ended}; its log is ${processes.logFile(name)}.`)
}

const lower = (address: Hex): Hex => address.toLowerCase() as Hex

/** Whether set-up found Raiden's contracts; without them there is no Raiden on this machine. */
export const hasRaiden = (): boolean => process.env.CONSIGN_RAIDEN_CONTRACTS !== undefined
