import { chmodSync, mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Refusal } from '@consign/envelope'
import { EXIT_BAD_CONFIG, loadConfig, startService } from '@consign/runtime'
import { readDeployment } from '../../network/src/deployment/record.ts'
import { unavailable } from './api/refusal.ts'
import { createApi } from './api/server.ts'
import { configSchema } from './config.ts'
import { measureNode } from './measures.ts'
import { openJournal } from './payments/journal.ts'
import { Payments } from './payments/payments.ts'
import { RaidenNode } from './sdk/node.ts'
import { settleClosedChannels } from './sdk/settling.ts'
import { openWallet } from './wallet/wallet-file.ts'
import { defaultLockDirectory, lockWallet } from './wallet/wallet-lock.ts'

/** Payments under way have this long to end when the node is told to; the rest go on at the next start. */
const PAYMENTS_MS_MAX = 10_000

const config = loadConfig(configSchema)
const { wallet, deployment, journal, lock } = prepared()

await startService({
  name: 'raiden-node',
  config: { metricsPort: config.METRICS_PORT, drainMsMax: 30_000 },
  async run({ log, metrics, signal, ready }) {
    const { address } = wallet
    const node = new RaidenNode({
      wallet,
      contracts: deployment.contracts,
      rpcUrl: config.RPC_URL,
      chainId: config.CHAIN_ID,
      matrixUrl: config.MATRIX_URL,
      pfsUrl: config.PFS_URL,
      dataDir: config.DATA_DIR,
      revealTimeoutS: config.REVEAL_TIMEOUT_S,
      confirmationBlocks: config.CONFIRMATION_BLOCKS,
      pollMs: config.POLL_MS,
      log,
      onCreated: (raiden) => payments.follow(raiden),
      onSynced: (raiden) => payments.reconcile(raiden),
      onReady(raiden) {
        settleClosedChannels(raiden, log)
        ready()
        process.stdout.write(`${JSON.stringify({ msg: 'ready', url, address })}\n`)
      },
    })
    const count = measureNode(metrics, node, journal)
    const payments = new Payments({
      journal,
      address,
      log,
      now: Date.now,
      onConcluded(payment) {
        count(payment)
        const { direction, secretHash, state, code, reason } = payment
        log.info({ direction, secretHash, state, code, reason }, 'payment ended')
      },
    })
    const api = createApi({
      address,
      host: config.API_HOST,
      raiden() {
        if (signal.aborted) throw unavailable('Raiden API is shutting down')
        if (node.raiden) return node.raiden
        const { status, missing } = node.status
        throw unavailable(
          `Service unavailable. Try again later. The node is ${[status, ...missing].join(', ')}.`,
        )
      },
      status: () => node.status,
      payments,
      journal,
      metrics,
      pfsUrl: config.PFS_URL,
      shutdown: () => process.kill(process.pid, 'SIGTERM'),
      log,
    })
    await api.listen({ host: config.API_HOST, port: config.API_PORT })
    const { port } = api.server.address() as AddressInfo
    const url = `http://${config.API_HOST.includes(':') ? `[${config.API_HOST}]` : config.API_HOST}:${port}`
    process.stdout.write(`${JSON.stringify({ msg: 'listening', url, address })}\n`)
    log.info({ url, address }, 'the API listens')
    const stopping = new AbortController()
    signal.addEventListener('abort', () => void payments.idle(PAYMENTS_MS_MAX).then(() => stopping.abort()))
    await node.run(stopping.signal)
    payments.close()
    await api.close()
    lock.release()
  },
})

/** What must be right before anything starts; else one line and exit code 2. */
function prepared() {
  try {
    const wallet = openWallet(config.KEYSTORE_FILE, config.PASSWORD_FILE)
    const deployment = readDeployment(config.CONTRACTS_FILE)
    if (deployment?.chainId !== config.CHAIN_ID)
      throw new Refusal(
        'raiden.contracts_file',
        `CONTRACTS_FILE: ${config.CONTRACTS_FILE} does not hold the contracts of chain ${config.CHAIN_ID}.`,
      )
    mkdirSync(config.DATA_DIR, { recursive: true, mode: 0o700 })
    chmodSync(config.DATA_DIR, 0o700)
    const lock = lockWallet(config.LOCK_DIR ?? defaultLockDirectory(), config.CHAIN_ID, wallet.address)
    const journal = openJournal(join(config.DATA_DIR, 'payments.sqlite'))
    return { wallet, deployment, journal, lock }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exit(EXIT_BAD_CONFIG)
  }
}
