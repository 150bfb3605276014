// A service for the tests of this package; EXAMPLE says how it behaves.
import { once } from 'node:events'
import { z } from 'zod'
import { loadConfig, portVariable, startService, step } from '../src/index.ts'

const config = loadConfig(
  z.object({
    EXAMPLE: z.enum(['good', 'stuck', 'throws', 'rejects']),
    METRICS_PORT: portVariable.default(0),
  }),
)

await startService({
  name: 'example',
  config: { metricsPort: config.METRICS_PORT, drainMsMax: 300 },
  run: async ({ log, metrics, signal, ready }) => {
    const handled = metrics.counter({ name: 'consign_example_total', help: 'Things done', labels: ['kind'] })
    const waiting = metrics.gauge({
      name: 'consign_example_waiting',
      help: 'Things',
      collect: (it) => it.set(7),
    })
    handled.inc({ kind: 'first' }, 3)
    void waiting
    log.info({ token: 'hush-1', connection: { password: 'hush-2' }, url: 'kept' }, 'configured')
    step('example.begun')
    step('example.begun')
    if (config.EXAMPLE === 'throws') throw new Error('cannot go on')
    if (config.EXAMPLE === 'rejects') void Promise.reject(new Error('nobody waits for this'))
    ready()
    process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
    if (!signal.aborted) await once(signal, 'abort')
    if (config.EXAMPLE === 'stuck') await new Promise((resolve) => setTimeout(resolve, 60_000))
  },
})
