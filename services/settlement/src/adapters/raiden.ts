/** The channel `raiden` of this process: its node by the configuration, and what the metrics say of it. */
import { type PublicClient, settlementTokenAbi } from '@consign/chain'
import { type RaidenClient, raidenClient } from '@consign/raiden-client'
import type { Logger, Metrics } from '@consign/runtime'
import { formatTokens } from '@consign/terms'
import type { Hex } from 'viem'
import type { AttemptJournal } from '../attempts.ts'
import { type MediatorConfig, privateKeyOf, type SettlementConfig } from '../config.ts'
import type { PaymentChannel } from './payment-channel.ts'
import { raidenChannel, VIA_RAIDEN } from './raiden-channel.ts'
import { reserveChannels } from './raiden-reservation.ts'
import { secretKeyOf } from './raiden-secret.ts'

/** A scrape must not hang on a node that does not answer. */
const SCRAPE_MS_MAX = 2_000

type Surroundings = {
  client: PublicClient
  logger: Logger
  metrics: Metrics
  step: (name: string) => void
  signal: AbortSignal
}

export function openRaiden(
  config: SettlementConfig,
  { client, logger, metrics, step, signal }: Surroundings,
) {
  measureChannels(config, { metrics, signal })
  const refusals = metrics.counter<'code'>({
    name: 'consign_settlement_channel_refusals_total',
    help: 'Payments that the Raiden node or its channels refused, by code',
    labels: ['code'],
  })
  return (attempts: AttemptJournal): PaymentChannel => {
    const channel = raidenChannel({
      ...reservationOptions(raidenClient({ url: config.RAIDEN_URL, signal }), client, config),
      secretKey: secretKeyOf(privateKeyOf(config)),
      attempts,
      payMsMax: config.RAIDEN_PAY_MS,
      quietMs: config.RAIDEN_QUIET_MS,
      now: Date.now,
      step,
      logger,
    })
    return {
      ...channel,
      async pay(order) {
        const outcome = await channel.pay(order)
        if (outcome.status === 'refused') refusals.inc({ code: outcome.code })
        return outcome
      },
    }
  }
}

/** Reserves over a node, for who pays by no service. */
export function reserveOver(
  node: RaidenClient,
  client: PublicClient,
  config: MediatorConfig,
): Pick<PaymentChannel, 'via' | 'reserve'> {
  const options = reservationOptions(node, client, config)
  return { via: VIA_RAIDEN, reserve: ({ channels }) => reserveChannels(options, channels) }
}

function reservationOptions(node: RaidenClient, client: PublicClient, config: MediatorConfig) {
  const { TOKEN: token, EXPOSURE_MAX_TOKENS: exposureMax, RAIDEN_SETTLE_TIMEOUT_S: timeoutS } = config
  return {
    client: node,
    token,
    exposureMax,
    settleTimeout: timeoutS === undefined ? undefined : BigInt(timeoutS),
    tokensOf: (wallet: Hex) => tokensOf(client, token, wallet),
  }
}

function tokensOf(client: PublicClient, token: Hex, wallet: Hex): Promise<bigint> {
  return client.readContract({
    address: token,
    abi: settlementTokenAbi,
    functionName: 'balanceOf',
    args: [wallet],
  })
}

/** What a node that does not answer has is absent. */
export function measureChannels(
  { RAIDEN_URL: url, TOKEN: token }: MediatorConfig,
  { metrics, signal }: Pick<Surroundings, 'metrics' | 'signal'>,
): void {
  const client = raidenClient({ url, signal, timeoutMs: SCRAPE_MS_MAX })
  metrics.gauge<'partner'>({
    name: 'consign_settlement_channel_balance_tokens',
    help: 'What this side can pay over its channel with a partner',
    labels: ['partner'],
    collect: async (gauge) => {
      gauge.reset()
      for (const { partner, balance } of await client.channels(token).catch(() => []))
        gauge.set({ partner }, Number(formatTokens(balance)))
    },
  })
  metrics.gauge({
    name: 'consign_settlement_channel_transfers_pending',
    help: 'Transfers of the Raiden node that are not over',
    collect: async (gauge) => {
      const pending = await client.pendingTransfers(token).catch(() => undefined)
      gauge.set(pending?.length ?? Number.NaN)
    },
  })
}
