// The program on the device. Configuration: node edge/src/main.ts --help
import { parseArgs } from 'node:util'
import { Refusal } from '@consign/envelope'
import { EXIT_BAD_CONFIG, loadConfig, startService } from '@consign/runtime'
import { configSchema } from './config.ts'
import { HELP } from './help.ts'
import { prepare, runEdge } from './service.ts'

export { STEPS } from './steps.ts'

if (import.meta.main) await main(process.argv.slice(2))

async function main(args: string[]): Promise<void> {
  if (wantsHelp(args)) {
    process.stdout.write(HELP)
    return
  }
  const config = loadConfig(configSchema)
  const prepared = await orRefuse(prepare(config))
  await startService({
    name: 'edge',
    config: { metricsPort: config.METRICS_PORT, metricsHost: config.METRICS_HOST },
    run: (context) => runEdge(prepared, context),
  })
}

function wantsHelp(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } }).values.help === true
  } catch (error) {
    refuse(`edge.usage: ${(error as Error).message}; see --help`)
  }
}

async function orRefuse<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Refusal) refuse(`${error.code}: ${error.message}`)
    throw error
  }
}

function refuse(line: string): never {
  process.stderr.write(`${line}\n`)
  process.exit(EXIT_BAD_CONFIG)
}
