import { createHash } from 'node:crypto'
import type { Frame, Hex, Refusal } from '@consign/envelope'
import type { Recorded } from '@consign/eventlog'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'
import { feedCursors } from './adapters/feed.ts'
import { Parking } from './adapters/parking.ts'
import { Quarantine } from './adapters/quarantine.ts'
import { type Context, persist } from './context.ts'
import { custodyEvents } from './custody-events.ts'
import { Directory } from './directory.ts'
import { readUpload } from './domain/upload.ts'
import { type Decision, Lane } from './lane.ts'
import { AGREEMENTS_MAX, LEDGER_ENVELOPES_MAX, SESSIONS_KNOWN_MAX } from './limits.ts'
import type { DevicePort, Devices } from './outbox.ts'
import { acceptanceOf, isManualCut, manualCutOf } from './rebuild.ts'
import { refusing } from './refusing.ts'

/** Frames between two looks at the memory that ledgers take. */
const FRAMES_BETWEEN_SWEEPS = 4_096

type Connected = DevicePort & { deviceId: string }

/** Leads every frame to the lane of its agreement, and every custody event to whom it concerns. */
export class Intake {
  readonly #context: Context
  readonly #parking: Parking
  readonly #quarantine: Quarantine
  readonly #directory = new Directory()
  readonly #connected = new Map<string, Connected>()
  /** The oldest first. */
  readonly #sessions = new Set<string>()
  readonly #lanes = new Map<Hex, Lane>()
  #uses = 0
  #framesUntilSweep = FRAMES_BETWEEN_SWEEPS

  constructor(context: Context) {
    this.#context = context
    this.#parking = new Parking(context.events)
    this.#quarantine = new Quarantine(context)
  }

  /** Reads who serves what, and what is parked: before the first device. */
  async load(): Promise<void> {
    const { events, log } = this.#context
    const passedOver = (seq: number, { code, message }: Refusal) =>
      log.warn({ seq, code }, `passed over: ${message}`)
    await persist(this.#context, 'load', async () => {
      for await (const event of custodyEvents(events, '*', passedOver)) this.#directory.apply(event)
      await this.#parking.rebuild()
    })
  }

  /** Ends what a crash interrupted: frames that are no longer missing anything, feeds that stand behind the log. */
  async recover(signal: AbortSignal): Promise<void> {
    const parked = this.#parking.agreements.filter(
      (agreement) => this.#directory.placeOf(agreement) !== undefined,
    )
    for (const agreement of parked) {
      if (signal.aborted) return
      await this.#lane(agreement).recover()
    }
    for (const agreement of this.#directory.agreements) {
      if (signal.aborted) return
      const behind = await persist(this.#context, 'recover', () => this.#isBehind(agreement))
      if (behind) await this.#lane(agreement).recover()
    }
  }

  /** Throws, or rejects with, the Refusal of what is to be quarantined. */
  take(deviceId: string, frame: Frame, bytes: Uint8Array): Decision | Promise<Decision> {
    const upload = refusing(() => readUpload(frame))
    if (--this.#framesUntilSweep === 0) this.#sweep()
    return this.#lane(upload.ref.agreement).take({
      deviceId,
      frame: bytes,
      upload,
      receivedMs: this.#context.nowMs(),
    })
  }

  refuse(deviceId: string, bytes: Uint8Array, refusal: Refusal): Promise<void> {
    return this.#quarantine.hold(deviceId, bytes, refusal)
  }

  async answerPull(deviceId: string): Promise<void> {
    for (const agreement of this.#directory.agreementsOf(deviceId)) await this.#lane(agreement).answerPull()
  }

  /**
   * False for a hello that began a session before: its keys and counters would come again, and two messages under one nonce give both away.
   * Known since the start of this process, for the last SESSIONS_KNOWN_MAX.
   */
  claimSession(hello: Uint8Array): boolean {
    const name = createHash('sha256').update(hello).digest('base64')
    if (this.#sessions.has(name)) return false
    this.#sessions.add(name)
    if (this.#sessions.size > SESSIONS_KNOWN_MAX) this.#sessions.delete(this.#sessions.values().next().value!)
    return true
  }

  connected(device: Connected): void {
    this.#connected.set(device.deviceId, device)
    this.#context.metrics.connections.set(this.#connected.size)
  }

  disconnected(device: Connected): void {
    if (this.#connected.get(device.deviceId) === device) this.#connected.delete(device.deviceId)
    this.#context.metrics.connections.set(this.#connected.size)
  }

  /** One message of custody.*. */
  async handle({ data }: Recorded): Promise<void> {
    const event: ConsignEvent = parseEvent(data)
    this.#directory.apply(event)
    if (event.type === 'custody.agreement.signed.v1') {
      const { agreement, terms } = event.data
      const awaited = this.#lanes.has(agreement) || this.#parking.has(agreement)
      if (awaited) await this.#lane(agreement).learnTerms(terms)
    } else if (isManualCut(event)) {
      const { agreement } = event.data
      const awaited = this.#lanes.has(agreement) || this.#parking.has(agreement)
      if (awaited) await this.#lane(agreement).learnManualCut(manualCutOf(event.data))
    } else if (event.type === 'custody.accepted.v1') {
      const { agreement } = event.data
      const deviceId = this.#directory.deviceOf(agreement)
      const concerned =
        this.#lanes.has(agreement) || (deviceId !== undefined && this.#connected.has(deviceId))
      if (concerned) await this.#lane(agreement).learnAcceptance(acceptanceOf(event.data))
    }
  }

  /** Resolves when all that was taken is durable, fed and receipted. */
  async drain(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drain()))
  }

  #lane(agreement: Hex): Lane {
    let lane = this.#lanes.get(agreement)
    if (lane === undefined) {
      lane = new Lane(agreement, {
        context: this.#context,
        parking: this.#parking,
        quarantine: this.#quarantine,
        devices: this.#connected as Devices,
      })
      if (this.#lanes.size >= AGREEMENTS_MAX) this.#sweep()
      this.#lanes.set(agreement, lane)
    }
    lane.usedAt = ++this.#uses
    return lane
  }

  /** Drops idle lanes, the one unused for longest first, until what is left fits the bounds. */
  #sweep(): void {
    this.#framesUntilSweep = FRAMES_BETWEEN_SWEEPS
    let envelopes = 0
    for (const lane of this.#lanes.values()) envelopes += lane.size
    for (const lane of [...this.#lanes.values()].sort((a, b) => a.usedAt - b.usedAt)) {
      if (this.#lanes.size < AGREEMENTS_MAX && envelopes <= LEDGER_ENVELOPES_MAX) return
      if (!lane.idle) continue
      envelopes -= lane.size
      this.#lanes.delete(lane.agreement)
    }
  }

  /** Whether the log holds envelopes that some party has not got yet. */
  async #isBehind(agreement: Hex): Promise<boolean> {
    const { events } = this.#context
    const place = this.#directory.placeOf(agreement)
    if (place === undefined) return false
    const from = Math.min(...(await feedCursors(events, place)).values()) + 1
    for await (const _ of events.read([subjects.envelope(agreement, '*')], { from })) return true
    return false
  }
}
