/** A device as the network sees it: mqtt.js over TLS, its session, and the receipts it verified. */
import type { SecureContextOptions } from 'node:tls'
import {
  native,
  openSenderSession,
  parseFrame,
  type Receipt,
  type Session,
  verifyReceipt,
} from '@consign/envelope'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import type { Pem } from './certificates.ts'
import type { IngestProcess } from './ingest-process.ts'

export type MqttDevice = {
  client: MqttClient
  session: Session
  receipts: Receipt[]
  acceptances: Uint8Array[]
  /** Seals and publishes; resolves with the PUBACK. */
  send(frame: Uint8Array): Promise<void>
  /** Publishes a message as it is on the device's up topic. */
  sendSealed(message: Uint8Array): Promise<void>
  /** Resolves when a receipt fits. */
  receipt(fits: (receipt: Receipt) => boolean): Promise<Receipt>
  close(): Promise<void>
}

/** mqtt.js hands all it does not know to node:tls. */
export type TlsClientOptions = IClientOptions & SecureContextOptions

export function tlsOptions(ingest: IngestProcess, pem: Pem | undefined): TlsClientOptions {
  return {
    host: '127.0.0.1',
    port: ingest.mqttPort,
    protocol: 'mqtts',
    ca: ingest.authority.ca,
    ...pem,
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768',
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 20_000,
  }
}

/** Resolves with a connected client, rejects with what ended the attempt. */
export async function tryConnect(options: TlsClientOptions): Promise<MqttClient> {
  const client = connect(options)
  let reason = new Error('connection closed')
  client.on('error', (error) => {
    reason = error
  })
  const connected = new Promise<void>((resolve) => client.once('connect', () => resolve()))
  const closed = new Promise<never>((_, reject) => client.once('close', () => reject(reason)))
  try {
    await Promise.race([connected, closed])
    return client
  } catch (error) {
    await client.endAsync(true)
    throw error
  } finally {
    closed.catch(() => {})
  }
}

export async function connectDevice(ingest: IngestProcess, deviceId: string, pem: Pem): Promise<MqttDevice> {
  const client = await tryConnect({ ...tlsOptions(ingest, pem), clientId: deviceId })
  // mqtt.js leaves what is under way waiting for a reconnection that never comes.
  const lost = new Promise<never>((_, reject) =>
    client.once('close', () => reject(new Error('connection closed'))),
  )
  lost.catch(() => {})
  const { hello, session } = await openSenderSession(ingest.sessionKey, deviceId)
  const receipts: Receipt[] = []
  const acceptances: Uint8Array[] = []
  const waiting = new Set<(receipt: Receipt) => void>()
  client.on('message', async (_topic, message) => {
    const frame = parseFrame(session.open(new Uint8Array(message)))
    if (frame.kind === 'accept') acceptances.push(frame.bytes)
    if (frame.kind !== 'receipt') return
    await verifyReceipt(native, ingest.receiptKeys.public, frame.signed)
    receipts.push(frame.signed.record)
    for (const resolve of waiting) resolve(frame.signed.record)
  })
  const sendSealed = async (message: Uint8Array) => {
    const acknowledged = client.publishAsync(`consign/${deviceId}/up`, Buffer.from(message), { qos: 1 })
    await Promise.race([acknowledged, lost])
  }
  await Promise.race([client.subscribeAsync(`consign/${deviceId}/down`, { qos: 1 }), lost])
  await sendSealed(hello)
  return {
    client,
    session,
    receipts,
    acceptances,
    send: (frame) => sendSealed(session.seal(frame)),
    sendSealed,
    receipt: async (fits) => {
      const there = receipts.find(fits)
      if (there !== undefined) return there
      const found = new Promise<Receipt>((resolve) => {
        const look = (receipt: Receipt) => {
          if (!fits(receipt)) return
          waiting.delete(look)
          resolve(receipt)
        }
        waiting.add(look)
      })
      return Promise.race([found, lost])
    },
    close: () => client.endAsync(true),
  }
}
