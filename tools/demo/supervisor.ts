import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '@consign/envelope'
import type { ProcessGroup, Running } from './processes.ts'

export type Supervised = {
  name: string
  program: string
  env: Record<string, string>
  /** The step at which its first run kills itself, then that of its second, and so on. */
  killAt?: readonly string[] | undefined
  /** Answers 200 once it can work. */
  healthUrl: string
  onRestart: () => void
}

const RESTARTS_MAX = 20
const RESTART_PAUSE_MS = 200
const READY_MS_MAX = 30_000

/** Starts a service and starts it again whenever it dies, as Kubernetes would. Resolves when it is ready for the first time. */
export async function supervise(processes: ProcessGroup, service: Supervised): Promise<void> {
  let starts = 0
  const start = (): Running => {
    const CONSIGN_KILL_AT = service.killAt?.[starts] ?? ''
    starts++
    const running = processes.start({
      name: service.name,
      command: process.execPath,
      args: [service.program],
      env: { ...service.env, CONSIGN_KILL_AT },
    })
    void running.ended.then(async () => {
      if (processes.stopping || starts > RESTARTS_MAX) return
      await sleep(RESTART_PAUSE_MS)
      if (processes.stopping) return
      service.onRestart()
      start()
    })
    return running
  }
  start()
  const deadline = Date.now() + READY_MS_MAX
  while (Date.now() < deadline) {
    if (await isReady(service.healthUrl)) return
    if (starts > RESTARTS_MAX || processes.stopping) break
    await sleep(100)
  }
  throw new Refusal(
    'demo.service',
    `${service.name} did not become ready; its log is ${processes.logFile(service.name)}.`,
  )
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    return false
  }
}
