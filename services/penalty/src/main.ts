import { loadConfig, startService } from '@consign/runtime'
import { configSchema } from './config.ts'
import { runPenalty } from './service.ts'

const config = loadConfig(configSchema)

await startService({
  name: 'penalty',
  config: { metricsPort: config.METRICS_PORT },
  run: (context) => runPenalty(config, context),
})
