/**
 * What counts between two consecutive samples a and b of one metric, in integer milliseconds. Nothing when the device was restarted between
 * them, when b is not after a, or when they lie further apart than `gapMsMax`; else, of the time d between them:
 * hold: d if a is outside. worstCase: d if a or b is. linear: d if both are; if one is, floor(d × depth outside / (depth outside + depth inside)).
 */
import type { SingleLimitClause } from '../clauses.ts'

export type Between = SingleLimitClause['between']

const isOutside = (depth: number): boolean => depth > 0

/** `elapsedMs` is 0 or more. Depths are the distance beyond the bound, 0 or less inside. */
export function countedMs(between: Between, fromDepth: number, toDepth: number, elapsedMs: number): number {
  switch (between) {
    case 'hold':
      return isOutside(fromDepth) ? elapsedMs : 0
    case 'worstCase':
      return isOutside(fromDepth) || isOutside(toDepth) ? elapsedMs : 0
    case 'linear':
      return linearMs(fromDepth, toDepth, elapsedMs)
  }
}

function linearMs(fromDepth: number, toDepth: number, elapsedMs: number): number {
  if (isOutside(fromDepth) === isOutside(toDepth)) return isOutside(fromDepth) ? elapsedMs : 0
  const outside = Math.max(fromDepth, toDepth)
  const span = Math.abs(fromDepth - toDepth)
  const product = elapsedMs * outside
  // Up to 2^53 a product is exact, and the floor of its quotient too: a fraction is at least 1 / span away from the next integer.
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / span)
  return Number((BigInt(elapsedMs) * BigInt(outside)) / BigInt(span))
}

/** Milliseconds between samples, or what says that nothing counts between them. One per limit and leg. */
export class SampleClock {
  readonly #gapMsMax: number
  #entered = ''
  #bootId: string | undefined
  #baseMs = 0
  #timeMs = 0
  #isLinked = false

  constructor(gapMsMax: number) {
    this.#gapMsMax = gapMsMax
  }

  /** To be called before the samples of an envelope. */
  enter(bootId: string): void {
    this.#isLinked = bootId === this.#bootId
    this.#entered = bootId
  }

  /** Time since the sample before; 0 when nothing counts between the two, or there was none. */
  sinceMs(baseMs: number, timeMs: number): number {
    // Both differences are exact; a sum above 2^53 may be rounded, and lies far beyond any gap.
    const elapsedMs = baseMs - this.#baseMs + (timeMs - this.#timeMs)
    return this.#isLinked && elapsedMs > 0 && elapsedMs <= this.#gapMsMax ? elapsedMs : 0
  }

  /** This sample is the one before from now on. */
  tick(baseMs: number, timeMs: number): void {
    this.#baseMs = baseMs
    this.#timeMs = timeMs
    this.#bootId = this.#entered
    this.#isLinked = true
  }
}
