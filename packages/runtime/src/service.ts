import { createLogger, type Logger } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { listenForProbes } from './probes.ts'

export type ServiceContext = {
  log: Logger
  metrics: Metrics
  /** Aborts when the process shall end: finish what is under way, take nothing new, return. */
  signal: AbortSignal
  /** Says that the service takes work from now on. */
  ready: () => void
}

export type ServiceOptions = {
  name: string
  config: { metricsPort: number; metricsHost?: string /** Default 10 s. */; drainMsMax?: number }
  run: (context: ServiceContext) => Promise<void>
}

const DRAIN_MS_MAX = 10_000

/**
 * Runs a service as this process, to its end. Prints `{"event":"listening","metricsPort":…}` on stdout. SIGTERM or SIGINT: `signal`
 * aborts and `run` has `drainMsMax` to return. Exit code 0 when `run` returned, 1 when it threw, anything went unhandled, or draining
 * took too long.
 */
export async function startService({ name, config, run }: ServiceOptions): Promise<never> {
  const log = createLogger(name)
  const metrics = createMetrics(name)
  const end = new AbortController()
  let ready = false

  const fail = (error: unknown, what: string): never => {
    log.fatal({ err: error }, what)
    process.exit(1)
  }
  process.on('uncaughtException', (error) => fail(error, 'unexpected error'))
  process.on('unhandledRejection', (error) => fail(error, 'unexpected rejection'))
  const drain = (signalName: NodeJS.Signals) => {
    if (end.signal.aborted) return
    log.info({ signal: signalName }, 'draining')
    end.abort()
    const drainMsMax = config.drainMsMax ?? DRAIN_MS_MAX
    setTimeout(() => fail(undefined, `draining took more than ${drainMsMax} ms`), drainMsMax).unref()
  }
  process.on('SIGTERM', drain)
  process.on('SIGINT', drain)

  try {
    const isReady = () => ready && !end.signal.aborted
    const host = config.metricsHost ?? '127.0.0.1'
    const probes = await listenForProbes(config.metricsPort, host, metrics, isReady)
    process.stdout.write(`${JSON.stringify({ event: 'listening', metricsPort: probes.port })}\n`)
    await run({
      log,
      metrics,
      signal: end.signal,
      ready: () => {
        ready = true
        log.info('ready')
      },
    })
    probes.close()
  } catch (error) {
    fail(error, 'the service ended')
  }
  log.info('ended')
  process.exit(0)
}
