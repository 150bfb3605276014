/**
 * What ingest is measured against: Aedes over the same TLS, the same payload, the same verifications through the same calls. No session, no
 * order, no log: a message is a prefix of as many bytes as sealing adds, then the envelope.
 */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { native, type PublicKeys, parseEnvelope, verifyEnvelopeSync } from '@consign/envelope'
import { Aedes } from 'aedes'

/** `0x01 ‖ counter 8 ‖ frame kind 1 … GCM tag 16`. */
export const SEALING_BYTES = 26

/** Public keys per client id travel as JSON of hex; ready when a line with the port stands on stdout. */
export type BaselineConfig = {
  tls: { cert: string; key: string; ca: string }
  keys: Record<string, Record<keyof PublicKeys, string>>
}

if (import.meta.main) await serve(JSON.parse(readFileSync(0, 'utf8')) as BaselineConfig)

async function serve({ tls, keys }: BaselineConfig): Promise<void> {
  const legs = new Map(
    Object.entries(keys).map(([id, { p256, mlDsa, slhDsa }]) => [
      id,
      { p256: bytesOf(p256), mlDsa: bytesOf(mlDsa), slhDsa: bytesOf(slhDsa) },
    ]),
  )
  const broker = await Aedes.createBroker({
    authorizePublish: (client, packet, callback) => {
      const leg = legs.get(client?.id ?? '')
      if (leg === undefined) return callback(new Error('unknown device'))
      const payload = packet.payload as Buffer
      const wire = new Uint8Array(
        payload.buffer,
        payload.byteOffset + SEALING_BYTES,
        payload.length - SEALING_BYTES,
      )
      verifyEnvelopeSync(native, leg, parseEnvelope(wire))
      callback(null)
    },
  })
  const server = createServer(
    {
      ...tls,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ecdhCurve: 'X25519MLKEM768',
    },
    broker.handle,
  )
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ mqttPort: (server.address() as AddressInfo).port })}\n`)
  })
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
