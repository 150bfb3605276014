import { portVariable, secretFileVariable } from '@consign/runtime'
import { parseTokens } from '@consign/terms'
import type { Hex } from 'viem'
import { z } from 'zod'

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Hex)

const milliseconds = (fallback: number) =>
  z.coerce.number('must be whole milliseconds').int().positive().default(fallback)

const seconds = z.coerce.number('must be whole seconds').int().positive()

const tokens = z.string().transform((text, context) => {
  try {
    return parseTokens(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

/** Whose part of agreements this process does. */
export const roleSchema = z.object({
  ROLE: z.enum(['payer', 'mediator'], 'must be payer or mediator').default('payer'),
})

const common = {
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  RPC_URL: z.url('must be the URL of an Ethereum node').default('http://127.0.0.1:8545'),
  CHAIN_ID: z.coerce.number('must be a number').int().positive(),
  TOKEN: address,
  RAIDEN_URL: z.url('must be the URL of a Raiden node').default('http://127.0.0.1:5001'),
  EXPOSURE_MAX_TOKENS: tokens.default(parseTokens('10000')),
  RAIDEN_SETTLE_TIMEOUT_S: seconds.optional(),
  METRICS_PORT: portVariable.default(0),
}

/** Environment of a party in the middle: its node's wallet is the one that the terms name, so no key is needed. */
export const mediatorConfigSchema = z.object(common)

/** Environment of the payer. The wallet of PAYER_KEY_FILE (0600, 32 bytes in hex) is this service's alone. */
export const configSchema = z.object({
  ...common,
  PAYER_KEY_FILE: secretFileVariable.refine(
    (key) => /^(0x)?[0-9a-fA-F]{64}$/.test(key),
    'the file must hold 32 bytes in hex',
  ),
  FINALITY: z.enum(['finalized', 'mined'], 'must be finalized or mined').default('finalized'),
  POLL_MS: milliseconds(500),
  STUCK_MS: milliseconds(60_000),
  PAYMENTS: z.enum(['onchain', 'raiden'], 'must be onchain or raiden').default('onchain'),
  SLICE_BPS: z.coerce.number('must be ten-thousandths').int().min(100).max(10_000).default(5_000),
  CHANNEL_PATIENCE_MS: milliseconds(600_000),
  RAIDEN_PAY_MS: milliseconds(60_000),
  RAIDEN_QUIET_MS: milliseconds(10_000),
})

export type SettlementConfig = z.output<typeof configSchema>
export type MediatorConfig = z.output<typeof mediatorConfigSchema>

/** The key with its 0x. */
export function privateKeyOf(config: SettlementConfig): Hex {
  const key = config.PAYER_KEY_FILE
  return (key.startsWith('0x') ? key : `0x${key}`) as Hex
}
