import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

const SECRET_FIELDS = [
  'token',
  'password',
  'secret',
  'seed',
  'mnemonic',
  'privateKey',
  'keys',
  'authorization',
]
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/**
 * JSON lines on stderr (stdout is for what programs read). Level from CONSIGN_LOG_LEVEL, default info. Fields that by their name hold a
 * secret are cut out, at the top and one level down; still, do not log objects that hold keys.
 */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env.CONSIGN_LOG_LEVEL ?? ''
  const options = {
    level: LEVELS.includes(level) ? level : 'info',
    base: { service: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' },
  }
  // Written before the call returns: the last lines before a crash are the ones that matter.
  return pino(options, pino.destination({ fd: 2, sync: true }))
}
