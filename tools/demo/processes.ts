import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Refusal } from '@consign/envelope'

export type ProcessSpec = {
  name: string
  command: string
  args: string[]
  env?: Record<string, string>
  cwd?: string
  /** Called for each line on stdout. */
  onLine?: (line: string) => void
}

export type Running = {
  name: string
  pid: number
  /** Resolves when it has ended: its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}

const DRAIN_MS = 4_000

/** Starts processes, keeps their output in files, and leaves none behind. */
export class ProcessGroup {
  private readonly children = new Map<ChildProcess, Running>()
  private readonly logDir: string
  /** True from the moment that all were asked to end: nothing is to be started again. */
  stopping = false

  constructor(logDir: string) {
    this.logDir = logDir
    mkdirSync(logDir, { recursive: true })
    process.once('exit', this.killAll)
  }

  start(spec: ProcessSpec): Running {
    if (this.stopping)
      throw new Refusal('demo.stopping', `${spec.name} is not started: everything is ending.`)
    const child = spawn(spec.command, spec.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...spec.env },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    })
    const log = createWriteStream(this.logFile(spec.name), { flags: 'a' })
    child.stderr.pipe(log, { end: false })
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.write(`${line}\n`)
      spec.onLine?.(line)
    })
    const ended = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('error', (error) => {
        log.write(`${error.message}\n`)
        resolve(127)
      })
      child.once('close', (code, signal) => resolve(signal ?? code ?? 1))
    }).finally(() => {
      this.children.delete(child)
      log.end()
    })
    const running = {
      name: spec.name,
      pid: child.pid ?? 0,
      ended,
      kill: (signal: NodeJS.Signals) => void child.kill(signal),
    }
    this.children.set(child, running)
    return running
  }

  logFile(name: string): string {
    return join(this.logDir, `${name}.log`)
  }

  /** Asks all to end, newest first, and kills what has not ended within the drain time. */
  async stopAll(): Promise<void> {
    this.stopping = true
    const running = [...this.children.values()].reverse()
    for (const child of running) child.kill('SIGTERM')
    const late = setTimeout(this.killAll, DRAIN_MS)
    await Promise.all(running.map((child) => child.ended))
    clearTimeout(late)
    process.off('exit', this.killAll)
  }

  private readonly killAll = (): void => {
    for (const child of this.children.keys()) child.kill('SIGKILL')
  }
}
