#!/usr/bin/env node
// FOR DEVELOPMENT ONLY: the least Matrix homeserver and path-finding service that Raiden nodes of one machine need. With real money run Synapse with
// Raiden's auth provider, and Raiden's own services (raiden/README.md). Environment: networkConfigSchema. Prints one line on stdout when it listens:
// `{"msg":"ready","url":…}`. Ends on SIGTERM or SIGINT; SIGKILL loses nothing, with a DATA_DIR.
import { Refusal } from '@consign/envelope'
import { loadConfig, startService } from '@consign/runtime'
import { networkConfigSchema } from './config.ts'
import { readDeployment } from './deployment/record.ts'
import { startNetworkServer } from './server.ts'
import { openStore } from './store.ts'

// For development: who was killed with -9 could not end it, and nobody wants it afterwards.
const parent = process.ppid
const config = loadConfig(networkConfigSchema)

await startService({
  name: 'raiden-network',
  config: { metricsPort: config.METRICS_PORT },
  async run({ log, signal, ready }) {
    const deployment = readDeployment(config.CONTRACTS_FILE)
    if (deployment?.chainId !== config.CHAIN_ID)
      throw new Refusal(
        'raiden.network.contracts',
        `CONTRACTS_FILE ${config.CONTRACTS_FILE} is not there or not of chain ${config.CHAIN_ID}; run raiden/network/src/deploy.ts.`,
      )
    const store = openStore(config.DATA_DIR)
    if (config.DATA_DIR === undefined)
      log.warn('no DATA_DIR: everything is in memory, and after a restart nodes must be restarted too')
    const server = await startNetworkServer({
      port: config.PORT,
      deployment,
      store,
      log,
      clock: Date.now,
    })
    ready()
    const use = 'development only: homeserver and path-finding service without federation, TLS or watch-tower'
    process.stdout.write(`${JSON.stringify({ msg: 'ready', url: server.url, use })}\n`)
    const watch = setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGTERM'), 1_000)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    clearInterval(watch)
    await server.close()
    store.db.close()
  },
})
