import { Refusal } from '@consign/envelope'
import type { NewEvent, Recorded } from '@consign/eventlog'
import { ENVELOPE_HEADERS, type EventOf, type Hex, parseEvent, subjectOf } from '@consign/events'
import type { PenaltyFact } from './domain/facts.ts'
import { type RatedLeg, Rating, type RatingChanged } from './domain/rating.ts'
import { type CustodyEvent, ShipmentAssessment } from './domain/shipment.ts'
import { readStoredEnvelope } from './domain/stored-envelope.ts'

/** An event and the subject that it belongs on. */
export type PenaltyEvent = { subject: string; event: NewEvent }

/**
 * What the messages of the log lead to, in order: the very computation of the service, as a pure function. Give it the
 * messages on `envelope.>` and `custody.*` in log order (others are passed over); ratings count from the first message given.
 * Ids, times and bytes are the same for the same log, whoever computes them and how often.
 */
export function assess(messages: Iterable<Recorded>): PenaltyEvent[] {
  const assessment = new Assessment()
  const events: PenaltyEvent[] = []
  for (const message of messages) events.push(...assessment.step(message))
  return events
}

/** `assess`, message by message, for logs that do not fit in memory. */
export class Assessment {
  readonly #shipments = new Map<string, ShipmentAssessment>()
  readonly #ratings = new Map<string, Rating>()

  /** Messages that are no envelope or event lead to nothing; the service sets those aside as dead letters. */
  step(message: Recorded): PenaltyEvent[] {
    const agreement = agreementOf(message.subject)
    if (agreement === undefined) return []
    const shipment = this.#shipments.get(agreement) ?? new ShipmentAssessment(agreement)
    this.#shipments.set(agreement, shipment)
    const assessed = assessOrSkip(shipment, message)
    return [...assessed.events, ...assessed.rated.flatMap((leg) => this.#rate(leg, message))]
  }

  #rate(leg: RatedLeg, message: Recorded): PenaltyEvent[] {
    const pair = `${leg.payer}.${leg.party}`
    const rating = this.#ratings.get(pair) ?? new Rating()
    this.#ratings.set(pair, rating)
    const changed = rating.rate(leg)
    if (changed === undefined) return []
    rating.evolve(changed)
    return [ratingEvent(changed, message)]
  }
}

export type AssessedMessage = { events: PenaltyEvent[]; rated: RatedLeg[] }

/** The agreement whose assessment a message belongs to; undefined for subjects that are not assessed. */
export function agreementOf(subject: string): Hex | undefined {
  const [kind, agreement] = subject.split('.')
  return kind === 'envelope' || kind === 'custody' ? (agreement as Hex | undefined) : undefined
}

/** Takes one message of the shipment's agreement. Throws Refusal `envelope.…` or `event.…`, the shipment then being unchanged. */
export function assessMessage(shipment: ShipmentAssessment, message: Recorded): AssessedMessage {
  if (message.subject.startsWith('custody.')) {
    const event = parseEvent(message.data)
    if (!isCustodyEvent(event))
      throw new Refusal('event.unknown', `${event.type} does not belong on ${message.subject}`)
    const { facts, rated } = shipment.custody(event)
    return { events: facts.map((fact) => penaltyEvent(fact, message, event.id)), rated }
  }
  const flags = message.headers[ENVELOPE_HEADERS.flags] ?? ''
  const { facts, rated } = shipment.envelope(readStoredEnvelope(message.data, flags, shipment.metrics))
  return { events: facts.map((fact) => penaltyEvent(fact, message, position(message))), rated }
}

export function ratingEvent(changed: RatingChanged, message: Recorded): PenaltyEvent {
  const { agreement, leg } = changed.data
  return toEvent(changed, `${agreement}.${leg}`, message, `penalty.leg.assessed.v1:${agreement}.${leg}`)
}

function assessOrSkip(shipment: ShipmentAssessment, message: Recorded): AssessedMessage {
  try {
    return assessMessage(shipment, message)
  } catch (error) {
    if (error instanceof Refusal) return { events: [], rated: [] }
    throw error
  }
}

function penaltyEvent(fact: PenaltyFact, message: Recorded, causation: string): PenaltyEvent {
  switch (fact.type) {
    case 'penalty.excursion.started.v1':
    case 'penalty.violation.charged.v1':
      return toEvent(fact, fact.data.caseId, message, causation)
    case 'penalty.leg.assessed.v1':
      return toEvent(fact, `${fact.data.agreement}.${fact.data.leg}`, message, causation)
    case 'penalty.shipment.assessed.v1':
      return toEvent(fact, fact.data.agreement, message, causation)
  }
}

// Each event happens once per case, leg or agreement, so that its type and that name are an id for ever.
function toEvent(
  fact: PenaltyFact | RatingChanged,
  name: string,
  message: Recorded,
  causation: string,
): PenaltyEvent {
  const event = {
    id: `${fact.type}:${name}`,
    type: fact.type,
    time: message.timeMs,
    causation,
    data: fact.data,
  }
  return { subject: subjectOf(fact), event }
}

const position = (message: Recorded): string => `LOG:${message.seq}`

const isCustodyEvent = (event: { type: string }): event is EventOf<CustodyEvent['type']> =>
  event.type.startsWith('custody.')
