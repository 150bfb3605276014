import { hash } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { encodeEvent, type Hex, parseEvent, subjects } from '@consign/events'
import { step } from '@consign/runtime'
import { type AssessedMessage, assessMessage, type PenaltyEvent, ratingEvent } from './assess.ts'
import { type RatedLeg, Rating, type RatingChanged } from './domain/rating.ts'
import { ShipmentAssessment } from './domain/shipment.ts'

// One batch of the log is at most 1000; what follows from one message may be more.
const EVENTS_PER_BATCH_MAX = 500

/**
 * The log holds another event than its replay gives: it was written by other rules, and going on would charge by both. No Refusal, as no message is
 * at fault: the process ends.
 */
export class ReplayDiffers extends Error {
  override readonly name = 'ReplayDiffers'
  readonly code = 'penalty.replay'

  constructor(subject: string, { seq, id }: Written, event: PenaltyEvent) {
    super(
      `${subject} holds ${id} at LOG:${seq}, where the replay gives ${
        id === event.event.id ? 'other contents' : event.event.id
      }; run the version of this service that wrote the log`,
    )
  }
}

/** An event in the log, by the digest of its bytes. */
type Written = { seq: number; id: string; digest: string }

/**
 * The assessment of one agreement beside its events in the log. What is assessed is a function of the log, so that the events of the
 * messages seen so far are known by number: those that a crash left unwritten are written next, none is written twice.
 */
export class AssessmentDesk {
  readonly #log: EventLog
  readonly #subject: string
  readonly #shipment: ShipmentAssessment
  #unwritten: PenaltyEvent[] = []
  #unrated: { leg: RatedLeg; message: Recorded }[] = []
  #written: { events: Written[]; lastSeq: number } = { events: [], lastSeq: 0 }
  #seq = 0

  private constructor(log: EventLog, agreement: Hex) {
    this.#log = log
    this.#subject = subjects.penalty(agreement)
    this.#shipment = new ShipmentAssessment(agreement)
  }

  /** Folds what the log held before position `before`. */
  static async open(log: EventLog, agreement: Hex, before: number): Promise<AssessmentDesk> {
    const desk = new AssessmentDesk(log, agreement)
    for await (const message of log.read([desk.#subject])) {
      const { seq, data } = message
      desk.#written.events.push({ seq, id: parseEvent(data).id, digest: digestOf(data) })
      desk.#written.lastSeq = seq
    }
    if (before <= 1) return desk
    const filters = [subjects.envelope(agreement, '*'), subjects.custody(agreement)]
    for await (const message of log.read(filters, { to: before - 1 })) {
      try {
        desk.#take(message)
      } catch (error) {
        // Set aside as a dead letter when it was handled; it led to nothing then, and does so now.
        if (!(error instanceof Refusal)) throw error
      }
    }
    return desk
  }

  /** Handles one message. After a throw that is not a Refusal of the message itself, open the desk anew. */
  async handle(message: Recorded): Promise<PenaltyEvent[]> {
    if (message.seq > this.#seq) this.#take(message)
    const events = await this.#write()
    for (let due = this.#unrated[0]; due !== undefined; due = this.#unrated[0]) {
      const changed = await appendRating(this.#log, due.leg, due.message)
      if (changed !== undefined) events.push(changed)
      this.#unrated.shift()
    }
    return events
  }

  #take(message: Recorded): void {
    const { events, rated }: AssessedMessage = assessMessage(this.#shipment, message)
    this.#seq = message.seq
    for (const event of events) {
      const written = this.#written.events.shift()
      if (written === undefined) this.#unwritten.push(event)
      else if (written.digest !== digestOf(encodeEvent(event.event)))
        throw new ReplayDiffers(this.#subject, written, event)
    }
    for (const leg of rated) this.#unrated.push({ leg, message })
  }

  async #write(): Promise<PenaltyEvent[]> {
    const written: PenaltyEvent[] = []
    while (this.#unwritten.length > 0) {
      const batch = this.#unwritten.slice(0, EVENTS_PER_BATCH_MAX)
      step('penalty.decided')
      const events = batch.map(({ event }) => event)
      const { lastSeq } = await this.#log.append(this.#subject, events, {
        expectedSeq: this.#written.lastSeq,
      })
      step('penalty.appended')
      this.#written.lastSeq = lastSeq
      this.#unwritten.splice(0, batch.length)
      written.push(...batch)
    }
    return written
  }
}

const digestOf = (bytes: Uint8Array): string => hash('sha256', bytes)

/** Appends the change of rating that a leg means, unless the log holds it. */
async function appendRating(
  log: EventLog,
  leg: RatedLeg,
  message: Recorded,
): Promise<PenaltyEvent | undefined> {
  const subject = subjects.rating(leg.payer, leg.party)
  const rating = new Rating()
  let lastSeq = 0
  for await (const { data, seq } of log.read([subject])) {
    const event = parseEvent(data)
    if (event.type === 'penalty.rating.changed.v1') rating.evolve(event as RatingChanged)
    lastSeq = seq
  }
  const changed = rating.rate(leg)
  if (changed === undefined) return undefined
  const event = ratingEvent(changed, message)
  step('penalty.decided')
  await log.append(subject, [event.event], { expectedSeq: lastSeq })
  step('penalty.appended')
  return event
}
