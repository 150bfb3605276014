import { encodeSignedAccept, native, Refusal, type SignedAccept, toHex } from '@consign/envelope'
import { type EventLog, memoryEventLog, type Recorded } from '@consign/eventlog'
import { encodeEvent, type Hex, parseEvent, subjects } from '@consign/events'
import type { Moved } from './chain-moves.ts'
import { AgreementDesk } from './desk.ts'
import { submitManualCut } from './manual-cut-request.ts'
import { type RequestContext, submitAccept, submitAgreement } from './requests.ts'
import { DEPLOYMENT, type SampleJourney } from './sample-journey.ts'
import { submitTenderRefusal } from './tender-refusal-request.ts'

export const NOW_MS = Date.UTC(2026, 10, 2)

/** The service without its network, for tests: a log, and desks that start anew whenever a test says so. */
export class SampleCustody {
  readonly log: EventLog = memoryEventLog(() => NOW_MS)
  readonly late: string[] = []
  readonly #journey: SampleJourney
  #desk: AgreementDesk
  nowMs = NOW_MS
  #names = 0

  constructor(journey: SampleJourney) {
    this.#journey = journey
    this.#desk = this.#open()
  }

  #open(): AgreementDesk {
    const place = { chainId: DEPLOYMENT.chainId, agreement: this.#journey.agreement }
    const onLateRefusal = (_: unknown, { code }: Refusal) => void this.late.push(code)
    return new AgreementDesk({ log: this.log, crypto: native, place, onLateRefusal })
  }

  restart(): void {
    this.#desk = this.#open()
  }

  get context(): RequestContext {
    const { log } = this
    return { log, crypto: native, deployment: DEPLOYMENT, deskOf: () => this.#desk, nowMs: () => this.nowMs }
  }

  /** Stores without handling, as when the service is away. */
  async store(subject: string, data: Uint8Array): Promise<Recorded> {
    const { seq } = await this.log.publish(subject, data, { msgId: String(this.#names++) })
    return { seq, subject, data, headers: {}, timeMs: NOW_MS }
  }

  async device(frame: Uint8Array, leg = 0): Promise<void> {
    await this.#desk.handle(await this.store(subjects.device(this.#journey.agreement, leg), frame))
  }

  async envelope(wire: Uint8Array, leg: number): Promise<void> {
    await this.#desk.handle(await this.store(subjects.envelope(this.#journey.agreement, leg), wire))
  }

  /** What chain-writer tells. */
  async chainMoved(moved: Moved): Promise<void> {
    const event = { id: `chain-${moved.logIndex}`, type: 'chain.custody.moved.v1', time: NOW_MS, data: moved }
    const { seq } = await this.store(subjects.chain(moved.agreement), encodeEvent(event))
    await this.#desk.follow(moved, seq, { timeMs: NOW_MS })
  }

  handle(message: Recorded): Promise<void> {
    return this.#desk.handle(message)
  }

  sign(asked: unknown, by = 'supplier') {
    return submitAgreement(this.context, this.#journey.wallet(by), asked)
  }

  accept(signed: SignedAccept, by: Hex = signed.record.party) {
    const asked = { agreement: this.#journey.agreement, accept: toHex(encodeSignedAccept(signed)) }
    return submitAccept(this.context, by, asked)
  }

  cutManually(asked: unknown, by = 'supplier') {
    return submitManualCut(this.context, this.#journey.wallet(by), asked)
  }

  refuseTender(asked: unknown, by = 'factory') {
    return submitTenderRefusal(this.context, this.#journey.wallet(by), asked)
  }

  async events(): Promise<ReturnType<typeof parseEvent>[]> {
    const events = []
    for await (const { data } of this.log.read([subjects.custody(this.#journey.agreement)]))
      events.push(parseEvent(data))
    return events
  }

  async types(): Promise<string[]> {
    return (await this.events()).map(({ type }) => type.replace(/^custody\.|\.v1$/g, ''))
  }
}

/** The code of what it rejects with. */
export const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: unknown) => (error instanceof Refusal ? error.code : Promise.reject(error)),
  )
