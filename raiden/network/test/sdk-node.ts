// Nodes of the SDK itself, in this process. No facade: what fails here is the network's or the SDK's. Load it only where raiden/ is installed.
import { join } from 'node:path'
import { firstValueFrom, type Observable } from 'rxjs'
import type { Hex } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { MendedRaiden } from '../../node/src/sdk/mended-raiden.ts'
import { readDeployment } from '../src/deployment/record.ts'
import type { RaidenNetwork } from '../src/start.ts'
import type { TestChain } from './chain.ts'

/** What is used of the SDK here. Mended as nodes run it: as published, several payments under way may hang for ever. */
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

export type SdkNodeOptions = {
  /** Of a wallet that has ether. */
  key: Hex
  rpcUrl: string
  networkUrl: string
  contractsFile: string
  token: Hex
  dir: string
}

const ONE_NODE_TOKENS = 1_000_000n

/** Starts one with a fresh wallet, ether and tokens; stop it afterwards. */
export async function startSdkNode(chain: TestChain, network: RaidenNetwork): Promise<SdkNode> {
  return runSdkNode(await sdkNodeOptions(chain, network))
}

/** A fresh wallet with ether and tokens, and where its node finds the rest. */
export async function sdkNodeOptions(chain: TestChain, network: RaidenNetwork): Promise<SdkNodeOptions> {
  const key = generatePrivateKey()
  await chain.fund(privateKeyToAddress(key), ONE_NODE_TOKENS)
  const { token, url: rpcUrl, networkOptions } = chain
  const { url: networkUrl, contractsFile } = network
  return { key, rpcUrl, networkUrl, contractsFile, token, dir: networkOptions.dir }
}

/** Starts one with a wallet that is there. */
export async function runSdkNode(options: SdkNodeOptions): Promise<SdkNode> {
  const sdk = await (MendedRaiden as unknown as SdkClass).create(
    options.rpcUrl,
    options.key,
    { prefix: join(options.dir, options.key.slice(2, 8)) },
    readDeployment(options.contractsFile)?.contracts,
    {
      matrixServer: options.networkUrl,
      pfsMode: 'onlyAdditional',
      additionalServices: [options.networkUrl],
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
  await sdk.start()
  return new SdkNode(sdk, options.token)
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
