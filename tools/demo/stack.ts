import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Deployment, deployConsign } from '@consign/chain'
import { freePort } from '@consign/eventlog/testing'
import { formatTokens } from '@consign/terms'
import { type Hex, parseEther } from 'viem'
import { type Anvil, startAnvil } from './anvil.ts'
import { type CertificateAuthority, createCertificateAuthority } from './certificates.ts'
import { type Identity, type IngestKeyFiles, identityOf, writeIngestKeys, writeSecret } from './identities.ts'
import { startNats } from './nats.ts'
import { ProcessGroup } from './processes.ts'
import { type Raiden, startRaiden } from './raiden.ts'
import { supervise } from './supervisor.ts'
import { openTreasury, registerParty } from './treasury.ts'
import { unlessAborted } from './unless-aborted.ts'

export const SERVICES = ['ingest', 'custody', 'penalty', 'chain-writer', 'settlement'] as const
export type ServiceName = (typeof SERVICES)[number]
export type Payments = 'raiden' | 'onchain'

export type StackOptions = {
  /** Everything of this run is written below this folder. */
  dir: string
  seed: number
  /** What the organisation can promise: tokens in the smallest unit, issued to it and backed with ether. */
  budget?: bigint
  /** How the organisation pays. */
  payments: Payments
  /** Where a service kills itself the first time it runs: one of its own step names. For tests. */
  killAt?: Partial<Record<ServiceName, readonly string[]>>
  say: (line: string) => void
  /** Ends the start: what runs already is stopped. */
  signal?: AbortSignal | undefined
}

/** The servers and services of one run, with what a client needs to talk to them. */
export type Stack = {
  dir: string
  seed: number
  processes: ProcessGroup
  natsUrl: string
  rpcUrl: string
  anvil: Anvil
  mqttPort: number
  metricsPorts: Record<ServiceName, number>
  deployment: Deployment
  payer: Identity
  /** Undefined where payments go over the chain. */
  raiden: Raiden | undefined
  /** Transactions that the payer had sent when its wallet became the settlement service's. */
  payerNonce: number
  writer: Hex
  authority: CertificateAuthority
  ingestKeys: IngestKeyFiles
  /** How often each service died and was started again. */
  restarts: Record<ServiceName, number>
  stop(): Promise<void>
}

const BUDGET = parseEther('1000000')
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Starts nats-server, anvil, the contracts and the five services; a service that dies is started again. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dir, signal } = options
  const processes = new ProcessGroup(join(dir, 'logs'))
  try {
    return await unlessAborted(startParts(processes, options), signal)
  } catch (error) {
    await processes.stopAll()
    throw error
  }
}

async function startParts(
  processes: ProcessGroup,
  { dir, seed, payments, killAt = {}, budget = BUDGET, say }: StackOptions,
): Promise<Stack> {
  const keysDir = join(dir, 'keys')
  say('starting nats-server and anvil')
  const [natsUrl, anvil] = await Promise.all([
    startNats(processes, join(dir, 'jetstream')),
    startAnvil(processes),
  ])
  const [payer, writer] = [identityOf(seed, 'factory'), identityOf(seed, 'chain-writer')]
  say('deploying the contracts')
  const deployment = await deployConsign({
    client: anvil.client,
    account: anvil.developer,
    organisation: payer.wallet.address,
  })
  await anvil.giveEther(writer.wallet.address)
  const organisation = identityOf(seed, 'organisation node')
  // The developer's tokens are the stock that mediators buy from.
  const holders = [payer.wallet.address, organisation.wallet.address, anvil.developer.address]
  await openTreasury(anvil, deployment, payer, payments === 'raiden' ? holders : holders.slice(0, 1), budget)
  await registerParty(anvil, deployment, payer)
  const payerNonce = await anvil.client.getTransactionCount({ address: payer.wallet.address })

  if (payments === 'raiden') say('deploying Raiden, starting its network and the node of the organisation')
  const raiden =
    payments === 'raiden'
      ? await startRaiden(processes, { dir, seed, anvil, deployment, payer, organisation, natsUrl, budget })
      : undefined

  say('starting the services')
  const authority = await createCertificateAuthority(dir)
  const ingestKeys = await writeIngestKeys(keysDir, seed)
  const server = await authority.issueServer(keysDir, 'ingest')
  const mqttPort = await freePort()
  const common = { NATS_URL: natsUrl, RPC_URL: anvil.url, CHAIN_ID: String(deployment.chainId) }
  const env: Record<ServiceName, Record<string, string>> = {
    ingest: {
      MQTT_PORT: String(mqttPort),
      TLS_CERT_FILE: server.certificateFile,
      TLS_KEY_FILE: server.keyFile,
      TLS_CA_FILE: authority.caFile,
      SESSION_KEY_FILE: ingestKeys.sessionPrivate,
      RECEIPT_KEY_FILE: ingestKeys.receiptPrivate,
    },
    custody: { FACTORY: deployment.factory, IMPLEMENTATION: deployment.implementation },
    penalty: {},
    'chain-writer': {
      WRITER_KEY_FILE: writeSecret(keysDir, 'writer-wallet', writer.privateKey),
      FACTORY: deployment.factory,
      ANCHOR_LOG: deployment.anchorLog,
      ANCHOR_MS: '4000',
      CONTEST_POLL_MS: '500',
    },
    settlement: {
      PAYER_KEY_FILE: writeSecret(keysDir, 'payer-wallet', payer.privateKey),
      TOKEN: deployment.token,
      PAYMENTS: payments,
      EXPOSURE_MAX_TOKENS: formatTokens(budget),
      ...(raiden === undefined ? {} : { RAIDEN_URL: raiden.organisation.url }),
    },
  }
  const metricsPorts = {} as Record<ServiceName, number>
  for (const name of SERVICES) metricsPorts[name] = await freePort()
  const restarts = { ingest: 0, custody: 0, penalty: 0, 'chain-writer': 0, settlement: 0 }
  await Promise.all(
    SERVICES.map((name) =>
      supervise(processes, {
        name,
        program: join(ROOT, 'services', name, 'src', 'main.ts'),
        env: { ...common, ...env[name], METRICS_PORT: String(metricsPorts[name]) },
        killAt: killAt[name],
        healthUrl: `http://127.0.0.1:${metricsPorts[name]}/readyz`,
        onRestart: () => restarts[name]++,
      }),
    ),
  )
  return {
    dir,
    seed,
    processes,
    natsUrl,
    rpcUrl: anvil.url,
    anvil,
    mqttPort,
    metricsPorts,
    deployment,
    payer,
    raiden,
    payerNonce,
    writer: writer.wallet.address,
    authority,
    ingestKeys,
    restarts,
    stop: () => processes.stopAll(),
  }
}
