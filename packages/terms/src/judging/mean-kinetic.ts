/**
 * Mean kinetic temperature of a leg: the constant temperature at which goods would have aged as much. By Arrhenius, over samples weighted by the
 * time w each was held: T = (ΔH/R) / -ln(Σ w exp(-ΔH/(R T_i)) / Σ w), ΔH = 83.144 kJ/mol, R = 8.314462618 J/(mol K), temperatures in kelvin.
 */
import { MISSING } from '@consign/envelope'
import type { MeanKineticLimitClause } from '../clauses.ts'
import { SampleClock } from './counted.ts'
import { expOfMinus, fraction, ln, ONE } from './fixed-point.ts'
import { type Docket, type JudgedEnvelope, LEG_INDEX, LEG_SEQ, type LegFold, utcOf } from './judgement.ts'
import { Schedule } from './schedule.ts'

// ΔH / R in millikelvin, as an exact fraction: 83,144,000 × 10^9 / 8,314,462,618.
const ENERGY = 83_144_000n * 10n ** 9n
const GAS = 8_314_462_618n
const FREEZING_MILLI_K = 273_150

/**
 * In milli-°C, rounded half away from zero. `heldMs`: time by temperature in milli-°C; at or below absolute zero nothing ages. Undefined when no
 * time was held above it.
 */
export function meanKineticMilliC(heldMs: ReadonlyMap<number, number>): number | undefined {
  const aged = [...heldMs].filter(([milliC, ms]) => ms > 0 && milliC > -FREEZING_MILLI_K)
  if (aged.length === 0) return undefined
  const exponentOf = (milliC: number) => fraction(ENERGY, GAS * BigInt(milliC + FREEZING_MILLI_K))
  // Relative to the hottest, whose exponent is the least: so nothing that counts is too small to be told from 0.
  const least = exponentOf(
    aged.reduce((hottest, [milliC]) => Math.max(hottest, milliC), -FREEZING_MILLI_K + 1),
  )
  let sum = 0n
  let totalMs = 0n
  for (const [milliC, ms] of aged) sum += BigInt(ms) * expOfMinus(exponentOf(milliC) - least)
  for (const ms of heldMs.values()) totalMs += BigInt(ms)
  return roundedMilliC(ENERGY * ONE, GAS * (least - ln(sum / totalMs)))
}

/** numerator / denominator millikelvin as milli-°C. */
function roundedMilliC(numerator: bigint, denominator: bigint): number {
  const above = numerator - BigInt(FREEZING_MILLI_K) * denominator
  const size = above < 0n ? -above : above
  const rounded = Number((2n * size + denominator) / (2n * denominator))
  return above < 0n ? -rounded : rounded
}

type Extent = {
  fromSeq: number
  toSeq: number
  fromMs: number
  toMs: number
  readings: number
  worst: number
}

/** A sample is held until the next one; the last has no weight, unless it is the only one of the leg. */
export class MeanKineticFold implements LegFold {
  readonly #clause: MeanKineticLimitClause
  readonly #clock: SampleClock
  readonly #startUpMs: number
  readonly #heldMs = new Map<number, number>()
  #last = 0
  #samples = 0
  #extent: Extent | undefined

  constructor(clause: MeanKineticLimitClause, leg: number) {
    this.#clause = clause
    this.#clock = new SampleClock(clause.gapMsMax)
    this.#startUpMs = leg === 0 ? clause.startUpMs : 0
  }

  take({ seq, bootId, baseMonotonicMs, baseUtcMs, timesMs, columns }: JudgedEnvelope): void {
    const values = columns.get(this.#clause.metric)
    if (values === undefined) return
    this.#clock.enter(bootId)
    for (let index = 0; index < timesMs.length; index++) {
      const value = values[index] as number
      const timeMs = timesMs[index] as number
      if (value === MISSING || baseMonotonicMs + timeMs < this.#startUpMs) continue
      const elapsedMs = this.#clock.sinceMs(baseMonotonicMs, timeMs)
      if (elapsedMs > 0) this.#heldMs.set(this.#last, (this.#heldMs.get(this.#last) ?? 0) + elapsedMs)
      this.#clock.tick(baseMonotonicMs, timeMs)
      this.#last = value
      this.#samples += 1
      this.#extend(seq, utcOf(baseUtcMs, timeMs), value)
    }
  }

  end(docket: Docket): void {
    const { bound, penalty } = this.#clause
    const extent = this.#samples === 1 ? this.#last : meanKineticMilliC(this.#heldMs)
    if (extent === undefined || extent <= bound || this.#extent === undefined) return
    const { fromSeq, toSeq, ...shown } = this.#extent
    docket.judge({
      clause: this.#clause,
      startSeq: LEG_SEQ,
      startIndex: LEG_INDEX,
      runFromSeq: fromSeq,
      runToSeq: toSeq,
      ...shown,
      extent,
      penalty: new Schedule(penalty).costOf(extent - bound),
    })
  }

  #extend(seq: number, atMs: number, value: number): void {
    const { bound } = this.#clause
    this.#extent ??= { fromSeq: seq, toSeq: seq, fromMs: atMs, toMs: atMs, readings: 0, worst: value }
    const extent = this.#extent
    extent.toSeq = seq
    extent.toMs = atMs
    if (value > bound) extent.readings += 1
    if (value > extent.worst) extent.worst = value
  }
}
