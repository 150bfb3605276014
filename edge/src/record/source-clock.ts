import type { Spool } from '../spool/spool.ts'
import type { Clock } from './clock.ts'

/** Where the source's time stands: that of the last reading. */
export type SourceTime = { monotonicMs: number; utcMs: number }

/** The source's time: that of its last reading, moved on by the real time since. */
export class SourceClock {
  readonly #spool: Spool
  readonly #clock: Clock
  readonly #startedMs: number
  #anchor: { monotonicMs: number; realMs: number }

  constructor(spool: Spool, clock: Clock) {
    this.#spool = spool
    this.#clock = clock
    this.#startedMs = clock.nowMs()
    this.#anchor = { monotonicMs: 0, realMs: this.#startedMs }
  }

  get lastReading(): SourceTime {
    return this.#spool.fact<SourceTime>('sourceTime') ?? { monotonicMs: 0, utcMs: this.#startedMs }
  }

  /** Within a transaction. */
  store({ monotonicMs, utcMs }: SourceTime): void {
    this.#spool.setFact('sourceTime', { monotonicMs, utcMs } satisfies SourceTime)
  }

  nowMs(): number {
    return this.#anchor.monotonicMs + this.#clock.nowMs() - this.#anchor.realMs
  }

  /** The source's monotonic time is this now. */
  set(monotonicMs: number): void {
    this.#anchor = { monotonicMs, realMs: this.#clock.nowMs() }
  }

  at(monotonicMs: number): SourceTime {
    const last = this.lastReading
    return { monotonicMs, utcMs: last.utcMs + monotonicMs - last.monotonicMs }
  }
}
