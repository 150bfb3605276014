/** Keeps the SDK running: starts it when all it depends on answers, starts it again when it ends by itself, and says how it is. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@consign/runtime'
import { providers, type Wallet } from 'ethers'
import { MendedRaiden } from './mended-raiden.ts'
import { type Dependency, type Endpoints, missingDependencies } from './outside.ts'
import type { ContractsInfo } from './raiden-ts.ts'

export type NodeStatus = { status: 'ready' | 'syncing' | 'unavailable'; missing: string[] }

export type NodeOptions = Endpoints & {
  wallet: Wallet
  contracts: ContractsInfo
  dataDir: string
  revealTimeoutS: number
  confirmationBlocks: number
  pollMs: number
  log: Logger
  /** Called with each instance: before it starts, when it is in step with chain and homeserver, and when requests may use it. */
  onCreated(raiden: MendedRaiden): void
  onSynced(raiden: MendedRaiden): Promise<void>
  onReady(raiden: MendedRaiden): void
}

/** The SDK's own default is 30 s; it keeps finished transfers in memory three times as long as this. */
const HTTP_MS_MAX = 10_000
const RETRY_MS = 1_000
/** A lock runs for so many reveal timeouts, and always less than the settle timeout. */
export const LOCK_PER_REVEAL_TIMEOUT = 2
/** How often the dependencies are asked while the node runs: status and metrics are that old at most. */
const WATCH_MS = 2_000

export class RaidenNode {
  readonly #options: NodeOptions
  #raiden: MendedRaiden | undefined
  #isSyncing = false
  #missing: ReadonlyMap<Dependency, string> = new Map()

  constructor(options: NodeOptions) {
    this.#options = options
  }

  /** The running SDK; undefined while there is none to be used. */
  get raiden(): MendedRaiden | undefined {
    return this.#raiden?.started ? this.#raiden : undefined
  }

  get status(): NodeStatus {
    const missing = [...this.#missing.values()]
    if (this.raiden && missing.length === 0) return { status: 'ready', missing }
    return { status: this.#isSyncing && missing.length === 0 ? 'syncing' : 'unavailable', missing }
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const watching = this.#watch(signal)
    while (!signal.aborted) {
      try {
        await this.#untilAllAnswer(signal)
        if (!signal.aborted) await this.#runOnce(signal)
      } catch (error) {
        this.#options.log.warn(
          { reason: String(error) },
          'the SDK did not start, or ended; starting it again',
        )
      }
      this.#raiden = undefined
      this.#isSyncing = false
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
    await watching
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const raiden = await this.#create()
    const stop = () => void raiden.stop().catch(() => undefined)
    signal.addEventListener('abort', stop)
    const ended = new Promise<void>((resolve) =>
      raiden.action$.subscribe({ complete: resolve, error: () => resolve() }),
    )
    try {
      this.#isSyncing = true
      this.#options.onCreated(raiden)
      await raiden.start()
      if (signal.aborted) return
      await this.#options.onSynced(raiden)
      this.#raiden = raiden
      this.#options.onReady(raiden)
      await ended
      if (!signal.aborted) this.#options.log.warn('the SDK has ended by itself')
    } finally {
      signal.removeEventListener('abort', stop)
      await raiden.stop()
    }
  }

  async #create(): Promise<MendedRaiden> {
    const { rpcUrl, chainId, wallet, contracts, dataDir, pollMs } = this.#options
    const network = { name: 'unknown', chainId }
    const provider = new providers.StaticJsonRpcProvider({ url: rpcUrl, timeout: 2 * HTTP_MS_MAX }, network)
    provider.pollingInterval = pollMs
    return MendedRaiden.create(provider, wallet.connect(provider), { prefix: `${dataDir}/` }, contracts, {
      matrixServer: this.#options.matrixUrl,
      pfsMode: 'onlyAdditional',
      additionalServices: [this.#options.pfsUrl],
      confirmationBlocks: this.#options.confirmationBlocks,
      pollingInterval: pollMs,
      httpTimeout: HTTP_MS_MAX,
      revealTimeout: this.#options.revealTimeoutS,
      // Raiden's own default. With the SDK's 1.1 a transfer that is two seconds late, of twenty, is not taken any more.
      expiryFactor: LOCK_PER_REVEAL_TIMEOUT,
      monitoringReward: null,
      caps: { Receive: 1, Mediate: 1, webRTC: 0 },
      logger: '',
      // Settled by this node, which also answers a request to settle; the SDK would refuse those.
      autoSettle: false,
      autoUDCWithdraw: false,
      fallbackIceServers: [],
    })
  }

  async #untilAllAnswer(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look()
      if (this.#missing.size === 0) return
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined)
      if (!signal.aborted && this.#raiden) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const missing = await missingDependencies(this.#options)
    for (const [name, line] of missing)
      if (!this.#missing.has(name)) this.#options.log.warn({ dependency: name }, line)
    for (const name of this.#missing.keys())
      if (!missing.has(name)) this.#options.log.info({ dependency: name }, `${name} answers again`)
    this.#missing = missing
  }
}
