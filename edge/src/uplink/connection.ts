import { openSenderSession, type Session } from '@consign/envelope'
import { connect, type MqttClient } from 'mqtt'

const KEEPALIVE_S = 10 // a network that swallows everything is noticed within 15 s
const CONNECT_MS_MAX = 10_000

export type UplinkTls = { ca: Buffer; cert: Buffer; key: Buffer }

/** One MQTT connection with one HPKE session of its own; neither outlives the other. */
export type Connection = {
  /** Seals and publishes a frame; resolves with the PUBACK, which means accepted for storing, not receipted. */
  send(frame: Uint8Array): Promise<void>
  /** Resolves, with the reason, when the connection is gone. */
  readonly closed: Promise<string>
  close(): Promise<void>
}

export type ConnectionOptions = {
  url: string
  tls: UplinkTls
  deviceId: string
  /** Public X-Wing key of ingest, 1216 bytes. */
  sessionKey: Uint8Array
  /** A frame that came down. */
  received: (frame: Uint8Array) => void
  /** A message that no session could open: dropped. */
  unreadable: (error: unknown) => void
}

/**
 * Connects over TLS 1.3 with X25519MLKEM768 and the device's certificate, MQTT 3.1.1, clean session; subscribes and says hello. Reconnecting
 * is the caller's: every connection has a fresh session, so that nothing sealed for an earlier one may go out.
 */
export async function openConnection(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
  const { url, deviceId } = options
  const tls = { ...options.tls, minVersion: 'TLSv1.3', ecdhCurve: 'X25519MLKEM768', rejectUnauthorized: true }
  const client = connect(url, {
    ...tls,
    protocolVersion: 4,
    clean: true,
    clientId: deviceId,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS_MAX,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
  })
  let reason = 'connection closed'
  client.on('error', (error) => {
    reason = error.message
  })
  const stop = (): void => {
    reason = 'stopped'
    client.end(true)
  }
  signal.addEventListener('abort', stop)
  const closed = new Promise<string>((resolve) => {
    client.once('close', () => {
      signal.removeEventListener('abort', stop)
      resolve(reason)
    })
  })
  const lost = closed.then((why): never => {
    throw new Error(why)
  })
  try {
    await Promise.race([new Promise((resolve) => client.once('connect', resolve)), lost])
    const session = await Promise.race([greet(client, options), lost])
    return {
      send: (frame) => publish(client, `consign/${deviceId}/up`, session.seal(frame)),
      closed,
      close: () => client.endAsync(true),
    }
  } catch (error) {
    await client.endAsync(true)
    throw error
  }
}

async function greet(
  client: MqttClient,
  { deviceId, sessionKey, received, unreadable }: ConnectionOptions,
): Promise<Session> {
  const { hello, session } = await openSenderSession(sessionKey, deviceId)
  client.on('message', (_topic, message) => {
    let frame: Uint8Array
    try {
      frame = session.open(new Uint8Array(message))
    } catch (error) {
      unreadable(error)
      return
    }
    received(frame)
  })
  await client.subscribeAsync(`consign/${deviceId}/down`, { qos: 1 })
  await publish(client, `consign/${deviceId}/up`, hello)
  return session
}

async function publish(client: MqttClient, topic: string, message: Uint8Array): Promise<void> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  await client.publishAsync(topic, bytes, { qos: 1 })
}
