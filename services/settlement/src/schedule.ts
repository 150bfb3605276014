/** When something is done for an agreement: as soon as it can be, again when something has changed for it, else with growing delay. */
import { delayAfter, isTransient, type Wakeup } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import type { Logger, Metrics } from '@consign/runtime'
import { Waiting } from './domain/waiting.ts'
import { measureWaiting, type Retry } from './measuring.ts'

/** How often due times are looked at, ms: a settlement is late by this much at most. What parties say is looked at at once. */
const TICK_MS = 250
/** More at once would only wait for the same wallet, or for the same channels. */
const TASKS_MAX = { chain: 16, pay: 16 } as const
/** What waits for a time is looked at then, but at least this often: others may act before. */
const WAIT_MS_MAX = 60_000
const WAIT_MS_MIN = 500

export type ScheduleOptions = {
  logger: Logger
  metrics: Metrics
  signal: AbortSignal
  /** ms UTC */
  now: () => number
  /** woken when something is worth looking at before the next tick */
  wakeup: Wakeup
}

/** `key` ends with the agreement, or names a wallet of it. */
export type Task = {
  key: string
  kind: keyof typeof TASKS_MAX
  agreement: Hex
  run: () => Promise<void>
}

/** `newsOf`: how often something has changed for an agreement. */
export type Work = { all(): Task[]; newsOf(agreement: Hex): number }

/** Runs until the signal aborts, then waits for what is under way. Rejects on a bug only. */
export async function doWhatIsDue(work: Work, options: ScheduleOptions): Promise<void> {
  const { signal, now, logger, wakeup } = options
  const running = new Map<string, { kind: Task['kind']; ended: Promise<void> }>()
  const retries = new Map<string, Retry>()
  measureWaiting(retries, options.metrics)
  let bug: { error: unknown } | undefined
  while (!signal.aborted && bug === undefined) {
    for (const task of work.all()) {
      const { key, kind, agreement } = task
      const isFull = [...running.values()].filter((one) => one.kind === kind).length >= TASKS_MAX[kind]
      if (running.has(key) || isFull || waits(retries.get(key), agreement)) continue
      running.set(key, { kind, ended: start(task) })
    }
    await wakeup.wait(TICK_MS, signal)
  }
  await Promise.all([...running.values()].map(({ ended }) => ended))
  if (bug !== undefined) throw bug.error

  function waits(retry: Retry | undefined, agreement: Hex): boolean {
    return retry !== undefined && retry.atMs > now() && retry.news === work.newsOf(agreement)
  }

  async function start(task: Task): Promise<void> {
    const { key, agreement, run } = task
    // Counted before it begins, so that what comes meanwhile has it tried again.
    const news = work.newsOf(agreement)
    const isEarly = (retries.get(key)?.atMs ?? 0) > now()
    try {
      await run()
      retries.delete(key)
    } catch (error) {
      // What the log still brings, or a node that is back, may lift a refusal; anything else is a bug.
      if (!(error instanceof Refusal || isTransient(error))) bug = { error }
      else if (!signal.aborted) postpone(task, error as Error, { news, isEarly })
    } finally {
      running.delete(key)
      wakeup.wake()
    }
  }

  // `isEarly`: tried for news, before its delay was over; that says nothing of how long the trouble lasts.
  function postpone(task: Task, problem: Error, { news, isEarly }: { news: number; isEarly: boolean }): void {
    const { key, kind, agreement } = task
    const before = retries.get(key)
    const isNew = before?.problem.message !== problem.message
    const growing = isEarly && !isNew ? before!.delayMs : delayAfter(isNew ? undefined : before?.delayMs)
    const delayMs = delayOf(problem, growing, now())
    retries.set(key, { agreement, atMs: now() + delayMs, delayMs, news, problem })
    const isTrouble = !(problem instanceof Waiting) || (kind === 'pay' && problem.waitsFor === 'payment')
    if (isTrouble) logger.warn({ agreement, delayMs }, `${problem.message}; tried again in ${delayMs} ms`)
    else if (isNew) logger.info({ agreement, waitsFor: problem.waitsFor }, problem.message)
  }
}

// A payment may succeed before the time until which it is waited for.
function delayOf(problem: Error, growing: number, nowMs: number): number {
  if (!(problem instanceof Waiting) || problem.untilMs === undefined) return growing
  const untilMs = Math.min(Math.max(problem.untilMs - nowMs, WAIT_MS_MIN), WAIT_MS_MAX)
  return problem.waitsFor === 'payment' ? Math.min(growing, untilMs) : untilMs
}
