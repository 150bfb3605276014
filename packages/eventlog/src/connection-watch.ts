import type { NatsConnection } from '@nats-io/nats-core'
import { unavailable } from './unavailable.ts'

type Change = 'lost' | 'back'
type Listener = (change: Change) => void

const GIVE_UP_MS = 30_000
const AGAIN_MS_MIN = 25
const AGAIN_MS_MAX = 1_000

/**
 * Knows when the connection is lost and when it is back. The client itself drops what is sent in between and lets requests that were
 * under way run into their timeout; here they fail at once and are made again when the connection is back.
 */
export class ConnectionWatch {
  readonly #nats: NatsConnection
  readonly #listeners = new Set<Listener>()
  #connected = true

  constructor(nats: NatsConnection) {
    this.#nats = nats
    void this.#run()
    void nats.closed().then(() => this.#tell('lost'))
  }

  /** Returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Makes a request that may be repeated until it is answered, for at most 30 s; then, or when the connection is closed for good,
   * throws Refusal `log.unavailable`.
   */
  async persistently<T>(doing: string, request: () => Promise<T>): Promise<T> {
    const end = performance.now() + GIVE_UP_MS
    for (let againMs = AGAIN_MS_MIN; ; againMs = Math.min(AGAIN_MS_MAX, againMs * 2)) {
      try {
        return await this.whileConnected(request)
      } catch (cause) {
        if (this.#nats.isClosed() || performance.now() > end) throw unavailable(doing, cause)
        await new Promise((resolve) => setTimeout(resolve, againMs))
      }
    }
  }

  /** The request, or an error as soon as the connection is lost; at once when there is none. */
  async whileConnected<T>(request: () => Promise<T>): Promise<T> {
    if (!this.#connected || this.#nats.isClosed()) throw new Error('not connected')
    let unlisten = () => {}
    const lost = new Promise<never>((_, reject) => {
      unlisten = this.listen((change) => change === 'lost' && reject(new Error('the connection was lost')))
    })
    try {
      return await Promise.race([request(), lost])
    } finally {
      unlisten()
    }
  }

  async #run(): Promise<void> {
    for await (const { type } of this.#nats.status()) {
      if (type === 'disconnect') this.#tell('lost')
      if (type === 'reconnect') this.#tell('back')
    }
  }

  #tell(change: Change): void {
    this.#connected = change === 'back'
    for (const listener of [...this.#listeners]) listener(change)
  }
}
