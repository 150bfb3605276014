import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { PacketGuard } from './packet-guard.ts'

const publish = (bytes: number) =>
  generate({
    cmd: 'publish',
    topic: 't',
    payload: Buffer.alloc(bytes),
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  })

test('admits packets up to the bound, however the socket cuts them', () => {
  const stream = Buffer.concat([
    generate({ cmd: 'pingreq' }),
    publish(0),
    publish(100),
    publish(200),
    publish(20_000 - 5),
  ])
  fc.assert(
    fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 8 }), (cuts) => {
      const guard = new PacketGuard(20_000)
      const ends = [...cuts.sort((a, b) => a - b), stream.length]
      let from = 0
      for (const end of ends) {
        expect(guard.admits(stream.subarray(from, end))).toBe(true)
        from = end
      }
    }),
  )
})

test('stops a packet above the bound at its length, before any of its body', () => {
  const guard = new PacketGuard(1_000)
  expect(guard.admits(publish(900))).toBe(true)
  expect(guard.admits(publish(1_000).subarray(0, 3))).toBe(false)
})

test('stops a length of more than four bytes', () => {
  expect(new PacketGuard(1_000).admits(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x01))).toBe(false)
})
