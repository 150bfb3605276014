import {
  type Frame,
  isHello,
  openReceiverSession,
  parseFrame,
  Refusal,
  type Session,
} from '@consign/envelope'
import { step } from '@consign/runtime'
import type { Context } from './context.ts'
import { Stopped } from './insist.ts'
import type { Intake } from './intake.ts'
import type { Decision } from './lane.ts'
import { HELLOS_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MESSAGES_MAX } from './limits.ts'
import type { DevicePort } from './outbox.ts'
import { refusing } from './refusing.ts'

export type UplinkOptions = {
  deviceId: string
  /** Ingest's X-Wing private key, 32 bytes. */
  sessionKey: Uint8Array
  /** Publishes a sealed message to the device. */
  publish: (message: Uint8Array) => void
}

const NOTHING: Decision = { durable: Promise.resolve() }

/** One connection of a device: its session, and its messages strictly in the order they came. */
export class Uplink implements DevicePort {
  readonly deviceId: string
  readonly #context: Context
  readonly #intake: Intake
  readonly #options: UplinkOptions
  #session: Session | undefined
  #hellos = 0
  #tail: Promise<void> = Promise.resolve()
  #messages = 0
  #bytes = 0
  #closed = false

  constructor(context: Context, intake: Intake, options: UplinkOptions) {
    this.deviceId = options.deviceId
    this.#context = context
    this.#intake = intake
    this.#options = options
  }

  /** More is under way than one connection may have: its socket is not to be read. */
  get full(): boolean {
    return this.#messages >= IN_FLIGHT_MESSAGES_MAX || this.#bytes >= IN_FLIGHT_BYTES_MAX
  }

  /** `acknowledge` is called once what the message held is durable, stored or in quarantine; never when that did not come about. */
  receive(message: Uint8Array, acknowledge: () => void): void {
    this.#context.metrics.received.inc()
    this.#messages += 1
    this.#bytes += message.length
    const done = () => {
      this.#messages -= 1
      this.#bytes -= message.length
      if (this.#closed) return
      acknowledge()
      step('ingest.acknowledged')
    }
    this.#tail = this.#tail
      .then(() => this.#handle(message))
      .then(({ durable }) => void durable.then(done, this.#context.fail))
      .catch(this.#context.fail)
  }

  send(frame: Uint8Array): void {
    if (!this.#closed && this.#session !== undefined) this.#options.publish(this.#session.seal(frame))
  }

  close(): void {
    this.#closed = true
    this.#intake.disconnected(this)
  }

  async #handle(message: Uint8Array): Promise<Decision> {
    // What a refusal is about: the message, until it is opened.
    let bytes = message
    try {
      if (isHello(message)) return await this.#greet(message)
      bytes = this.#open(message)
      const frame = await refusing(() => parseFrame(bytes))
      return await this.#take(frame, bytes)
    } catch (error) {
      if (error instanceof Stopped || !(error instanceof Refusal)) throw error
      return { durable: this.#intake.refuse(this.deviceId, bytes, error) }
    }
  }

  async #greet(hello: Uint8Array): Promise<Decision> {
    this.#hellos += 1
    if (this.#hellos > HELLOS_MAX)
      throw new Refusal('session.hellos', `more than ${HELLOS_MAX} sessions on one connection: connect again`)
    if (!this.#intake.claimSession(hello))
      throw new Refusal(
        'session.replayed',
        'this hello was used before: encapsulate anew for each connection',
      )
    this.#session = await refusing(() => openReceiverSession(this.#options.sessionKey, this.deviceId, hello))
    if (!this.#closed) this.#intake.connected(this)
    return NOTHING
  }

  #open(message: Uint8Array): Uint8Array {
    if (this.#session === undefined)
      throw new Refusal('session.none', 'no session was begun on this connection: say hello first')
    return this.#session.open(message)
  }

  async #take(frame: Frame, bytes: Uint8Array): Promise<Decision> {
    if (frame.kind !== 'pull') return this.#intake.take(this.deviceId, frame, bytes)
    await this.#intake.answerPull(this.deviceId)
    return NOTHING
  }
}
