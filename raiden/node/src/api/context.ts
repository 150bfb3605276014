import type { Metrics } from '@consign/runtime'
import type { Journal } from '../payments/journal.ts'
import type { Payments } from '../payments/payments.ts'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import type { NodeStatus } from '../sdk/node.ts'

/** What the routes share. */
export type ApiContext = {
  address: string
  /** The running SDK; throws 503 while there is none. */
  raiden(): MendedRaiden
  status(): NodeStatus
  payments: Payments
  journal: Journal
  metrics: Metrics
  pfsUrl: string
  /** Ends the process in good order. */
  shutdown(): void
}
