import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/nats-core'
import type { Recorded } from './event-log.ts'
import { plainHeaders } from './recorded.ts'

export type Delivery = {
  message: Recorded
  /** Counts the deliveries of this consumer, from 1 after a reset; a hole in it is a delivery that did not arrive. */
  deliverySeq: number
  /** Matching messages after this one, when it was sent. */
  pending: number
  ack(): void
}

const PREFETCH_MESSAGES = 256 // × 128 KiB, the largest message a device can send, is 32 MiB
const EXPIRES_MS = 30_000
const HEARTBEAT_MS = 5_000
const ACK = new TextEncoder().encode('+ACK')

/**
 * Deliveries of a pull consumer, prefetched, one request under way at a time. Ends, without error, when {@link stop} is called, when
 * the server says that the request cannot go on (consumer gone, leader changed), or when heartbeats stay away: the caller begins anew.
 */
export class Pull {
  readonly #nats: NatsConnection
  readonly #subject: string
  readonly #inbox = createInbox()
  readonly #subscription: { unsubscribe(): void }
  readonly #queue: Delivery[] = []
  readonly #silence: NodeJS.Timeout
  #requested = 0
  #ended = false
  #wake: (() => void) | undefined

  constructor(nats: NatsConnection, stream: string, consumer: string) {
    this.#nats = nats
    this.#subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`
    const callback = (error: Error | null, message: Msg) => (error ? this.stop() : this.#take(message))
    this.#subscription = nats.subscribe(this.#inbox, { callback })
    this.#silence = setTimeout(() => this.stop(), 3 * HEARTBEAT_MS)
  }

  /** The next delivery; undefined when it has ended, even if some are left in the queue: they are not acknowledged and come again. */
  async next(): Promise<Delivery | undefined> {
    for (;;) {
      if (this.#ended) return undefined
      if (this.#requested === 0 && this.#queue.length <= PREFETCH_MESSAGES / 2) this.#request()
      const delivery = this.#queue.shift()
      if (delivery !== undefined) return delivery
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#silence)
    this.#subscription.unsubscribe()
    this.#wake?.()
  }

  #request(): void {
    this.#requested = PREFETCH_MESSAGES
    const expiry = { expires: nanos(EXPIRES_MS), idle_heartbeat: nanos(HEARTBEAT_MS) }
    const request = JSON.stringify({ batch: PREFETCH_MESSAGES, ...expiry })
    this.#silence.refresh()
    this.#nats.publish(this.#subject, request, { reply: this.#inbox })
  }

  #take(message: Msg): void {
    this.#silence.refresh()
    const code = message.headers?.code ?? 0
    if (code === 100) return
    if (code === 0) {
      this.#requested--
      this.#queue.push(deliveryOf(message))
    } else if (code === 404 || code === 408) this.#requested = 0
    else this.stop()
    this.#wake?.()
  }
}

/** `$JS.ACK.<stream>.<consumer>.<tries>.<stream seq>.<delivery seq>.<ns>.<pending>`, or with domain and account after `ACK` (ADR-15). */
function deliveryOf(message: Msg): Delivery {
  const levels = (message.reply ?? '').split('.')
  const at = levels.length > 9 ? 7 : 5
  const number = (offset: number) => Number(levels[at + offset])
  return {
    message: {
      seq: number(0),
      subject: message.subject,
      data: message.data,
      headers: plainHeaders(message.headers),
      timeMs: Math.floor(number(2) / 1e6),
    },
    deliverySeq: number(1),
    pending: number(3),
    ack: () => message.respond(ACK),
  }
}
