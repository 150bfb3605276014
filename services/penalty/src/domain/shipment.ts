import type { EventOf, FactOf, Hex } from '@consign/events'
import { caseId, general, limits, payer, type Terms } from '@consign/terms'
import { LegAssessment, type LegOutcome } from './leg.ts'
import type { RatedLeg } from './rating.ts'
import type { StoredEnvelope } from './stored-envelope.ts'

export type CustodyEvent = EventOf<
  | 'custody.agreement.signed.v1'
  | 'custody.packed.v1'
  | 'custody.offered.v1'
  | 'custody.accepted.v1'
  | 'custody.transferred.v1'
  | 'custody.sealed.v1'
  | 'custody.delivered.v1'
  | 'custody.tampered.v1'
>

/** Events on `penalty.<agreement>`. */
export type PenaltyFact = FactOf<
  | 'penalty.excursion.started.v1'
  | 'penalty.violation.charged.v1'
  | 'penalty.leg.assessed.v1'
  | 'penalty.shipment.assessed.v1'
>

/** What one message of the log led to. */
export type Assessed = { facts: PenaltyFact[]; rated: RatedLeg[] }

const NOTHING: Assessed = { facts: [], rated: [] }

type Leg = {
  leg: number
  assessment: LegAssessment
  custodian: Hex | undefined
  /** Outcomes seen before it was known who holds the leg; emptied as soon as it is. */
  waiting: LegOutcome[]
  n: number | undefined
  violations: number
  assessed: boolean
}

/**
 * One agreement: which legs there are, who held them, what happened on them. A function of the messages given to it, in
 * log order, and of nothing else; the same messages give the same facts.
 */
export class ShipmentAssessment {
  readonly agreement: Hex
  #terms: Terms | undefined
  readonly #legs = new Map<number, Leg>()
  #violations: Hex[] = []
  #lastLeg: number | undefined
  #over = false

  constructor(agreement: Hex) {
    this.agreement = agreement
  }

  get terms(): Terms | undefined {
    return this.#terms
  }

  /** All legs of the delivered shipment are assessed: nothing more can come of it. */
  get over(): boolean {
    return this.#over
  }

  envelope(envelope: StoredEnvelope): Assessed {
    if (this.#terms === undefined) return NOTHING
    const leg = this.#leg(envelope.leg)
    if (leg.assessed || this.#isDelivered(leg.leg)) return NOTHING
    return this.#settle(leg, leg.assessment.receive(envelope))
  }

  custody(event: CustodyEvent): Assessed {
    switch (event.type) {
      case 'custody.agreement.signed.v1':
        this.#terms ??= event.data.terms
        return NOTHING
      case 'custody.packed.v1':
        return this.#begin(0, event.data.custodian, event.data.keysHash)
      case 'custody.transferred.v1': {
        const { leg, n, head, cutDigest, to } = event.data
        const ended = this.#leg(leg)
        ended.n = n
        const outcomes = ended.assessment.cut(n, bareHex(head))
        return join(this.#settle(ended, outcomes), this.#begin(leg + 1, to, cutDigest))
      }
      case 'custody.delivered.v1':
        this.#lastLeg = event.data.leg
        return { facts: this.#shipmentFacts(), rated: [] }
      case 'custody.tampered.v1': {
        const leg = this.#leg(event.data.leg)
        return leg.assessed ? NOTHING : this.#settle(leg, leg.assessment.fork())
      }
      case 'custody.offered.v1':
      case 'custody.accepted.v1':
      case 'custody.sealed.v1':
        return NOTHING
    }
  }

  #begin(number: number, custodian: Hex, previous: Hex): Assessed {
    const leg = this.#leg(number)
    leg.custodian = custodian
    const waiting = leg.waiting.splice(0)
    // An envelope 0 that hangs on another chain is of another branch: what followed it is not this leg's.
    if (!leg.assessment.begin(bareHex(previous))) {
      leg.assessment.fork()
      return NOTHING
    }
    return this.#settle(leg, waiting)
  }

  #settle(leg: Leg, outcomes: LegOutcome[]): Assessed {
    if (leg.custodian === undefined) {
      leg.waiting.push(...outcomes)
      return NOTHING
    }
    // The payer has the goods: what happens from here on is held against nobody.
    if (leg.custodian === this.#payer()) return NOTHING
    const facts = outcomes.map((outcome) => this.#outcomeFact(leg, outcome))
    return leg.assessment.complete && !leg.assessed ? this.#finish(leg, facts) : { facts, rated: [] }
  }

  #finish(leg: Leg, facts: PenaltyFact[]): Assessed {
    facts.push(...leg.assessment.finish().map((outcome) => this.#outcomeFact(leg, outcome)))
    leg.assessed = true
    const custodian = leg.custodian as Hex
    facts.push({
      type: 'penalty.leg.assessed.v1',
      data: {
        ...this.#place(leg),
        custodian,
        n: leg.n as number,
        readings: leg.assessment.readings,
        violations: leg.violations,
        gaps: leg.assessment.gaps.map((gap) => ({ ...gap })),
      },
    })
    facts.push(...this.#shipmentFacts())
    leg.assessment = new LegAssessment([])
    const rated = {
      payer: this.#payer(),
      party: custodian,
      agreement: this.agreement,
      leg: leg.leg,
      clean: leg.violations === 0,
    }
    return { facts, rated: [rated] }
  }

  #shipmentFacts(): PenaltyFact[] {
    if (this.#lastLeg === undefined || this.#over) return []
    for (let leg = 0; leg <= this.#lastLeg; leg++) if (this.#legs.get(leg)?.assessed !== true) return []
    this.#over = true
    const { shipment } = general(this.#known())
    const legs = this.#lastLeg + 1
    const data = { agreement: this.agreement, shipment, legs, violations: this.#violations }
    return [{ type: 'penalty.shipment.assessed.v1', data }]
  }

  #outcomeFact(leg: Leg, { limit, outcome }: LegOutcome): PenaltyFact {
    const start = outcome.kind === 'started' ? outcome.start : outcome.excursion
    const { startSeq, startIndex } = start
    const id = caseId({
      agreement: this.agreement,
      leg: leg.leg,
      limitId: limit.limitId,
      startSeq,
      startIndex,
    })
    const common = {
      ...this.#place(leg),
      custodian: leg.custodian as Hex,
      limitId: limit.limitId,
      metric: limit.metric,
      caseId: id,
      startSeq,
      startIndex,
    }
    if (outcome.kind === 'started') {
      const { atMs, value } = outcome.start
      return { type: 'penalty.excursion.started.v1', data: { ...common, atMs, value } }
    }
    leg.violations += 1
    this.#violations.push(id)
    const { runFromSeq, fromMs, toMs, worst, readings } = outcome.excursion
    const { penalty, beneficiary } = limit
    return {
      type: 'penalty.violation.charged.v1',
      data: {
        ...common,
        kind: 'instantaneous',
        runFromSeq,
        fromMs,
        toMs,
        worst,
        readings,
        penalty,
        beneficiary,
      },
    }
  }

  #place(leg: Leg): { agreement: Hex; shipment: string; leg: number } {
    return { agreement: this.agreement, shipment: general(this.#known()).shipment, leg: leg.leg }
  }

  #leg(number: number): Leg {
    let leg = this.#legs.get(number)
    if (leg === undefined) {
      const assessment = new LegAssessment(limits(this.#known()))
      leg = {
        leg: number,
        assessment,
        custodian: undefined,
        waiting: [],
        n: undefined,
        violations: 0,
        assessed: false,
      }
      this.#legs.set(number, leg)
    }
    return leg
  }

  #isDelivered(leg: number): boolean {
    return this.#lastLeg !== undefined && leg > this.#lastLeg
  }

  #payer(): Hex {
    return payer(this.#known()).wallet
  }

  #known(): Terms {
    if (this.#terms === undefined)
      throw new Error(`the log holds no terms of ${this.agreement} before its first leg`)
    return this.#terms
  }
}

const bareHex = (hex: Hex): string => hex.slice(2)

const join = (a: Assessed, b: Assessed): Assessed => ({
  facts: [...a.facts, ...b.facts],
  rated: [...a.rated, ...b.rated],
})
