import { portVariable, secretFileVariable } from '@consign/runtime'
import type { Hex } from 'viem'
import { z } from 'zod'

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Hex)

const count = (fallback: number) =>
  z.coerce.number('must be a whole number').int().positive().default(fallback)

/** Environment of chain-writer. The wallet of WRITER_KEY_FILE (0600, 32 bytes in hex) is this service's alone. */
export const configSchema = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  RPC_URL: z.url('must be the URL of an Ethereum node').default('http://127.0.0.1:8545'),
  CHAIN_ID: z.coerce.number('must be a number').int().positive(),
  WRITER_KEY_FILE: secretFileVariable.refine(
    (key) => /^(0x)?[0-9a-fA-F]{64}$/.test(key),
    'the file must hold 32 bytes in hex',
  ),
  FACTORY: address,
  ANCHOR_LOG: address,
  FINALITY: z.enum(['finalized', 'mined'], 'must be finalized or mined').default('finalized'),
  ANCHOR_MS: count(10 * 60_000),
  ANCHOR_ENVELOPES_MAX: count(10_000),
  POLL_MS: count(500),
  CONTEST_POLL_MS: count(5_000),
  WATCH_POLL_MS: count(5_000),
  CLOSE_LOST_MS: z
    .union(
      [z.literal('never').transform(() => Number.POSITIVE_INFINITY), z.coerce.number().int().nonnegative()],
      {
        error: 'must be a number of ms, or never',
      },
    )
    .default(86_400_000),
  STUCK_MS: count(60_000),
  METRICS_PORT: portVariable.default(0),
})

export type ChainWriterConfig = z.output<typeof configSchema>

/** The key with its 0x. */
export function privateKeyOf(config: ChainWriterConfig): Hex {
  const key = config.WRITER_KEY_FILE
  return (key.startsWith('0x') ? key : `0x${key}`) as Hex
}
