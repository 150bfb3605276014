import type { MetricName } from '@consign/envelope'
import type { EventOf, Hex } from '@consign/events'
import { general, payer, type Terms } from '@consign/terms'
import {
  type CumulativeFold,
  type Judgement,
  judgeDeadline,
  judgeMilestone,
  judgeShipmentSum,
  type LegClock,
} from '@consign/terms/judging'
import { foldsOf, type JudgedClauses, judgedClauses } from './clauses.ts'
import { chargedFact, type LegPlace, type PenaltyFact, startedFact } from './facts.ts'
import { LegAssessment, type LegOutcome } from './leg.ts'
import type { RatedLeg } from './rating.ts'
import type { StoredEnvelope } from './stored-envelope.ts'

export type CustodyEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.offered.v1'
  | 'custody.accepted.v1'
  | 'custody.transferred.v1'
  | 'custody.transferred.manually.v1'
  | 'custody.transferred.onchain.v1'
  | 'custody.sealed.v1'
  | 'custody.delivered.v1'
  | 'custody.tender.refused.v1'
  | 'custody.window.closed.v1'
  | 'custody.tampered.v1'
>

/** What one message of the log led to. */
export type Assessed = { facts: PenaltyFact[]; rated: RatedLeg[] }

const nothing = (): Assessed => ({ facts: [], rated: [] })

type Leg = {
  leg: number
  assessment: LegAssessment
  sums: readonly CumulativeFold[]
  custodian: Hex | undefined
  /** Outcomes seen before it was known who holds the leg; emptied as soon as it is. */
  waiting: LegOutcome[]
  n: number | undefined
  violations: number
}

/** What the terms say, once they are signed. */
type Known = { terms: Terms; shipment: string; payer: Hex; clauses: JudgedClauses }

/**
 * One agreement: which legs there are, who held them, what happened on them. Legs are finished one after another, as a leg may be late, or the sum of
 * a shipment reached, only by what the legs before it were. A function of the messages given to it, in log order, and of nothing else; the
 * same messages give the same facts.
 */
export class ShipmentAssessment {
  readonly agreement: Hex
  #known: Known | undefined
  readonly #legs = new Map<number, Leg>()
  /** Of finished legs, in order. */
  readonly #clocks: LegClock[] = []
  readonly #sumsMs = new Map<number, number>()
  readonly #violations: Hex[] = []
  #lastLeg: number | undefined
  #over = false

  constructor(agreement: Hex) {
    this.agreement = agreement
  }

  /** Columns that some clause reads. */
  get metrics(): ReadonlySet<MetricName> {
    return this.#known?.clauses.metrics ?? new Set()
  }

  /** All legs of the delivered shipment are assessed: nothing more can come of it. */
  get over(): boolean {
    return this.#over
  }

  envelope(envelope: StoredEnvelope): Assessed {
    if (this.#known === undefined || this.#isFinished(envelope.leg)) return nothing()
    if (this.#lastLeg !== undefined && envelope.leg > this.#lastLeg) return nothing()
    const leg = this.#leg(envelope.leg)
    return this.#settle(leg, leg.assessment.receive(envelope))
  }

  custody(event: CustodyEvent): Assessed {
    switch (event.type) {
      case 'custody.agreement.signed.v1':
        this.#known ??= knownOf(event.data.terms)
        return nothing()
      case 'custody.packed.v1':
        return this.#begin(0, event.data.custodian, event.data.keysHash)
      case 'custody.offered.v1':
        if (!this.#isFinished(event.data.leg)) this.#leg(event.data.leg).assessment.tender.offer(event.data.m)
        return nothing()
      case 'custody.transferred.v1': {
        const { leg, n, head, cutDigest, to } = event.data
        return join(this.#end(leg, n, bareHex(head)), this.#begin(leg + 1, to, cutDigest))
      }
      case 'custody.transferred.manually.v1':
      case 'custody.transferred.onchain.v1': {
        const { leg, n, cutDigest, to } = event.data
        // Told again with the device that goes on, after the chain had told of it.
        if (this.#legs.get(leg)?.n !== undefined) return nothing()
        return join(this.#end(leg, n), this.#begin(leg + 1, to, cutDigest))
      }
      case 'custody.delivered.v1':
        this.#lastLeg = event.data.leg
        return { facts: this.#shipmentFacts(), rated: [] }
      case 'custody.window.closed.v1':
        return this.#closeWindow()
      case 'custody.tampered.v1': {
        if (this.#isFinished(event.data.leg)) return nothing()
        const leg = this.#leg(event.data.leg)
        return this.#settle(leg, leg.assessment.fork())
      }
      case 'custody.accepted.v1':
      case 'custody.sealed.v1':
      case 'custody.tender.refused.v1':
        return nothing()
    }
  }

  #end(number: number, n: number, head?: string): Assessed {
    const leg = this.#leg(number)
    leg.n = n
    return this.#settle(leg, leg.assessment.cut(n, head))
  }

  #begin(number: number, custodian: Hex, previous: Hex): Assessed {
    const leg = this.#leg(number)
    leg.custodian = custodian
    const waiting = leg.waiting.splice(0)
    // An envelope 0 that hangs on another chain is of another branch: what followed it is not this leg's.
    if (!leg.assessment.begin(bareHex(previous))) {
      leg.assessment.fork()
      return nothing()
    }
    return this.#settle(leg, waiting)
  }

  #settle(leg: Leg, outcomes: LegOutcome[]): Assessed {
    if (leg.custodian === undefined) {
      leg.waiting.push(...outcomes)
      return nothing()
    }
    // The payer has the goods: what happens from here on is held against nobody.
    if (leg.custodian === this.#terms().payer) return nothing()
    const facts = outcomes.map((outcome) => this.#outcomeFact(leg, outcome))
    return join({ facts, rated: [] }, this.#finishLegs())
  }

  /** No envelope is waited for any longer. */
  #closeWindow(): Assessed {
    const assessed = nothing()
    for (let number = this.#clocks.length; number <= (this.#lastLeg ?? -1); number++) {
      const leg = this.#leg(number)
      const facts = leg.assessment.abandon().map((outcome) => this.#outcomeFact(leg, outcome))
      assessed.facts.push(...facts)
    }
    return join(assessed, this.#finishLegs())
  }

  #finishLegs(): Assessed {
    const assessed = nothing()
    for (;;) {
      const leg = this.#legs.get(this.#clocks.length)
      const isPayers = leg?.custodian === undefined || leg.custodian === this.#terms().payer
      if (leg === undefined || isPayers || !leg.assessment.complete) return assessed
      assessed.facts.push(...this.#finish(leg))
      assessed.rated.push(this.#rated(leg))
    }
  }

  #finish(leg: Leg): PenaltyFact[] {
    const { assessment } = leg
    const facts = assessment.finish().map((outcome) => this.#outcomeFact(leg, outcome))
    facts.push(...this.#judgeAcrossLegs(leg).map((judgement) => this.#charge(leg, judgement)))
    const { readings } = assessment
    const gaps = assessment.gaps.map((gap) => ({ ...gap }))
    const counted = { n: leg.n as number, readings, violations: leg.violations, gaps }
    facts.push({ type: 'penalty.leg.assessed.v1', data: { ...this.#place(leg), ...counted } })
    this.#clocks.push(assessment.clock)
    facts.push(...this.#shipmentFacts())
    leg.assessment = new LegAssessment({
      folds: [],
      silence: undefined,
      tamper: undefined,
      tender: undefined,
    })
    leg.sums = []
    return facts
  }

  /** What depends on the legs before: sums of the shipment, and lateness. */
  #judgeAcrossLegs(leg: Leg): Judgement[] {
    const { clauses } = this.#terms()
    const { clock, tender } = leg.assessment
    const times = { clock, before: this.#clocks, tenderedMs: tender.tenderedMs }
    const judgements = [
      ...clauses.ofShipment.map((clause, at) => {
        const beforeMs = this.#sumsMs.get(clause.limitId) ?? 0
        const { sum } = leg.sums[at] as CumulativeFold
        this.#sumsMs.set(clause.limitId, Math.min(beforeMs + sum.outsideMs, Number.MAX_SAFE_INTEGER))
        return judgeShipmentSum(clause, beforeMs, sum)
      }),
      clauses.deadline && judgeDeadline(clauses.deadline, times),
      ...clauses.milestones.map((clause) => judgeMilestone(clause, leg.custodian as Hex, times)),
    ]
    return judgements.filter((judgement) => judgement !== undefined)
  }

  #rated(leg: Leg): RatedLeg {
    const { agreement } = this
    const party = leg.custodian as Hex
    return { payer: this.#terms().payer, party, agreement, leg: leg.leg, clean: leg.violations === 0 }
  }

  #shipmentFacts(): PenaltyFact[] {
    if (this.#lastLeg === undefined || this.#over || !this.#isFinished(this.#lastLeg)) return []
    this.#over = true
    const legs = this.#lastLeg + 1
    const data = {
      agreement: this.agreement,
      shipment: this.#terms().shipment,
      legs,
      violations: [...this.#violations],
    }
    return [{ type: 'penalty.shipment.assessed.v1', data }]
  }

  #outcomeFact(leg: Leg, outcome: LegOutcome): PenaltyFact {
    if (outcome.kind === 'warned') return startedFact(this.#place(leg), outcome.warning)
    return this.#charge(leg, outcome.judgement)
  }

  #charge(leg: Leg, judgement: Judgement): PenaltyFact {
    const charged = chargedFact(this.#place(leg), judgement)
    leg.violations += 1
    this.#violations.push(charged.data.caseId)
    return charged
  }

  #place({ leg, custodian }: Leg): LegPlace {
    const { shipment } = this.#terms()
    return { agreement: this.agreement, shipment, leg, custodian: custodian as Hex }
  }

  #leg(number: number): Leg {
    const known = this.#legs.get(number)
    if (known !== undefined) return known
    const { clauses } = this.#terms()
    const { folds, sums } = foldsOf(clauses, number)
    const assessment = new LegAssessment({ ...clauses, folds })
    const custody = { custodian: undefined, n: undefined, waiting: [], violations: 0 }
    const leg: Leg = { leg: number, assessment, sums, ...custody }
    this.#legs.set(number, leg)
    return leg
  }

  #isFinished(leg: number): boolean {
    return leg < this.#clocks.length
  }

  #terms(): Known {
    if (this.#known === undefined)
      throw new Error(`the log holds no terms of ${this.agreement} before its first leg`)
    return this.#known
  }
}

const knownOf = (terms: Terms): Known => ({
  terms,
  shipment: general(terms).shipment,
  payer: payer(terms).wallet,
  clauses: judgedClauses(terms),
})

const bareHex = (hex: Hex): string => hex.slice(2)

const join = (a: Assessed, b: Assessed): Assessed => ({
  facts: [...a.facts, ...b.facts],
  rated: [...a.rated, ...b.rated],
})
