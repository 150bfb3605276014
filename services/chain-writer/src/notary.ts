/** Turns messages of the log into intents of the journal, and keeps what that needs: the agreements and the tree of envelopes. */
import type { TxJournal } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog, Recorded } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { silence, windows } from '@consign/terms'
import { isAtDestination } from '@consign/terms/judging'
import {
  type Agreement,
  type Agreements,
  closesLeg,
  evolveAgreements,
  mayStart,
  termsOf,
  UNKNOWN_AGREEMENT,
} from './domain/agreements.ts'
import { type AnchorFact, type AnchorState, anchorDecider } from './domain/anchor-policy.ts'
import { type CallEvent, callName, callsOf, isCallEvent, type Place } from './domain/calls.ts'
import { EnvelopeTree } from './domain/envelope-tree.ts'
import { isSilent, type Span, spansOf } from './domain/evidence.ts'
import { envelopeOf, forkedPair, isInRun, linkedRun } from './domain/run.ts'

export class Notary {
  readonly tree = new EnvelopeTree()
  readonly #log: EventLog
  readonly #journal: TxJournal
  readonly #place: Place
  #agreements: Agreements = new Map()
  #anchors: AnchorState = anchorDecider.initial
  /** position in the log up to which it has learnt */
  #learntSeq = 0

  constructor(log: EventLog, journal: TxJournal, place: Place) {
    this.#log = log
    this.#journal = journal
    this.#place = place
  }

  get anchors(): AnchorState {
    return this.#anchors
  }

  get agreements(): Agreements {
    return this.#agreements
  }

  /** What the log has said of an agreement; of one that it does not know, nothing. */
  agreement(address: Hex): Agreement {
    return this.#agreements.get(address) ?? UNKNOWN_AGREEMENT
  }

  /** The longest time that any agreement gives for the answer to a contest, or for the refutation of a claim of silence. */
  get answerMsMax(): number {
    const known = [...this.#agreements.values()]
    return known.reduce((max, { terms }) => {
      if (terms === undefined) return max
      return Math.max(max, windows(terms).answerMs, silence(terms)?.refuteMs ?? 0)
    }, 0)
  }

  evolveAnchors(fact: AnchorFact): void {
    this.#anchors = anchorDecider.evolve(this.#anchors, fact)
  }

  /** Learns from a message of `envelope.>`, `custody.*` or `settlement.*` without acting on it. Messages come in log order; a repeated one changes nothing. */
  learn({ seq, subject, data }: Recorded): void {
    if (seq <= this.#learntSeq) return
    if (subject.startsWith('envelope.')) {
      if (this.tree.add(data)) this.evolveAnchors({ type: 'tree.grown', data: { size: this.tree.size } })
    } else if (subject.startsWith('custody.') || subject.startsWith('settlement.')) {
      const event = parseEvent(data)
      this.#agreements = evolveAgreements(this.#agreements, event)
      if (closesLeg(event)) this.evolveAnchors({ type: 'leg.closed', data: {} })
    }
    this.#learntSeq = seq
  }

  /** Learns, and submits what the message leads to. Durable when resolved; the same message may come again. */
  async handle(message: Recorded): Promise<void> {
    this.learn(message)
    if (message.subject.startsWith('envelope.')) return
    const event = parseEvent(message.data)
    if (event.type === 'settlement.reserved.v1') {
      // What was packed before its reservation starts with it.
      const { packed } = this.agreement(event.data.agreement)
      if (packed !== undefined) await this.#submit(packed)
    } else if (event.type === 'custody.transferred.onchain.v1') {
      // What comes after the leg waits for its cut: it is there.
      const { agreement, leg, txHash } = event.data
      const what = `record the end of leg ${leg}`
      const reason = `somebody has recorded it, in ${txHash}`
      await this.#journal.refuse({ key: `cut:${agreement}:${leg}`, agreement, what, reason })
    } else if (isCallEvent(event)) await this.#submit(event)
  }

  async #submit(event: CallEvent): Promise<void> {
    const name = callName(event)
    const known = this.agreement(name.agreement)
    if (this.#journal.transaction(name.key)?.status === 'refused' || isSilent(event, known)) return
    if (event.type === 'custody.packed.v1' && known.terms !== undefined && !mayStart(known)) return
    try {
      const spans: Uint8Array[][] = []
      for (const span of spansOf(event, known)) spans.push(await this.#read(name.agreement, span))
      if (event.type === 'custody.offered.v1' && !isAtDestination(termsOf(known), spans[0]![0]!)) return
      // A known key changes nothing, so that what a crash left unsubmitted is submitted when the message comes again.
      for (const intent of callsOf(event, known, this.#place, spans)) await this.#journal.submit(intent)
    } catch (error) {
      // What cannot have a transaction is said for ever under its key, and stops nothing.
      if (!(error instanceof Refusal) || error.retry) throw error
      await this.#journal.refuse({ ...name, reason: error.message })
    }
  }

  // A leg may hold more than fits in memory; a span does not.
  async #read(agreement: Hex, span: Span): Promise<Uint8Array[]> {
    const wires: Uint8Array[] = []
    for await (const { data } of this.#log.read([subjects.envelope(agreement, span.leg)]))
      if (isInRun(data, span)) wires.push(data)
    if (span.digest !== undefined) return [envelopeOf(wires, span.digest)]
    return span.fork ? forkedPair(wires, span.fromSeq) : linkedRun(wires, span)
  }
}
