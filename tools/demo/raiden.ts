/**
 * Raiden around one run: its contracts, a homeserver with path finding for development, and a node for the organisation and for each party that is
 * paid. The organisation's node has a wallet of its own: the nonces of the payer's are the settlement service's. Every party's has its wallet of the
 * terms, since that is whom a payment is for.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Deployment, settlementTokenAbi } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { freePort } from '@consign/eventlog/testing'
import { parseEvent, subjects } from '@consign/events'
import { formatTokens, paymentGraph, type Terms } from '@consign/terms'
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
  /** Resolves when the party's own settlement has what leaves it in the payment graph: PC-C, from the supplier to a shipper. */
  holdEdges(party: Identity, of: { agreement: Hex; terms: Terms }): Promise<void>
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
  natsUrl: string
  /** Tokens that a party may need in its channels at the most, in the smallest unit. */
  budget: bigint
}

const PROGRAMS = fileURLToPath(new URL('../../raiden/', import.meta.url))
// A lock runs for two of it, and must reach the target before the second begins: a machine on which everything takes a hundred times as long still pays.
const REVEAL_TIMEOUT_S = 40
const SETTLEMENT = fileURLToPath(new URL('../../services/settlement/src/main.ts', import.meta.url))
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
  const mediators = new Mediators(processes, options)
  return {
    organisation: await start(organisation, payer),
    nodeOf,
    nodes: () => [...running],
    holdEdges: async (party, of) => mediators.hold(party, await nodeOf(party), of),
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

/** Parties that pass money on, each with a settlement of its own for that. Their tokens come from whoever holds the stock of the demo. */
class Mediators {
  readonly #processes: ProcessGroup
  readonly #options: RaidenOptions
  readonly #started = new Map<string, Promise<void>>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(processes: ProcessGroup, options: RaidenOptions) {
    this.#processes = processes
    this.#options = options
  }

  async hold(
    { name, wallet }: Identity,
    node: RaidenNode,
    { agreement, terms }: { agreement: Hex; terms: Terms },
  ): Promise<void> {
    const own = lower(wallet.address)
    const edges = paymentGraph(terms).filter(({ from }) => from === own)
    if (edges.length === 0) return
    const bought = this.#turn.then(() =>
      this.#buyTokens(
        own,
        edges.reduce((sum, { amount }) => sum + amount, 0n),
      ),
    )
    this.#turn = bought.catch(() => undefined)
    await bought
    const started = this.#started.get(name) ?? this.#start(name, node)
    this.#started.set(name, started)
    await started
    await this.#reserved(agreement, own)
  }

  async #start(name: string, node: RaidenNode): Promise<void> {
    const { anvil, deployment, natsUrl, budget } = this.#options
    const metricsPort = await freePort()
    await supervise(this.#processes, {
      name: `settlement-${name}`,
      program: SETTLEMENT,
      env: {
        ROLE: 'mediator',
        NATS_URL: natsUrl,
        RPC_URL: anvil.url,
        CHAIN_ID: String(deployment.chainId),
        TOKEN: deployment.token,
        RAIDEN_URL: node.url,
        EXPOSURE_MAX_TOKENS: formatTokens(budget),
        METRICS_PORT: String(metricsPort),
      },
      killAt: undefined,
      healthUrl: `http://127.0.0.1:${metricsPort}/readyz`,
      onRestart: () => {},
    })
  }

  // By what its settlement says of it.
  async #reserved(agreement: Hex, mediator: Hex): Promise<void> {
    const nats = await connectNats({ url: this.#options.natsUrl, name: 'demo' })
    try {
      const log = await connectEventLog({ nats })
      const isSaid = async () => {
        for await (const { data } of log.read([subjects.settlement(agreement)])) {
          const event = parseEvent(data)
          if (event.type === 'settlement.mediator.reserved.v1' && event.data.mediator === mediator)
            return true
        }
        return false
      }
      while (!this.#processes.stopping && !(await isSaid())) await sleep(200)
    } finally {
      await nats.close()
    }
  }

  async #buyTokens(to: Hex, amount: bigint): Promise<void> {
    const { anvil, deployment } = this.#options
    const { client, developer } = anvil
    const call = { address: deployment.token, abi: settlementTokenAbi, functionName: 'transfer' } as const
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
