import type { NatsConnection } from '@nats-io/nats-core'

type Change = 'lost' | 'back'
type Listener = (change: Change) => void

/** Tells, in order, when a connection is lost and when it is back. One iterator of the client serves all listeners. */
export class ConnectionWatch {
  readonly #listeners = new Set<Listener>()

  constructor(nats: NatsConnection) {
    void this.#run(nats)
  }

  /** Returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #run(nats: NatsConnection): Promise<void> {
    for await (const { type } of nats.status()) {
      const change = type === 'disconnect' ? 'lost' : type === 'reconnect' ? 'back' : undefined
      if (change !== undefined) for (const listener of [...this.#listeners]) listener(change)
    }
  }
}
