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
import type { Intake } from './intake.ts'
import type { Decision } from './lane.ts'
import { HELLOS_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MESSAGES_MAX } from './limits.ts'
import type { DevicePort } from './outbox.ts'
import { asRefusal, refusing } from './refusing.ts'

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
  readonly #waiting: { message: Uint8Array; done: () => void }[] = []
  /** One message is being decided; those behind it wait, in order. */
  #busy = false
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
    this.#waiting.push({ message, done })
    if (!this.#busy) this.#work()
  }

  /** Decides what waits, one after the other; without a pause as long as nothing must be waited for. */
  #work(): void {
    const { fail } = this.#context
    this.#busy = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { message, done } = next
      try {
        const decision = this.#handle(message)
        if (decision instanceof Promise) {
          void decision.then(({ durable }) => void durable.then(done, fail), fail).then(() => this.#work())
          return
        }
        decision.durable.then(done, fail)
      } catch (error) {
        fail(error)
      }
    }
    this.#busy = false
  }

  send(frame: Uint8Array): void {
    if (!this.#closed && this.#session !== undefined) this.#options.publish(this.#session.seal(frame))
  }

  close(): void {
    this.#closed = true
    this.#intake.disconnected(this)
  }

  #handle(message: Uint8Array): Decision | Promise<Decision> {
    // What a refusal is about: the message, until it is opened.
    let bytes = message
    const refused = (error: unknown): Decision => {
      if (!(error instanceof Refusal)) throw error
      return { durable: this.#intake.refuse(this.deviceId, bytes, error) }
    }
    try {
      if (isHello(message)) return this.#greet(message).catch(refused)
      bytes = this.#open(message)
      const decision = this.#take(
        refusing(() => parseFrame(bytes)),
        bytes,
      )
      return decision instanceof Promise ? decision.catch(refused) : decision
    } catch (error) {
      return refused(error)
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
    const { sessionKey } = this.#options
    this.#session = await openReceiverSession(sessionKey, this.deviceId, hello).catch((cause: unknown) => {
      throw asRefusal(cause)
    })
    if (!this.#closed) this.#intake.connected(this)
    return NOTHING
  }

  #open(message: Uint8Array): Uint8Array {
    if (this.#session === undefined)
      throw new Refusal('session.none', 'no session was begun on this connection: say hello first')
    return this.#session.open(message)
  }

  #take(frame: Frame, bytes: Uint8Array): Decision | Promise<Decision> {
    if (frame.kind !== 'pull') return this.#intake.take(this.deviceId, frame, bytes)
    return this.#intake.answerPull(this.deviceId).then(() => NOTHING)
  }
}
