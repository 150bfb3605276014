/** The process that does the part of a party in the middle, beside that party's own Raiden node. */
import { publicClient, untilAnswered } from '@consign/chain'
import { connectEventLog, connectNats } from '@consign/eventlog'
import { raidenClient } from '@consign/raiden-client'
import { loadConfig, startService, step } from '@consign/runtime'
import { measureChannels, reserveOver } from './adapters/raiden.ts'
import { mediatorConfigSchema } from './config.ts'
import { runMediator } from './mediating.ts'

export async function startMediator(): Promise<void> {
  const config = loadConfig(mediatorConfigSchema)
  await startService({
    name: 'settlement',
    config: { metricsPort: config.METRICS_PORT },
    async run({ log: logger, metrics, signal, ready }) {
      const { CHAIN_ID: chainId, TOKEN: token, RAIDEN_URL: url } = config
      const connection = await connectNats({ url: config.NATS_URL, name: 'settlement-mediator' })
      const log = await connectEventLog({ nats: connection })
      const node = raidenClient({ url, signal })
      const wallet = await untilAnswered(() => node.address(), { signal, notices: logger })
      measureChannels(config, { metrics, signal })
      await runMediator({
        log,
        channel: reserveOver(node, publicClient(config.RPC_URL), config),
        own: { wallet, chainId, token },
        logger,
        metrics,
        step,
        signal,
        ready,
      })
      await connection.drain()
    },
  })
}
