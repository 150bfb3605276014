/** The channel `raiden` of this process: its node by the configuration, and what the metrics say of it. */
import { type PublicClient, settlementTokenAbi } from '@consign/chain'
import { type RaidenClient, raidenClient } from '@consign/raiden-client'
import type { Logger, Metrics } from '@consign/runtime'
import { formatTokens } from '@consign/terms'
import type { Hex } from 'viem'
import type { AttemptJournal } from '../attempts.ts'
import { privateKeyOf, type SettlementConfig } from '../config.ts'
import type { PaymentChannel } from './payment-channel.ts'
import { raidenChannel } from './raiden-channel.ts'
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
  const { RAIDEN_URL: url, TOKEN: token, RAIDEN_SETTLE_TIMEOUT_S: settleTimeoutS } = config
  measureChannels(raidenClient({ url, signal, timeoutMs: SCRAPE_MS_MAX }), token, metrics)
  const refusals = metrics.counter<'code'>({
    name: 'consign_settlement_channel_refusals_total',
    help: 'Payments that the Raiden node or its channels refused, by code',
    labels: ['code'],
  })
  return (attempts: AttemptJournal): PaymentChannel => {
    const channel = raidenChannel({
      client: raidenClient({ url, signal }),
      token,
      secretKey: secretKeyOf(privateKeyOf(config)),
      attempts,
      payMsMax: config.RAIDEN_PAY_MS,
      quietMs: config.RAIDEN_QUIET_MS,
      exposureMax: config.EXPOSURE_MAX_TOKENS,
      settleTimeout: settleTimeoutS === undefined ? undefined : BigInt(settleTimeoutS),
      tokensOf: (wallet) => tokensOf(client, token, wallet),
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

function tokensOf(client: PublicClient, token: Hex, wallet: Hex): Promise<bigint> {
  return client.readContract({
    address: token,
    abi: settlementTokenAbi,
    functionName: 'balanceOf',
    args: [wallet],
  })
}

// What a node that does not answer has is absent.
function measureChannels(client: RaidenClient, token: Hex, metrics: Metrics): void {
  metrics.gauge<'partner'>({
    name: 'consign_settlement_channel_balance_tokens',
    help: 'What the payer can pay over its channel with a partner',
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
