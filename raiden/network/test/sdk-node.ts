// Nodes of the SDK itself, in this process, for tests of the network. No facade: what fails here is the network's.
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { firstValueFrom, type Observable } from 'rxjs'
import type { Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import type { RaidenNetwork } from '../src/start.ts'
import type { TestChain } from './chain.ts'

/** What is used of it: the package's own types compile only with its own compiler options. */
type Sdk = {
  address: Hex
  start(): Promise<void>
  stop(): Promise<void>
  openChannel(token: Hex, partner: Hex, options: { deposit: number }): Promise<Hex>
  transfer(token: Hex, target: Hex, amount: number): Promise<string>
  waitTransfer(key: string): Promise<unknown>
  channels$: Observable<Record<Hex, Record<Hex, { balance: { toString(): string } }>>>
}

// Its ES modules lack file extensions: only the CommonJS ones load.
const { Raiden } = createRequire(import.meta.url)('raiden-ts') as {
  Raiden: { create(...args: unknown[]): Promise<Sdk> }
}

const ONE_NODE_TOKENS = 1_000_000n

/** Starts one with a fresh wallet, ether and tokens; stop it afterwards. */
export async function startSdkNode(chain: TestChain, network: RaidenNetwork, dir: string) {
  const key = generatePrivateKey()
  mkdirSync(dir, { recursive: true })
  const sdk = await Raiden.create(
    chain.url,
    key,
    { prefix: join(dir, key.slice(2, 8)) },
    network.deployment.contracts,
    {
      matrixServer: network.url,
      pfsMode: 'onlyAdditional',
      additionalServices: [network.url],
      confirmationBlocks: 0,
      pollingInterval: 200,
      httpTimeout: 10_000,
      revealTimeout: 20,
      monitoringReward: null,
      caps: { Receive: 1, Mediate: 1, webRTC: 0 },
      logger: process.env.CONSIGN_TEST_LOG === undefined ? '' : 'debug',
      autoSettle: false,
      autoUDCWithdraw: false,
      fallbackIceServers: [],
    },
  )
  await chain.fund(sdk.address, ONE_NODE_TOKENS)
  await sdk.start()
  return new SdkNode(sdk, chain.token)
}

export class SdkNode {
  readonly #sdk: Sdk
  readonly #token: Hex

  constructor(sdk: Sdk, token: Hex) {
    this.#sdk = sdk
    this.#token = token
  }

  get address(): Hex {
    return this.#sdk.address
  }

  async openChannel(partner: Hex, deposit: number): Promise<void> {
    await this.#sdk.openChannel(this.#token, partner, { deposit })
  }

  /** Resolves when the target has the amount. */
  async pay(target: Hex, amount: number): Promise<void> {
    await this.#sdk.waitTransfer(await this.#sdk.transfer(this.#token, target, amount))
  }

  /** What came from the partner of a channel, minus what went to it. */
  async receivedFrom(partner: Hex): Promise<number> {
    const channels = await firstValueFrom(this.#sdk.channels$)
    return Number(channels[this.#token]?.[partner]?.balance.toString() ?? 0)
  }

  stop(): Promise<void> {
    return this.#sdk.stop()
  }
}
