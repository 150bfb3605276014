import type { CryptoProvider, KeySet } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Publish } from './adapters/publishing.ts'
import { insist } from './insist.ts'
import type { IngestMetrics } from './metrics.ts'

/** Where ingest says what happens: pino's signature. */
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>

/** What every part of ingest works with. */
export type Context = {
  log: Log
  /** For reading; what is written goes by `publish`. */
  events: EventLog
  publish: Publish
  crypto: CryptoProvider
  /** Ingest's own keys; receipts use ML-DSA alone. */
  receiptKeys: KeySet
  metrics: IngestMetrics
  /** ms UTC. */
  nowMs: () => number
  /** Aborts when the service gives up storing, after draining. */
  signal: AbortSignal
  /** For what no caller waits for: a bug stops the process, a stop under way does not count. */
  fail: (error: unknown) => void
}

/** Does a write to the log until it succeeds, and says so while it does not. */
export function persist<T>(context: Context, what: string, attempt: () => Promise<T>): Promise<T> {
  return attempt().catch((error: unknown) => persistAfter(context, what, attempt, error))
}

/** The same after a first attempt that failed with `error`. */
export function persistAfter<T>(
  context: Context,
  what: string,
  attempt: () => Promise<T>,
  error: unknown,
): Promise<T> {
  return insist(attempt, error, {
    signal: context.signal,
    onRetry: (refusal, delayMs) => {
      context.metrics.retries.inc()
      context.log.warn({ code: refusal.code, what, delayMs }, refusal.message)
    },
  })
}
