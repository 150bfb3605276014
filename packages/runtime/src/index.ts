/** What every process of the project shares: configuration, log, metrics, probes, shutdown, kill points. */
export { EXIT_BAD_CONFIG, loadConfig, parseConfig, portVariable, secretFileVariable } from './config.ts'
export { createLogger, type Logger } from './log.ts'
export { type Counter, createMetrics, type Gauge, type Histogram, type Metrics } from './metrics.ts'
export { type ServiceContext, type ServiceOptions, startService } from './service.ts'
export { step } from './step.ts'
