import { portVariable } from '@consign/runtime'
import { z } from 'zod'

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address, 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as `0x${string}`)

/**
 * Environment of the custody service. FACTORY and IMPLEMENTATION are the contracts that an agreement's address is computed from. For
 * WINDOW_GRACE_MS after a start no dispute window is closed.
 */
export const configSchema = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  METRICS_PORT: portVariable.default(0),
  CHAIN_ID: z.coerce.number().int().positive(),
  FACTORY: address,
  IMPLEMENTATION: address,
  WINDOW_GRACE_MS: z.coerce.number().int().min(0).default(60_000),
})

export type CustodyConfig = z.output<typeof configSchema>
