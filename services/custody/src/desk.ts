import { type CryptoProvider, Refusal } from '@consign/envelope'
import { type EventLog, loadState, type NewEvent, type Recorded } from '@consign/eventlog'
import { subjects } from '@consign/events'
import { step } from '@consign/runtime'
import { ChainMoves, type Moved, movesOf } from './chain-moves.ts'
import type { Agreement } from './domain/agreement.ts'
import { type Command, custody } from './domain/decide.ts'
import { type DeviceRecord, type Place, recordOfFrame, recordsOfEnvelope } from './domain/device-record.ts'
import { stageOf } from './domain/stage.ts'
import { eventId } from './event-id.ts'
import { utcMsBeforeCut } from './stored-envelope.ts'
import { verifyRecord, verifyShown } from './verification.ts'

// 256 × about 12 KiB of signatures = 3 MiB an agreement; a device needs two for each offer. What waits beyond it stays in the log alone.
export const WAITING_RECORDS_MAX = 256

/** When, and by what, a decision was caused: its events carry it. */
export type Cause = { timeMs: number; causation?: string }

export type DeskOptions = {
  log: EventLog
  crypto: CryptoProvider
  place: Place
  /** A record that waited, or an end of a leg on chain, turned out to be refused when its turn came; its own message has long been handled. */
  onLateRefusal: (kind: DeviceRecord['kind'] | 'chainTransfer', refusal: Refusal) => void
}

type Refused = { record: DeviceRecord; refusal: Refusal }

/**
 * All work on one agreement, one piece at a time: records that came by the device wait here until what they rest on is known. What
 * waits is a view of the log and is read from it again after a restart.
 */
export class AgreementDesk {
  readonly #options: DeskOptions
  readonly #subject: string
  readonly #waiting = new Map<string, DeviceRecord>()
  readonly #moves = new ChainMoves()
  #loaded = false
  /** Some that wait were left in the log, for want of room. */
  #leftInLog = false
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: DeskOptions) {
    this.#options = options
    this.#subject = subjects.custody(options.place.agreement)
  }

  /** Takes a stored device frame or envelope. Throws the Refusal of what this very message holds. */
  handle(message: Recorded): Promise<void> {
    return this.#inTurn(async () => {
      const { place } = this.#options
      const records = message.subject.startsWith('device.')
        ? [recordOfFrame(message.data, place)]
        : recordsOfEnvelope(message.data, place)
      if (records.length === 0) return
      await this.#load(message.seq - 1)
      for (const record of records) this.#wait(record)
      const cause = { timeMs: message.timeMs, causation: `LOG:${message.seq}` }
      const refused = await this.#advanceAll(cause, message.seq)
      const own = new Set(records.map(({ key }) => key))
      this.#reportLate(refused.filter(({ record }) => !own.has(record.key)))
      for (const { record, refusal } of refused) if (own.has(record.key)) throw refusal
    })
  }

  /** Takes what the chain says of custody, at `seq` of the log. What waits for its leg is taken up when that begins. */
  follow(moved: Moved, seq: number, cause: Cause): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load(seq)
      this.#moves.take(moved)
      this.#reportLate(await this.#advanceAll(cause, seq))
    })
  }

  /** Decides a command whose signatures `verify` has checked against the state it is given; then what waited for it. */
  request(verify: (state: Agreement) => Promise<Command>, cause: Cause): Promise<void> {
    return this.#inTurn(async () => {
      const { log } = this.#options
      const { state } = await loadState(log, custody, this.#subject)
      await this.#decide(await verify(state), cause)
      const to = await log.lastSeq()
      await this.#load(to)
      this.#reportLate(await this.#advanceAll(cause, to))
    })
  }

  #reportLate(refused: readonly Refused[]): void {
    for (const { record, refusal } of refused) this.#options.onLateRefusal(record.kind, refusal)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work, work)
    this.#tail = turn.catch(() => {})
    return turn
  }

  #wait(record: DeviceRecord): void {
    if (!this.#waiting.has(record.key)) this.#waiting.set(record.key, record)
  }

  /** The same for all that the log holds up to `to`: what was left there is taken up again whenever something was told. */
  async #advanceAll(cause: Cause, to: number): Promise<Refused[]> {
    const refused: Refused[] = []
    for (;;) {
      const before = this.#waiting.size
      refused.push(...(await this.#advance(cause)))
      await this.#followChain(cause)
      const hasRoom = this.#waiting.size < Math.min(before, WAITING_RECORDS_MAX)
      this.#leaveInLog()
      if (!this.#leftInLog || !hasRoom) return refused
      this.#leftInLog = false
      this.#loaded = false
      await this.#load(to)
    }
  }

  /** What came last is what most likely rests on the others. */
  #leaveInLog(): void {
    for (const key of [...this.#waiting.keys()].slice(WAITING_RECORDS_MAX)) {
      this.#waiting.delete(key)
      this.#leftInLog = true
    }
  }

  /** Tells all that can be told now, in order of arrival, until nothing more follows. Returns what was refused. */
  async #advance(cause: Cause): Promise<Refused[]> {
    const { log, crypto, place } = this.#options
    const utcMs = (cut: { leg: number; n: number }) => utcMsBeforeCut(log, place.agreement, cut, cause.timeMs)
    const refused: Refused[] = []
    for (let progressed = true; progressed; ) {
      progressed = false
      let { state } = await loadState(log, custody, this.#subject)
      for (const record of [...this.#waiting.values()]) {
        const known = [...this.#waiting.values()]
        const stage = stageOf(record, state, known)
        if (stage === 'waits') continue
        progressed = true
        this.#waiting.delete(record.key)
        if (stage === 'done') continue
        try {
          if (stage === 'ready')
            await this.#decide(await verifyRecord(crypto, state, record, known, utcMs), cause)
          else await this.#keepVerified(state, record)
        } catch (error) {
          if (!isInvalid(error)) {
            this.#waiting.set(record.key, record)
            throw error
          }
          refused.push({ record, refusal: error })
        }
        if (stage === 'ready') ({ state } = await loadState(log, custody, this.#subject))
      }
    }
    return refused
  }

  // After what the device says: its own cut of a leg comes first when both are here.
  async #followChain(cause: Cause): Promise<void> {
    const { log } = this.#options
    for (;;) {
      const { state } = await loadState(log, custody, this.#subject)
      const moved = this.#moves.next(state)
      if (moved === undefined) return
      try {
        await this.#decide({ type: 'followChain', moved }, cause)
      } catch (error) {
        if (isInvalid(error)) this.#options.onLateRefusal('chainTransfer', error)
        else {
          this.#moves.take(moved)
          throw error
        }
      }
    }
  }

  async #keepVerified(state: Agreement, record: DeviceRecord): Promise<void> {
    const { crypto, place } = this.#options
    await verifyShown(crypto, place, state, record)
    this.#waiting.set(record.key, { ...record, verified: true })
  }

  async #decide(command: Command, { timeMs, causation }: Cause): Promise<void> {
    const { log } = this.#options
    for (;;) {
      const { seq, state } = await loadState(log, custody, this.#subject)
      const facts = custody.decide(command, state)
      if (facts.length === 0) return
      const events = facts.map((fact): NewEvent => {
        const named = { id: eventId(fact), type: fact.type, time: timeMs }
        return { ...named, ...(causation === undefined ? {} : { causation }), data: fact.data }
      })
      step('custody.decided')
      try {
        await log.append(this.#subject, events, { expectedSeq: seq })
        step('custody.appended')
        return
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'log.conflict')) throw error
      }
    }
  }

  /** Reads, once, what the device showed up to `to` and is not told yet. Refused then, refused now: those are left out. */
  async #load(to: number): Promise<void> {
    if (this.#loaded) return
    const { log, place } = this.#options
    const { state } = await loadState(log, custody, this.#subject)
    for await (const message of log.read([subjects.device(place.agreement, '*')], { to })) {
      this.#reload(state, () => [recordOfFrame(message.data, place)])
    }
    for (const cut of [...this.#waiting.values()].filter(({ kind }) => kind === 'cut')) {
      for await (const message of log.read([subjects.envelope(place.agreement, cut.leg + 1)], { to })) {
        if (this.#reload(state, () => recordsOfEnvelope(message.data, place))) break
      }
    }
    for await (const moved of movesOf(log, place.agreement, to)) this.#moves.take(moved)
    this.#loaded = true
  }

  #reload(state: Agreement, parse: () => DeviceRecord[]): boolean {
    try {
      const records = parse().filter((record) => stageOf(record, state, []) !== 'done')
      for (const record of records) {
        const isReady = stageOf(record, state, []) !== 'waits'
        if (isReady || this.#waiting.size < WAITING_RECORDS_MAX) this.#wait(record)
        else this.#leftInLog = true
      }
      return records.length > 0
    } catch (error) {
      if (isInvalid(error)) return false
      throw error
    }
  }
}

/** Refused for good; whatever may pass, or is a bug, is not the record's fault. */
const isInvalid = (error: unknown): error is Refusal => error instanceof Refusal && !error.retry
