import { once } from 'node:events'
import { connect } from 'node:tls'
import type { Refusal } from '@consign/envelope'
import { expect, test } from 'vitest'
import { startBroker } from '../src/adapters/broker.ts'
import { testAuthority } from './certificates.ts'

const DEVICE = 'a'.repeat(64)
/** MQTT 3.1.1, clean session, keep-alive of 60 s. */
const CONNECT = Buffer.concat([
  Buffer.from([0x10, 76, 0, 4]),
  Buffer.from('MQTT'),
  Buffer.from([4, 2, 0, 60, 0, 64]),
  Buffer.from(DEVICE),
])

test('a device that asks without end and never reads is cut off, and holds no memory', async () => {
  const authority = await testAuthority()
  let publish = (_: Uint8Array) => {}
  const { promise: refused, resolve: onRefused } = Promise.withResolvers<Refusal>()
  const { promise: opened, resolve: onOpened } = Promise.withResolvers<void>()
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    tls: { ...(await authority.server()), ca: authority.ca },
    connectionsMax: 1,
    opened: (_deviceId, down) => {
      publish = down
      onOpened()
      return { full: false, receive: (_, acknowledge) => acknowledge(), close: onClosed }
    },
    refused: onRefused,
    ended: () => {},
  })
  const pem = await authority.device(DEVICE)
  const options = { ...pem, ca: authority.ca, host: '127.0.0.1', port: broker.port }
  const socket = connect({ ...options, minVersion: 'TLSv1.3', ecdhCurve: 'X25519MLKEM768' })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  socket.pause()
  socket.write(CONNECT)
  await opened
  let sentBytes = 0
  let isOpen = true
  void closed.then(() => {
    isOpen = false
  })
  // Far more than the kernel's own buffers take.
  while (isOpen && sentBytes < 64 * 1024 * 1024) {
    publish(new Uint8Array(16 * 1024))
    sentBytes += 16 * 1024
    await new Promise(setImmediate)
  }
  expect(isOpen).toBe(false)
  expect((await refused).code).toBe('mqtt.unread')
  socket.destroy()
  await broker.close()
})
