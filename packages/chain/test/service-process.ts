// A service as a real process, for tests that kill it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export type ServiceProcess = {
  /** Exit code, or the name of the signal that ended it. */
  ended: Promise<number | string>
  /** SIGTERM, then waits for the end. */
  stop(): Promise<number | string>
  /** SIGKILL, then waits for the end. */
  kill(): Promise<number | string>
}

/** Starts `program` (a .ts file) under this Node. `killAt` is the step at which it kills itself. Its log goes to stderr when LOG is set. */
export function startServiceProcess(
  program: string,
  env: Record<string, string>,
  killAt?: string,
): ServiceProcess {
  const quiet = process.env.CONSIGN_TEST_LOG === undefined
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      METRICS_PORT: '0',
      ...env,
      ...(killAt === undefined ? {} : { CONSIGN_KILL_AT: killAt }),
    },
    stdio: ['ignore', 'ignore', quiet ? 'ignore' : 'inherit'],
  })
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ended = once(child, 'exit').then(([code, signal]) => {
    process.off('exit', killWithUs)
    return (signal ?? code) as number | string
  })
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  const kill = () => {
    child.kill('SIGKILL')
    return ended
  }
  return { ended, stop, kill }
}
