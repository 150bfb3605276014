import type { SilenceClause, TamperClause, TenderClause } from '@consign/terms'
import {
  type Docket,
  type Judgement,
  judgeFork,
  judgeHole,
  LEG_SEQ,
  LegClock,
  type LegFold,
  type Warning,
} from '@consign/terms/judging'
import { Holes, type SeqRange } from './holes.ts'
import type { StoredEnvelope } from './stored-envelope.ts'
import { Tender } from './tender.ts'

// Beyond it the hole is passed over. 1024 × (32 readings × (4 B time + 4 B value) + digests) = about 0.5 MiB a leg.
export const HELD_ENVELOPES_MAX = 1024

export type LegOutcome = { kind: 'warned'; warning: Warning } | { kind: 'judged'; judgement: Judgement }

/** `tamper` only where a second branch proves something against the custodian. */
export type LegClauses = {
  folds: readonly LegFold[]
  silence: SilenceClause | undefined
  tamper: TamperClause | undefined
  tender: TenderClause | undefined
}

/**
 * One leg, read in seq order whatever the order of arrival. What arrives early is held; what arrives twice is ignored.
 * `forked` is set for good when a second branch shows: what was judged before it stands, nothing after it is charged.
 * Mutable, and a function of its inputs alone.
 */
export class LegAssessment {
  readonly #clauses: LegClauses
  readonly #digests = new Map<number, string>()
  readonly #held = new Map<number, StoredEnvelope>()
  readonly #holes = new Holes()
  readonly clock = new LegClock()
  readonly tender: Tender
  #next = 0
  #last: StoredEnvelope | undefined
  #forked = false
  #tampered = false
  #abandoned = false
  #firstPrevious: string | undefined
  #end: { n: number; head: string | undefined } | undefined
  readings = 0

  /** Ingest has seen a cut before them. Only the cut that custody takes decides where the leg ends, so they wait for it. */
  readonly #aside: StoredEnvelope[] = []

  constructor(clauses: LegClauses) {
    this.#clauses = clauses
    this.tender = new Tender(clauses.tender)
  }

  /** Envelopes whose readings were not judged, because they came too late or never. */
  get gaps(): readonly SeqRange[] {
    return this.#holes.ranges
  }

  get forked(): boolean {
    return this.#forked
  }

  /** n is known and envelopes 0..n-1 have all been seen, or are waited for no longer. */
  get complete(): boolean {
    if (this.#end === undefined || this.#next < this.#end.n) return false
    return this.#abandoned || this.#holes.areFilled
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
    if (known !== undefined) return [...this.fork(), ...this.#tamper(envelope)]
    const outcomes = envelope.flags.has('fork') ? this.fork() : []
    if (seq < this.#next) {
      this.#digests.set(seq, envelope.digest)
      this.#holes.fill(envelope)
      if (!this.#forked) this.#takeHeader(envelope)
      return outcomes
    }
    this.#held.set(seq, envelope)
    outcomes.push(...this.#evaluateContiguous())
    if (this.#held.size > HELD_ENVELOPES_MAX) outcomes.push(...this.#passOverHole())
    return outcomes
  }

  /**
   * The leg ended: it is [0, n), its last digest is `head`. A last envelope with another digest is a second branch. Custodians who cut it by hand
   * name no digest; what was judged before they did stands.
   */
  cut(n: number, head?: string): LegOutcome[] {
    this.#end = { n, head }
    for (const seq of this.#held.keys()) if (seq >= n) this.#held.delete(seq)
    const outcomes = this.#aside.splice(0).flatMap((envelope) => this.receive(envelope))
    const last = this.#digests.get(n - 1)
    if (head !== undefined && last !== undefined && last !== head) outcomes.push(...this.fork())
    return outcomes
  }

  /** What has not come by now is waited for no longer. The leg must have been cut. */
  abandon(): LegOutcome[] {
    const outcomes: LegOutcome[] = []
    while (this.#held.size > 0) outcomes.push(...this.#passOverHole())
    const toSeq = (this.#end?.n ?? 0) - 1
    if (this.#next <= toSeq) {
      this.#holes.passOver({ fromSeq: this.#next, toSeq, before: this.#last, after: undefined })
      this.#next = toSeq + 1
    }
    this.#abandoned = true
    return outcomes
  }

  /** Nothing is charged from here on; what is outside at this moment is closed with the readings that stand. */
  fork(): LegOutcome[] {
    if (this.#forked) return []
    this.#forked = true
    return this.#close()
  }

  /** Closes what is outside at the end of the leg, and judges the silence of what never came. */
  finish(): LegOutcome[] {
    if (this.#forked) return []
    const { silence } = this.#clauses
    const silences =
      silence === undefined ? [] : this.#holes.all().flatMap((hole) => judgeHole(silence, hole))
    return [...this.#close(), ...silences.map((judgement): LegOutcome => ({ kind: 'judged', judgement }))]
  }

  /** An excursion that began at or after n is not of this leg. */
  #close(): LegOutcome[] {
    const outcomes = new Outcomes()
    for (const fold of this.#clauses.folds) fold.end(outcomes)
    const n = this.#end?.n ?? LEG_SEQ
    return outcomes.list.filter(
      (outcome) =>
        outcome.kind !== 'judged' || outcome.judgement.startSeq === LEG_SEQ || outcome.judgement.startSeq < n,
    )
  }

  #tamper(second: StoredEnvelope): LegOutcome[] {
    const { tamper } = this.#clauses
    if (this.#tampered || tamper === undefined) return []
    this.#tampered = true
    return [{ kind: 'judged', judgement: judgeFork(tamper, second) }]
  }

  #evaluateContiguous(): LegOutcome[] {
    const outcomes = new Outcomes()
    for (let held = this.#held.get(this.#next); held !== undefined; held = this.#held.get(this.#next)) {
      this.#held.delete(this.#next)
      if (!this.#links(held)) outcomes.list.push(...this.fork())
      this.#digests.set(held.seq, held.digest)
      this.#next = held.seq + 1
      this.#last = held
      this.readings += held.count
      if (!this.#forked) this.#evaluate(held, outcomes)
    }
    return outcomes.list
  }

  #links(envelope: StoredEnvelope): boolean {
    const isLast = this.#end !== undefined && envelope.seq === this.#end.n - 1
    if (isLast && this.#end?.head !== undefined && envelope.digest !== this.#end.head) return false
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
    if (next > this.#next) {
      const after = this.#held.get(next)
      this.#holes.passOver({ fromSeq: this.#next, toSeq: next - 1, before: this.#last, after })
      this.#next = next
    }
    return this.#evaluateContiguous()
  }

  #evaluate(envelope: StoredEnvelope, outcomes: Outcomes): void {
    this.#takeHeader(envelope)
    for (const fold of this.#clauses.folds) fold.take(envelope, outcomes)
  }

  #takeHeader(envelope: StoredEnvelope): void {
    this.clock.take(envelope)
    this.tender.take(envelope)
  }
}

class Outcomes implements Docket {
  readonly list: LegOutcome[] = []

  warn(warning: Warning): void {
    this.list.push({ kind: 'warned', warning })
  }

  judge(judgement: Judgement): void {
    this.list.push({ kind: 'judged', judgement })
  }
}
