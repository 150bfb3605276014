import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** A service as a real process that is started again whenever it was killed; custody, unless another program is named. */
export class ServiceProcess {
  readonly #env: NodeJS.ProcessEnv
  readonly #program: string
  #child: ChildProcess | undefined
  #stopping = false
  kills = 0
  stderr = ''

  constructor(env: Record<string, string>, program = MAIN) {
    this.#program = program
    this.#env = { ...process.env, CONSIGN_LOG_LEVEL: 'warn', METRICS_PORT: '0', ...env }
  }

  /** `killAt`: the step where the first life ends. */
  start(killAt?: string): void {
    const env = killAt === undefined ? this.#env : { ...this.#env, CONSIGN_KILL_AT: killAt }
    const child = spawn(process.execPath, [this.#program], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    child.stderr?.on('data', (text) => {
      this.stderr += text
    })
    child.once('exit', (_, signal) => {
      if (this.#stopping) return
      if (signal === 'SIGKILL') this.kills += 1
      this.start()
    })
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null> {
    this.#stopping = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return Promise.resolve(child?.exitCode ?? null)
    return new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGTERM')
    })
  }
}
