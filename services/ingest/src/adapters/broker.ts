/**
 * MQTT 3.1.1 over TLS 1.3 that requires X25519MLKEM768 and a client certificate (Aedes 1.2). A PUBACK leaves only when the receiver of the
 * message says so: Aedes writes it after the callback of authorizePublish, and nothing later could hold it back.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { Refusal } from '@consign/envelope'
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from 'aedes'
import { downTopic, refusedConnect, refusedPublish, refusedSubscribe } from '../domain/mqtt-rules.ts'
import { CONNECT_MS_MAX, KEEPALIVE_S_MAX, PACKET_BYTES_MAX, UNREAD_BYTES_MAX } from '../limits.ts'
import { PacketGuard } from './packet-guard.ts'

/** Who takes the messages of one connection. */
export type Receiver = {
  readonly full: boolean
  receive(message: Uint8Array, acknowledge: () => void): void
  close(): void
}

export type BrokerOptions = {
  host: string
  /** 0 for any free one. */
  port: number
  /** PEM texts; `ca` issues the certificates of devices. */
  tls: { cert: string; key: string; ca: string }
  connectionsMax: number
  /** A device has connected; `publish` sends a message down to it. */
  opened: (deviceId: string, publish: (message: Uint8Array) => void) => Receiver
  refused: (refusal: Refusal, who: { device: string | undefined; address: string | undefined }) => void
  /** Bytes of a connection that has ended, as the network carried them. */
  ended: (bytes: { read: number; written: number }) => void
}

export type Broker = {
  port: number
  /** Takes no new connections and reads no more from those there are. */
  pause(): void
  close(): Promise<void>
}

/** Nothing is ever routed from one client to another: messages go to the receiver, and down by Client.publish. */
class DeviceBroker extends Aedes {
  override publish(_packet: PublishPacket, ...rest: unknown[]): void {
    const done = rest.at(-1)
    if (typeof done === 'function') done()
  }
}

type Connection = {
  socket: TLSSocket
  deviceId: string | undefined
  refusal?: Refusal | undefined
  receiver?: Receiver
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const connections = new WeakMap<object, Connection>()
  let paused = false
  const broker = new DeviceBroker({
    connectTimeout: CONNECT_MS_MAX,
    keepaliveLimit: KEEPALIVE_S_MAX,
    ...hooks(options, (client) => connections.get(client.conn)),
  })
  await broker.listen()
  // A connection that fails is the client's affair; what was refused has been reported.
  broker.on('clientError', () => {})
  broker.on('connectionError', () => {})
  const server = createServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768',
    handshakeTimeout: CONNECT_MS_MAX,
  })
  server.maxConnections = options.connectionsMax
  server.on('tlsClientError', (cause, { remoteAddress }) => {
    const refusal = new Refusal(
      'tls.handshake',
      'connect with TLS 1.3, X25519MLKEM768 and a device certificate',
      { cause },
    )
    options.refused(refusal, { device: undefined, address: remoteAddress })
  })
  server.on('secureConnection', (socket) => {
    const connection: Connection = { socket, deviceId: commonNameOf(socket) }
    connections.set(socket, connection)
    guardReads(connection, options, () => paused)
    socket.once('close', () => {
      connection.receiver?.close()
      options.ended({ read: socket.bytesRead, written: socket.bytesWritten })
    })
    broker.handle(socket)
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    pause: () => {
      paused = true
      server.close()
    },
    close: async () => {
      server.close()
      await new Promise<void>((resolve) => broker.close(resolve))
    },
  }
}

function hooks(options: BrokerOptions, connectionOf: (client: Client) => Connection | undefined) {
  const report = (connection: Connection | undefined, refusal: Refusal) =>
    options.refused(refusal, { device: connection?.deviceId, address: connection?.socket.remoteAddress })
  return {
    preConnect: ((client, packet, callback) => {
      const connection = connectionOf(client)
      if (connection !== undefined) connection.refusal = refusedConnect(packet, connection.deviceId)
      callback(null, connection !== undefined)
    }) satisfies Aedes['preConnect'],
    authenticate: ((client, _username, _password, done) => {
      const connection = connectionOf(client)
      const { deviceId, refusal } = connection ?? {}
      if (connection === undefined || deviceId === undefined || refusal !== undefined) {
        if (refusal !== undefined) report(connection, refusal)
        done(notAuthorised(refusal), false)
        return
      }
      const topic = downTopic(deviceId)
      connection.receiver = options.opened(deviceId, (message) => {
        // A client that asks and does not read: it asks again when it is back.
        if (connection.socket.writableLength > UNREAD_BYTES_MAX) {
          report(
            connection,
            new Refusal('mqtt.unread', 'more comes down than is read: read, or ask less often'),
          )
          connection.socket.destroy()
          return
        }
        const payload = Buffer.from(message.buffer, message.byteOffset, message.length)
        // Aedes calls back in any case; a client that is gone asks again when it is back.
        client.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => {})
      })
      done(null, true)
    }) satisfies Aedes['authenticate'],
    authorizePublish: ((client, packet, callback) => {
      const connection = client === null ? undefined : connectionOf(client)
      const refusal = refusedPublish(packet, connection?.deviceId ?? '')
      if (refusal !== undefined || connection?.receiver === undefined) {
        if (refusal !== undefined) report(connection, refusal)
        callback(refusal ?? new Error('no receiver'))
        return
      }
      connection.receiver.receive(bytesOf(packet.payload), () => callback(null))
    }) satisfies Aedes['authorizePublish'],
    authorizeSubscribe: ((client, subscription, callback) => {
      const connection = connectionOf(client)
      const refusal = refusedSubscribe(subscription.topic, connection?.deviceId ?? '')
      if (refusal !== undefined) report(connection, refusal)
      callback(null, refusal === undefined ? subscription : null)
    }) satisfies Aedes['authorizeSubscribe'],
    authorizeForward: ((client, packet) =>
      packet.topic === downTopic(connectionOf(client)?.deviceId ?? '')
        ? packet
        : null) satisfies Aedes['authorizeForward'],
  }
}

/**
 * Aedes pulls from the socket with read(): the one place where a packet can be stopped before it is collected, and where nothing is
 * given while the receiver has enough. Aedes reads again after each acknowledgement.
 */
function guardReads(connection: Connection, options: BrokerOptions, isPaused: () => boolean): void {
  const { socket } = connection
  const guard = new PacketGuard(PACKET_BYTES_MAX)
  const read = socket.read.bind(socket)
  socket.read = (size?: number) => {
    if (size === 0) return read(0)
    if (isPaused() || connection.receiver?.full) return null
    const chunk: Uint8Array | null = read(size)
    if (chunk === null || guard.admits(chunk)) return chunk
    const refusal = new Refusal(
      'mqtt.oversized',
      `a packet may have ${PACKET_BYTES_MAX} bytes: send smaller ones`,
    )
    options.refused(refusal, { device: connection.deviceId, address: socket.remoteAddress })
    socket.destroy()
    return null
  }
}

function commonNameOf(socket: TLSSocket): string | undefined {
  const name: unknown = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' ? name : undefined
}

function notAuthorised(refusal: Refusal | undefined): AuthenticateError {
  return Object.assign(new Error(refusal?.message ?? 'not authorised'), { returnCode: 5 })
}

function bytesOf(payload: string | Buffer): Uint8Array {
  const buffer = typeof payload === 'string' ? Buffer.from(payload) : payload
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
