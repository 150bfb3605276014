/** What a breach costs: min(base + perStep × floor(excess / step), caseMax); step 0 means that perStep never counts. */
import type { Penalty } from '../clauses.ts'

/** A clause's penalty, prepared for folds that ask again with every reading. Amounts in the smallest unit of the token. */
export class Schedule {
  readonly #base: bigint
  readonly #perStep: bigint
  readonly #step: number
  readonly #caseMax: bigint
  readonly #stepsMax: number

  constructor({ base, perStep, step, caseMax }: Penalty) {
    this.#base = BigInt(base)
    this.#perStep = BigInt(perStep)
    this.#step = step
    this.#caseMax = BigInt(caseMax)
    this.#stepsMax = stepsUntil(this.#caseMax - this.#base, this.#perStep, step)
  }

  /** Steps that raise the cost of a case; those beyond `caseMax` do not. `excess` in the unit of the step, a safe integer. */
  stepsOf(excess: number): number {
    if (this.#stepsMax === 0) return 0
    return Math.min(Math.floor(excess / this.#step), this.#stepsMax)
  }

  costOf(excess: number): bigint {
    const steps = this.#step === 0 ? 0n : BigInt(excess) / BigInt(this.#step)
    const cost = this.#base + this.#perStep * steps
    return cost < this.#caseMax ? cost : this.#caseMax
  }
}

function stepsUntil(room: bigint, perStep: bigint, step: number): number {
  if (step === 0 || perStep === 0n || room <= 0n) return 0
  return Number((room + perStep - 1n) / perStep)
}
