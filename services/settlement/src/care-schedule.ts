/** When each step of each agreement is tried: as soon as it can be, again with growing delay while it is not done. */
import { setTimeout as sleep } from 'node:timers/promises'
import { delayAfter, isTransient } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { Logger } from '@consign/runtime'
import { type CaringOptions, takeStep } from './caring.ts'
import { type AgreementFile, type Step, stepsOf } from './domain/agreement-file.ts'
import type { Filing } from './filing.ts'

/** How often steps are looked for, ms. */
const TICK_MS = 250
/** More at once would only wait for the same wallet. */
const STEPS_AT_ONCE_MAX = 16

type Retry = { atMs: number; delayMs: number; problem: string }

/** Runs until the signal aborts, then waits for what is under way. Rejects on a bug only. */
export async function careForAgreements(
  filing: Filing,
  options: CaringOptions & { logger: Logger },
): Promise<void> {
  const { signal, now, logger } = options
  const running = new Map<string, Promise<void>>()
  const retries = new Map<string, Retry>()
  let bug: { error: unknown } | undefined
  while (!signal.aborted && bug === undefined) {
    for (const file of filing.open) {
      for (const step of stepsOf(file, now())) {
        const name = nameOf(file, step)
        const waits = running.has(name) || (retries.get(name)?.atMs ?? 0) > now()
        if (!waits && running.size < STEPS_AT_ONCE_MAX) running.set(name, start(name, file, step))
      }
    }
    await sleep(TICK_MS, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(running.values())
  if (bug !== undefined) throw bug.error

  async function start(name: string, file: AgreementFile, step: Step): Promise<void> {
    try {
      const problem = await problemWith(file, step, options)
      if (signal.aborted) return
      if (problem !== undefined) return postpone(name, problem)
      retries.delete(name)
      // The log tells the filing in a moment; until then the step would be found done again.
      retries.set(name, { atMs: now() + TICK_MS * 4, delayMs: 0, problem: '' })
      logger.info({ agreement: file.agreement }, `${step.type}: done`)
    } catch (error) {
      bug = { error }
    } finally {
      running.delete(name)
    }
  }

  function postpone(name: string, problem: string): void {
    const before = retries.get(name)
    const delayMs = delayAfter(before?.delayMs || undefined)
    retries.set(name, { atMs: now() + delayMs, delayMs, problem })
    if (before?.problem !== problem) logger.info({ step: name, delayMs }, `waits: ${problem}`)
  }
}

// One line for people, or undefined when it is done.
async function problemWith(
  file: AgreementFile,
  step: Step,
  options: CaringOptions,
): Promise<string | undefined> {
  try {
    return await takeStep(file, step, options)
  } catch (error) {
    // What the log still brings, or a node that is back, may lift a refusal; anything else is a bug.
    if (error instanceof Refusal || isTransient(error)) return (error as Error).message
    throw error
  }
}

function nameOf({ agreement }: AgreementFile, step: Step): string {
  if (step.type === 'tell') return `${agreement} tell ${step.acknowledged.wallet}`
  return step.type === 'release' ? `${agreement} release ${step.wallet}` : `${agreement} ${step.type}`
}
