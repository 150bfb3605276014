// Nodes of the SDK itself, in this process. No facade: what fails here is the network's or the SDK's. Load it only where raiden/ is installed.
import { join } from 'node:path'
import { firstValueFrom, type Observable } from 'rxjs'
import type { Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { MendedRaiden } from '../../node/src/sdk/mended-raiden.ts'
import { Raiden } from '../../node/src/sdk/raiden-ts.ts'
import type { RaidenNetwork } from '../src/start.ts'
import type { TestChain } from './chain.ts'

/** What is used of the SDK here, published or mended. */
type Sdk = {
  address: Hex
  start(): Promise<void>
  stop(): Promise<void>
  openChannel(token: Hex, partner: Hex, options: { deposit: number }): Promise<Hex>
  transfer(token: Hex, target: Hex, amount: number): Promise<string>
  waitTransfer(key: string): Promise<unknown>
  channels$: Observable<Record<Hex, Record<Hex, { balance: { toString(): string } }>>>
}

type SdkClass = { create(...args: unknown[]): Promise<Sdk> }

/** With the defects mended that raiden/README.md names: what nodes run. */
export const MENDED = MendedRaiden as unknown as SdkClass
/** As the package has it: with several payments under way it may hang. */
export const PUBLISHED = Raiden as unknown as SdkClass

const ONE_NODE_TOKENS = 1_000_000n

/** Starts one with a fresh wallet, ether and tokens; stop it afterwards. */
export async function startSdkNode(
  chain: TestChain,
  network: RaidenNetwork,
  Sdk: SdkClass = MENDED,
): Promise<SdkNode> {
  const key = generatePrivateKey()
  const sdk = await Sdk.create(
    chain.url,
    key,
    { prefix: join(chain.networkOptions.dir, key.slice(2, 8)) },
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
      logger: process.env.CONSIGN_TEST_LOG === 'sdk' ? 'debug' : '',
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
