import { generateSessionKey, openSenderSession } from '@consign/envelope'
import { memoryEventLog } from '@consign/eventlog'
import { QUARANTINE_HEADERS, subjects } from '@consign/events'
import { expect, test } from 'vitest'
import { startBench } from '../test/intake-bench.ts'
import { DEVICE_ID } from '../test/sample-device.ts'
import { Uplink } from './uplink.ts'

test('a hello begins one session only, on whichever connection it comes', async () => {
  const { publicKey, privateKey } = await generateSessionKey()
  const { hello } = await openSenderSession(publicKey, DEVICE_ID)
  const { context, intake, stored } = await startBench(memoryEventLog())
  const say = async (connection: Uplink, message: Uint8Array) =>
    new Promise<void>((resolve) => connection.receive(message, resolve))
  const down: Uint8Array[][] = [[], []]
  const connections = down.map(
    (messages) =>
      new Uplink(context, intake, {
        deviceId: DEVICE_ID,
        sessionKey: privateKey,
        publish: (message) => messages.push(message),
      }),
  )
  for (const connection of connections) {
    await say(connection, hello)
    connection.send(new Uint8Array(16))
  }
  expect(down.map((messages) => messages.length)).toEqual([1, 0])
  const refused = await stored(subjects.quarantine(DEVICE_ID))
  expect(refused.map((message) => message.headers[QUARANTINE_HEADERS.code])).toEqual(['session.replayed'])
})
