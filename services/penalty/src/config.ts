import { portVariable } from '@consign/runtime'
import { z } from 'zod'

/** Environment of the penalty service. */
export const configSchema = z.object({
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  METRICS_PORT: portVariable.default(0),
})

export type PenaltyConfig = z.output<typeof configSchema>
