import { encodeFrame, type Hex, parseFrame, Refusal } from '@consign/envelope'
import { ENVELOPE_HEADERS, type EnvelopeFlag, subjects } from '@consign/events'
import { step } from '@consign/runtime'
import type { Terms } from '@consign/terms'
import type { Parked, ParkedFrame, Parking } from './adapters/parking.ts'
import type { Quarantine } from './adapters/quarantine.ts'
import { type Context, persist, persistAfter } from './context.ts'
import { type Admission, admit, admitEnvelope, type Verdict } from './domain/admission.ts'
import { receiptsOfLeg, type Settled } from './domain/receipts.ts'
import { type ManualCutFact, Shipment } from './domain/shipment.ts'
import { factOf, readUpload, type Upload } from './domain/upload.ts'
import { type Devices, Outbox } from './outbox.ts'
import { type Acceptance, rebuild, settledEnvelope, storedFrom } from './rebuild.ts'
import { asRefusal, refusing } from './refusing.ts'

/** A frame of a device as it came, and what was read of it. */
export type Arrival = { deviceId: string; frame: Uint8Array; upload: Upload; receivedMs: number }

/** `durable` resolves when the log, or PARKED, holds it: only then may the device hear so. */
export type Decision = { durable: Promise<void> }

/**
 * One agreement at a time: everything about it is decided here, one after the other, so that order is that of arrival even while earlier
 * writes are still under way.
 */
export class Lane {
  readonly agreement: Hex
  /** When it was used last, in a count that only rises. */
  usedAt = 0
  readonly #context: Context
  readonly #parking: Parking
  readonly #quarantine: Quarantine
  readonly #devices: Devices
  readonly #outbox: Outbox
  #shipment: Shipment | undefined
  #acceptances: Acceptance[] = []
  #loaded = false
  #tail: Promise<unknown> = Promise.resolve()
  #tasks = 0
  #unparking = false
  #subjectOfLeg = { leg: -1, subject: '' }
  readonly #storing = new Set<Promise<void>>()

  constructor(
    agreement: Hex,
    parts: { context: Context; parking: Parking; quarantine: Quarantine; devices: Devices },
  ) {
    this.agreement = agreement
    this.#context = parts.context
    this.#parking = parts.parking
    this.#quarantine = parts.quarantine
    this.#devices = parts.devices
    this.#outbox = new Outbox(parts.context, parts.devices)
  }

  /** Nothing is under way: it may be dropped, the log has it all. */
  get idle(): boolean {
    return this.#tasks === 0 && this.#storing.size === 0 && this.#outbox.empty
  }

  /** Envelopes held in memory. */
  get size(): number {
    return this.#shipment?.size ?? 0
  }

  /**
   * At once when nothing is before it and nothing must be waited for, which is how nearly every envelope comes. Throws, or rejects with, the
   * Refusal of a frame that is to be quarantined.
   */
  take(arrival: Arrival): Decision | Promise<Decision> {
    const { upload } = arrival
    const isPlain = upload.kind === 'envelope' && upload.envelope.cut === undefined
    if (isPlain && this.#tasks === 0 && this.#loaded && !this.#outbox.full)
      return this.#carryOut(
        arrival,
        refusing(() => admitEnvelope(this.#admission(arrival.deviceId), upload)),
      )
    return this.#run(async () => {
      await this.#outbox.room()
      return this.#decide(arrival)
    })
  }

  /** Payer and payee signed: now the device and the parties are known. */
  learnTerms(terms: Terms): Promise<void> {
    return this.#run(async () => {
      if (this.#shipment !== undefined) return
      const shipment = new Shipment(this.agreement, terms)
      this.#shipment = shipment
      this.#outbox.begin(shipment, new Map(shipment.parties.map((party) => [party, 0])))
      await this.#unpark()
    })
  }

  /** Custodians cut a leg by hand: the next one has another device, or none. */
  learnManualCut(fact: ManualCutFact): Promise<void> {
    return this.#run(async () => {
      this.#shipment?.cutManually(fact)
      await this.#unpark()
    })
  }

  learnAcceptance(acceptance: Acceptance): Promise<void> {
    return this.#run(async () => {
      const known = this.#acceptances.some((other) => Buffer.compare(other.bytes, acceptance.bytes) === 0)
      if (!known) this.#acceptances.push(acceptance)
      this.#sendAcceptance(acceptance)
    })
  }

  /** What the device may have missed: acceptances of open offers, and receipts of all that is stored. */
  answerPull(): Promise<void> {
    return this.#run(async () => {
      for (const acceptance of this.#acceptances) this.#sendAcceptance(acceptance)
      const shipment = this.#shipment
      if (shipment === undefined) return
      for (const [leg, { open }] of shipment.legs) {
        if (open === undefined) continue
        const ref = { chainId: shipment.chainId, agreement: this.agreement, leg }
        const device = shipment.deviceOf(leg)
        if (device !== undefined) await this.#outbox.receipts(device.deviceId, receiptsOfLeg(ref, open))
      }
    })
  }

  /** Loads what the log has, completes feeds and takes in what is parked. */
  recover(): Promise<void> {
    return this.#run(async () => {})
  }

  /** Resolves when all that was decided is durable, fed and receipted. */
  async drain(): Promise<void> {
    await this.#tail
    await Promise.all(this.#storing)
    await this.#outbox.drain()
  }

  /** One task after the other, whatever became of those before. */
  #run<T>(task: () => Promise<T>): Promise<T> {
    this.#tasks += 1
    const result = this.#tail.then(async () => {
      if (!this.#loaded) await this.#load()
      return task()
    })
    const ended = () => {
      this.#tasks -= 1
    }
    this.#tail = result.then(ended, ended)
    return result
  }

  async #load(): Promise<void> {
    const { events } = this.#context
    const rebuilt = await persist(this.#context, 'rebuild', () => rebuild(events, this.agreement))
    if (rebuilt !== undefined) {
      this.#shipment = rebuilt.shipment
      this.#acceptances = rebuilt.acceptances
      this.#outbox.begin(rebuilt.shipment, rebuilt.cursors)
      if (rebuilt.unfedFrom !== undefined) await this.#completeFeeds(rebuilt.unfedFrom)
    }
    this.#loaded = true
    await this.#unpark()
  }

  async #completeFeeds(unfedFrom: number): Promise<void> {
    let from = unfedFrom
    await persist(this.#context, 'complete feeds', async () => {
      for await (const entry of storedFrom(this.#context.events, this.agreement, from)) {
        await this.#outbox.room()
        this.#outbox.add(entry)
        from = (entry.logSeq ?? from) + 1
      }
    })
  }

  async #decide(arrival: Arrival): Promise<Decision> {
    const { upload, deviceId } = arrival
    const verdict = await admit(this.#admission(deviceId), upload).catch((cause: unknown) => {
      throw asRefusal(cause)
    })
    const decision = this.#carryOut(arrival, verdict)
    if (verdict.kind === 'store' && (upload.kind === 'record' || upload.envelope.cut !== undefined)) {
      // What opens a leg must be in the log before what it lets in.
      await decision.durable
      if (!this.#unparking) await this.#unpark()
    }
    return decision
  }

  #admission(deviceId: string): Admission {
    const { crypto, nowMs } = this.#context
    return { crypto, shipment: this.#shipment, deviceId, nowMs: nowMs() }
  }

  #carryOut(arrival: Arrival, verdict: Verdict): Decision {
    switch (verdict.kind) {
      case 'known':
        return this.#again(settledOf(arrival.upload, verdict.fork ? ['fork'] : []), arrival.deviceId)
      case 'park':
        return this.#park(arrival, verdict.missing)
      case 'store':
        return this.#store(arrival, verdict.flags)
    }
  }

  /** Stored, or about to be: the device hears so again once that is certain. */
  #again(settled: Settled, deviceId: string): Decision {
    this.#context.metrics.repeated.inc()
    const stored = Promise.all(this.#storing)
    const entry = this.#outbox.add({ settled, deviceId, durable: false })
    return { durable: stored.then(() => this.#outbox.settle(entry, 0)) }
  }

  #store(arrival: Arrival, flags: EnvelopeFlag[]): Decision {
    const { upload, deviceId } = arrival
    const { metrics } = this.#context
    step('ingest.verified')
    this.#shipment?.evolve(factOf(upload, flags))
    for (const flag of flags) metrics.flagged.inc({ flag })
    const settled = settledOf(upload, flags)
    const isEnvelope = upload.kind === 'envelope'
    const wire = isEnvelope ? upload.envelope.wire : undefined
    const entry = this.#outbox.add({ settled, deviceId, durable: false, wire })
    const stored = (seq: number, repeated: boolean) => {
      step('ingest.stored')
      this.#storing.delete(durable)
      if (upload.kind === 'record') metrics.stored.inc({ kind: upload.frame.kind })
      else {
        metrics.storedEnvelopes.inc()
        metrics.readings.inc(upload.envelope.header.count)
      }
      this.#outbox.settle(entry, seq, repeated)
    }
    const write = () => this.#write(arrival, flags)
    const durable: Promise<void> = write().then(
      ({ seq }) => stored(seq, false),
      (error: unknown) =>
        persistAfter(this.#context, 'store', write, error).then(({ seq }) => stored(seq, true)),
    )
    this.#storing.add(durable)
    return { durable }
  }

  #write({ upload, deviceId, receivedMs, frame }: Arrival, flags: EnvelopeFlag[]): Promise<{ seq: number }> {
    const headers: Record<string, string> = {
      [ENVELOPE_HEADERS.device]: deviceId,
      [ENVELOPE_HEADERS.digest]: upload.digest,
      [ENVELOPE_HEADERS.receivedMs]: String(receivedMs),
    }
    if (flags.length > 0) headers[ENVELOPE_HEADERS.flags] = flags.join(',')
    const options = { msgId: upload.digest, headers }
    if (upload.kind === 'record')
      return this.#context.publish(subjects.device(this.agreement, upload.ref.leg), frame, options)
    return this.#context.publish(this.#envelopeSubject(upload.ref.leg), upload.envelope.wire, options)
  }

  /** Made anew only when the leg changes. */
  #envelopeSubject(leg: number): string {
    if (this.#subjectOfLeg.leg !== leg)
      this.#subjectOfLeg = { leg, subject: subjects.envelope(this.agreement, leg) }
    return this.#subjectOfLeg.subject
  }

  #park(arrival: Arrival, missing: string): Decision {
    const { upload, frame, deviceId, receivedMs } = arrival
    const { agreement, leg } = upload.ref
    const parked: ParkedFrame = { agreement, leg, digest: upload.digest, deviceId, receivedMs, frame }
    const settled: Settled =
      upload.kind === 'envelope'
        ? { kind: 'loose', ref: upload.ref, link: upload.link, status: 'parked' }
        : { kind: 'record', ref: upload.ref, digest: upload.digest, status: 'parked' }
    if (this.#parking.holds(parked)) return this.#again(settled, deviceId)
    this.#parking.reserve(parked)
    this.#context.log.info(
      { agreement, leg, device: deviceId, missing },
      'parked until the missing record comes',
    )
    const entry = this.#outbox.add({ settled, deviceId, durable: false })
    const durable = persist(this.#context, 'park', () => this.#parking.store(parked)).then(() => {
      step('ingest.parked')
      this.#context.metrics.parked.inc()
      this.#outbox.settle(entry, 0)
    })
    this.#track(durable)
    return { durable }
  }

  /** Takes in what was parked for want of what is known now, in the order it came, until nothing more fits. */
  async #unpark(): Promise<void> {
    this.#unparking = true
    try {
      let progress = true
      while (progress && this.#shipment !== undefined && this.#parking.has(this.agreement))
        progress = await persist(this.#context, 'unpark', () => this.#unparkRound())
    } finally {
      this.#unparking = false
    }
  }

  /** Whether anything has left PARKED. */
  async #unparkRound(): Promise<boolean> {
    let progress = false
    for await (const parked of this.#parking.read(this.agreement))
      progress = (await this.#unparkOne(parked)) || progress
    return progress
  }

  /** Whether it has left PARKED. */
  async #unparkOne(parked: Parked): Promise<boolean> {
    const { deviceId, frame, receivedMs } = parked
    try {
      const upload = refusing(() => readUpload(parseFrame(frame)))
      const verdict = await admit(this.#admission(deviceId), upload).catch((cause: unknown) => {
        throw asRefusal(cause)
      })
      if (verdict.kind === 'park') return false
      await this.#carryOut({ deviceId, frame, receivedMs, upload }, verdict).durable
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await this.#quarantine.hold(deviceId, frame, error)
    }
    step('ingest.unparked')
    await persist(this.#context, 'unpark', () => this.#parking.remove(parked))
    this.#context.metrics.unparked.inc()
    return true
  }

  #sendAcceptance({ leg, offerDigest, bytes }: Acceptance): void {
    const state = this.#shipment?.legs.get(leg)
    const offer = state?.offers.get(offerDigest)
    const expired = offer !== undefined && (state?.open?.ledger.nextSeq ?? 0) >= offer.m + offer.ttlEnvelopes
    const device = this.#devices.get(this.#shipment?.deviceOf(leg)?.deviceId ?? '')
    const hasEnded = (state?.manualCut ?? state?.cut) !== undefined
    if (hasEnded || expired || device === undefined) return
    device.send(encodeFrame('accept', bytes))
    this.#context.metrics.acceptances.inc()
  }

  #track(durable: Promise<void>): void {
    this.#storing.add(durable)
    durable.then(() => this.#storing.delete(durable), this.#context.fail)
  }
}

function settledOf(upload: Upload, flags: readonly EnvelopeFlag[]): Settled {
  if (upload.kind === 'envelope') return settledEnvelope(upload, flags)
  return { kind: 'record', ref: upload.ref, digest: upload.digest, status: 'stored' }
}
