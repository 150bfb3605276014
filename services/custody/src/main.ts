import { loadConfig, startService } from '@consign/runtime'
import { configSchema } from './config.ts'
import { runCustody } from './service.ts'

const config = loadConfig(configSchema)

await startService({
  name: 'custody',
  config: { metricsPort: config.METRICS_PORT },
  run: (context) => runCustody(config, context),
})
