import { loadConfig, startService } from '@consign/runtime'
import { configSchema } from './config.ts'
import { runIngest } from './service.ts'

const config = loadConfig(configSchema)

await startService({
  name: 'ingest',
  config: { metricsPort: config.METRICS_PORT },
  run: (context) => runIngest(config, context),
})
