import { MISSING } from '@consign/envelope'
import type { LimitClause } from '@consign/terms'
import { LateEnvelopes, type SeqRange } from './gaps.ts'
import { evaluatorFor, type LimitEvaluator, type LimitState, type Outcome } from './limit.ts'
import type { StoredEnvelope } from './stored-envelope.ts'

// Beyond it the hole is passed over. 1024 × (32 readings × (4 B time + 4 B value) + digests) = about 0.5 MiB a leg.
export const HELD_ENVELOPES_MAX = 1024

export type LegOutcome = { limit: LimitClause; outcome: Outcome }

type Track = { limit: LimitClause; evaluator: LimitEvaluator<LimitState>; state: LimitState }

/**
 * One leg, read in seq order whatever the order of arrival. What arrives early is held; what arrives twice is ignored.
 * `forked` is set for good when a second branch shows: what was evaluated before it stands, nothing after it is charged.
 * Mutable, and a function of its inputs alone.
 */
export class LegAssessment {
  readonly #tracks: Track[]
  readonly #digests = new Map<number, string>()
  readonly #held = new Map<number, StoredEnvelope>()
  readonly #late = new LateEnvelopes()
  #next = 0
  #forked = false
  #firstPrevious: string | undefined
  #end: { n: number; head: string } | undefined
  readings = 0

  /** Ingest has seen a cut before them. Only the cut that custody takes decides where the leg ends, so they wait for it. */
  readonly #aside: StoredEnvelope[] = []

  constructor(limits: readonly LimitClause[]) {
    this.#tracks = limits.map((limit) => {
      const evaluator = evaluatorFor(limit)
      return { limit, evaluator, state: evaluator.initial }
    })
  }

  get gaps(): readonly SeqRange[] {
    return this.#late.ranges
  }

  get forked(): boolean {
    return this.#forked
  }

  /** Envelopes 0..n-1 have all been seen and n is known. */
  get complete(): boolean {
    return this.#end !== undefined && this.#next >= this.#end.n && this.#late.filledBelow(this.#end.n)
  }

  /** The digest that envelope 0 must name as its predecessor. Returns false when an envelope 0 already stored names another. */
  begin(previous: string): boolean {
    const linked = this.#firstPrevious === undefined || this.#firstPrevious === previous
    this.#firstPrevious = previous
    return linked
  }

  receive(envelope: StoredEnvelope): LegOutcome[] {
    const { seq } = envelope
    if (this.#end !== undefined && seq >= this.#end.n) return []
    if (this.#end === undefined && envelope.flags.has('afterCut')) {
      if (this.#aside.length < HELD_ENVELOPES_MAX) this.#aside.push(envelope)
      return []
    }
    const known = this.#digests.get(seq) ?? this.#held.get(seq)?.digest
    if (known === envelope.digest) return []
    if (known !== undefined) return this.fork()
    const outcomes = envelope.flags.has('fork') ? this.fork() : []
    if (seq < this.#next) {
      this.#digests.set(seq, envelope.digest)
      this.#late.fill(seq)
      return outcomes
    }
    this.#held.set(seq, envelope)
    outcomes.push(...this.#evaluateContiguous())
    if (this.#held.size > HELD_ENVELOPES_MAX) outcomes.push(...this.#passOverHole())
    return outcomes
  }

  /** The leg ended: it is [0, n), its last digest is `head`. A last envelope with another digest is a second branch. */
  cut(n: number, head: string): LegOutcome[] {
    this.#end = { n, head }
    for (const seq of this.#held.keys()) if (seq >= n) this.#held.delete(seq)
    const outcomes = this.#aside.splice(0).flatMap((envelope) => this.receive(envelope))
    const last = this.#digests.get(n - 1)
    if (last !== undefined && last !== head) outcomes.push(...this.fork())
    return outcomes
  }

  /** Nothing is charged from here on; what is outside at this moment is closed with the readings that stand. */
  fork(): LegOutcome[] {
    if (this.#forked) return []
    this.#forked = true
    return this.#close()
  }

  /** Closes what is outside at the end of the leg; an excursion that began at or after n is not of this leg. */
  finish(): LegOutcome[] {
    return this.#forked ? [] : this.#close()
  }

  #close(): LegOutcome[] {
    const outcomes: LegOutcome[] = []
    for (const track of this.#tracks) {
      const excursion = track.evaluator.end(track.state)
      track.state = track.evaluator.initial
      if (excursion === undefined || (this.#end !== undefined && excursion.startSeq >= this.#end.n)) continue
      outcomes.push({ limit: track.limit, outcome: { kind: 'ended', excursion } })
    }
    return outcomes
  }

  #evaluateContiguous(): LegOutcome[] {
    const outcomes: LegOutcome[] = []
    for (let held = this.#held.get(this.#next); held !== undefined; held = this.#held.get(this.#next)) {
      this.#held.delete(this.#next)
      if (!this.#links(held)) outcomes.push(...this.fork())
      this.#digests.set(held.seq, held.digest)
      this.#next = held.seq + 1
      this.readings += held.count
      if (!this.#forked) this.#evaluate(held, outcomes)
    }
    return outcomes
  }

  #links(envelope: StoredEnvelope): boolean {
    if (this.#end !== undefined && envelope.seq === this.#end.n - 1 && envelope.digest !== this.#end.head)
      return false
    if (envelope.seq === 0) {
      const linked = this.#firstPrevious === undefined || this.#firstPrevious === envelope.previous
      this.#firstPrevious ??= envelope.previous
      return linked
    }
    const before = this.#digests.get(envelope.seq - 1)
    return before === undefined || before === envelope.previous
  }

  #passOverHole(): LegOutcome[] {
    const next = Math.min(...this.#held.keys())
    this.#late.passOver(this.#next, next - 1)
    this.#next = next
    return this.#evaluateContiguous()
  }

  #evaluate(envelope: StoredEnvelope, outcomes: LegOutcome[]): void {
    for (const track of this.#tracks) {
      const column = envelope.columns.get(track.limit.metric)
      if (column === undefined) continue
      for (let index = 0; index < envelope.count; index++) {
        const value = column[index]
        const offsetMs = envelope.timesMs[index] ?? 0
        const { state, outcome } = track.evaluator.step(track.state, {
          seq: envelope.seq,
          index,
          utcMs: Math.min(envelope.baseUtcMs + offsetMs, Number.MAX_SAFE_INTEGER),
          monotonicMs: envelope.baseMonotonicMs + offsetMs,
          value: value === MISSING ? undefined : value,
        })
        track.state = state
        if (outcome !== undefined) outcomes.push({ limit: track.limit, outcome })
      }
    }
  }
}
