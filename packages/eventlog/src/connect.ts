import { connect, type NatsConnection } from '@nats-io/transport-node'
import { unavailable } from './unavailable.ts'

export type NatsOptions = {
  /** `nats://host:port`, or several, comma separated. */
  url: string
  /** Shown in the server's list of connections. */
  name: string
  /** From a file; never logged. */
  token?: string
  /** How long the first connection may take, ms; default 30 s. Later losses are repaired without limit. */
  connectMsMax?: number
}

const CONNECT_MS_MAX = 30_000

/** Connects, and reconnects for ever. Throws Refusal `log.unavailable` when the first connection does not come about in time. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const end = performance.now() + (options.connectMsMax ?? CONNECT_MS_MAX)
  for (;;) {
    try {
      const nats = await connect({
        servers: options.url.split(','),
        name: options.name,
        ...(options.token === undefined ? {} : { token: options.token }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        timeout: 5_000,
        // A server that hangs with its socket open is noticed after 2 missed pings.
        pingInterval: 10_000,
        maxPingOut: 2,
        // Stack traces of each request cost more than the request.
        noAsyncTraces: true,
      })
      return closingCalmly(nats)
    } catch (cause) {
      if (performance.now() > end) throw unavailable(`connecting to ${withoutSecrets(options.url)}`, cause)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/**
 * The client (3.4) drops the listeners of its socket before it closes it; an error that a write to a server just lost still has under
 * way would then be an uncaught exception. One turn of the event loop lets it arrive first.
 */
function closingCalmly(nats: NatsConnection): NatsConnection {
  const close = nats.close.bind(nats)
  nats.close = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    await close()
  }
  return nats
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^@,/]*@/g, '//')
}
