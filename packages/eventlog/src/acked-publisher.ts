import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  headers as newHeaders,
} from '@nats-io/nats-core'
import type { ConnectionWatch } from './connection-watch.ts'
import type { PublishOptions } from './event-log.ts'
import { unavailable } from './unavailable.ts'

type Ack = { seq: number; duplicate: boolean }
type Sending = {
  token: string
  subject: string
  bytes: Uint8Array
  headers: MsgHdrs
  sentMs: number
  deadlineMs: number
  resolve: (ack: Ack) => void
  reject: (error: Error) => void
}

// JetStream drops what it cannot queue (10,000 by default); dropped ones would be stored out of order.
const IN_FLIGHT_MAX = 1024
const ACK_MS_MAX = 5_000
const GIVE_UP_MS = 60_000
const PROBE_MS_MIN = 50
const PROBE_MS_MAX = 2_000
const SWEEP_MS = 1_000

// Error code of nats-server: "duplicate message id is in process".
const MESSAGE_IN_PROCESS = 10158

/**
 * Publishes to JetStream with many messages in flight, acknowledged over one inbox of its own. Measured with 512 B, 4 headers, 256 in
 * flight: 17 CPU-µs a message, against 33 with `js.publish`, which makes a request with timer and error object for each.
 *
 * Order: messages are stored in call order. After a lost connection or acknowledgement all unacknowledged ones are sent again, the
 * oldest alone until it is acknowledged, then the rest in order, before anything new; their ids make the server ignore what it has.
 */
export class AckedPublisher {
  readonly #nats: NatsConnection
  readonly #inbox = createInbox()
  /** Insertion order is sending order. */
  readonly #inFlight = new Map<string, Sending>()
  readonly #waiting: Sending[] = []
  readonly #sweep: NodeJS.Timeout
  #serial = 0
  #connected = true
  #recovering = false
  #probeMs = PROBE_MS_MIN
  #probe: NodeJS.Timeout | undefined

  constructor(nats: NatsConnection, watch: ConnectionWatch) {
    this.#nats = nats
    const callback = (error: Error | null, message: Msg) => {
      if (error === null) this.#answered(message)
    }
    nats.subscribe(`${this.#inbox}.*`, { callback })
    this.#sweep = setInterval(() => this.#expire(), SWEEP_MS).unref()
    watch.listen((change) => this.#changed(change))
    void nats.closed().then(() => this.#close())
  }

  publish(subject: string, bytes: Uint8Array, options: PublishOptions): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.#nats.isClosed()) {
        reject(unavailable(`publishing to ${subject}`, new Error('closed')))
        return
      }
      const headers = newHeaders()
      headers.set('Nats-Msg-Id', options.msgId)
      for (const name in options.headers) headers.set(name, options.headers[name] ?? '')
      const token = (this.#serial++).toString(36)
      const deadlineMs = performance.now() + GIVE_UP_MS
      this.#waiting.push({ token, subject, bytes, headers, sentMs: 0, deadlineMs, resolve, reject })
      this.#drain()
    })
  }

  #drain(): void {
    if (!this.#connected || this.#recovering) return
    while (this.#waiting.length > 0 && this.#inFlight.size < IN_FLIGHT_MAX) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#inFlight.set(next.token, next)
      this.#send(next)
    }
  }

  #send(sending: Sending): void {
    sending.sentMs = performance.now()
    try {
      const reply = `${this.#inbox}.${sending.token}`
      this.#nats.publish(sending.subject, sending.bytes, { headers: sending.headers, reply })
    } catch (cause) {
      this.#inFlight.delete(sending.token)
      // Thrown before anything is sent: closed, draining or larger than the server takes.
      sending.reject(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }

  #answered(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1)
    const sending = this.#inFlight.get(token)
    if (sending === undefined) return
    const ack = message.headers?.code === 503 ? undefined : (message.json() as AckMessage)
    // No stream answers yet (JetStream is starting, a leader is being elected), or it is overloaded: the same bytes again, in order.
    if (ack === undefined || ack.error?.code === 503 || ack.error?.code === 429) {
      this.#recover()
      return
    }
    // A cluster has not yet decided on an earlier sending of it, whose acknowledgement will come to the same inbox.
    if (ack.error?.err_code === MESSAGE_IN_PROCESS) return
    this.#inFlight.delete(token)
    if (ack.error === undefined) sending.resolve({ seq: ack.seq, duplicate: ack.duplicate === true })
    else sending.reject(unavailable(`publishing to ${sending.subject}`, new Error(ack.error.description)))
    if (this.#recovering) this.#recovered()
    else this.#drain()
  }

  #changed(change: 'lost' | 'back'): void {
    this.#connected = change === 'back'
    if (!this.#connected) return
    this.#recovering = false
    clearTimeout(this.#probe)
    if (this.#inFlight.size > 0) this.#recover(0)
    else this.#drain()
  }

  #recover(afterMs = this.#probeMs): void {
    if (this.#recovering) return
    this.#recovering = true
    this.#probeAfter(afterMs)
  }

  #probeAfter(delayMs: number): void {
    clearTimeout(this.#probe)
    this.#probe = setTimeout(() => {
      const [oldest] = this.#inFlight.values()
      if (oldest === undefined) return this.#recovered()
      if (this.#connected) this.#send(oldest)
      this.#probeMs = Math.min(PROBE_MS_MAX, this.#probeMs * 2)
      this.#probeAfter(this.#probeMs)
    }, delayMs)
  }

  #recovered(): void {
    clearTimeout(this.#probe)
    this.#recovering = false
    this.#probeMs = PROBE_MS_MIN
    for (const sending of this.#inFlight.values()) this.#send(sending)
    this.#drain()
  }

  #expire(): void {
    const nowMs = performance.now()
    const [oldest] = this.#inFlight.values()
    if (oldest !== undefined && nowMs - oldest.sentMs > ACK_MS_MAX) this.#recover(0)
    for (const [token, sending] of this.#inFlight) {
      if (sending.deadlineMs > nowMs) break
      this.#inFlight.delete(token)
      sending.reject(unavailable(`publishing to ${sending.subject}`))
    }
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadlineMs <= nowMs) {
      const sending = this.#waiting.shift()
      sending?.reject(unavailable(`publishing to ${sending.subject}`))
    }
  }

  #close(): void {
    clearInterval(this.#sweep)
    clearTimeout(this.#probe)
    const left = [...this.#inFlight.values(), ...this.#waiting]
    this.#inFlight.clear()
    this.#waiting.length = 0
    for (const { subject, reject } of left)
      reject(unavailable(`publishing to ${subject}`, new Error('the connection was closed')))
  }
}

type AckMessage = {
  seq: number
  duplicate?: boolean
  error?: { code: number; err_code: number; description: string }
}
