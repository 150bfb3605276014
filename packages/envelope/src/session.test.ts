import { createCipheriv, createHash } from 'node:crypto'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, fromHex } from './bytes.ts'
import {
  generateSessionKey,
  isHello,
  openReceiverSession,
  openSenderSession,
  type Session,
} from './session.ts'

const deviceId = 'ab'.repeat(32)
const frame = Uint8Array.of(1, 2, 3, 4, 5)
let ingest: { publicKey: Uint8Array; privateKey: Uint8Array }
let hello: Uint8Array
let device: Session
let server: Session

async function connect(id = deviceId) {
  const opened = await openSenderSession(ingest.publicKey, id)
  return { ...opened, server: await openReceiverSession(ingest.privateKey, id, opened.hello) }
}

beforeAll(async () => {
  ingest = await generateSessionKey()
  const connected = await connect()
  hello = connected.hello
  device = connected.session
  server = connected.server
})

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice()
  copy[offset] = (copy[offset] as number) ^ 0x10
  return copy
}

function sealedAt(session: Session, counter: number): Uint8Array {
  let message = session.seal(frame)
  while (Buffer.from(message.buffer).readUInt32BE(5) < counter) message = session.seal(frame)
  return message
}

describe('a session', () => {
  it('begins with a hello of 1121 bytes to a key of 1216, whose private part has 32', () => {
    expect([hello.length, ingest.publicKey.length, ingest.privateKey.length]).toEqual([1121, 1216, 32])
    expect(isHello(hello)).toBe(true)
    expect(isHello(device.seal(frame))).toBe(false)
  })

  it('carries frames both ways, empty ones too', () => {
    for (const bytes of [frame, new Uint8Array(0), new Uint8Array(40_000).fill(7)]) {
      expect(server.open(device.seal(bytes))).toEqual(bytes)
      expect(device.open(server.seal(bytes))).toEqual(bytes)
    }
  })

  it('seals as docs/formats.md says, which anyone with the private key can repeat', async () => {
    const { hello: greeting, session } = await connect()
    const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
    const device32 = fromHex(deviceId)
    const enc = greeting.slice(1)
    const context = await suite.createRecipientContext({
      recipientKey: await suite.kem.deserializePrivateKey(ingest.privateKey.slice().buffer),
      enc,
      info: concatBytes(Buffer.from('consign session v1'), device32),
    })
    const key = new Uint8Array(await context.export(Buffer.from('consign up'), 32))
    session.seal(frame)
    const counter = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)
    const cipher = createCipheriv('aes-256-gcm', key, concatBytes(new Uint8Array(4), counter))
    cipher.setAAD(concatBytes(device32, createHash('sha256').update(enc).digest().subarray(0, 16), counter))
    const ciphertext = concatBytes(cipher.update(frame), cipher.final())
    expect(session.seal(frame)).toEqual(
      concatBytes(Uint8Array.of(1), counter, ciphertext, cipher.getAuthTag()),
    )
  })

  it('stands on the X-Wing of two implementations, which agree', async () => {
    const kem = new XWing()
    const recipientPublicKey = await kem.deserializePublicKey(ingest.publicKey.slice().buffer)
    const recipientKey = await kem.deserializePrivateKey(ingest.privateKey.slice().buffer)
    const { publicKey, secretKey } = ml_kem768_x25519.keygen(ingest.privateKey)
    expect(publicKey).toEqual(ingest.publicKey)
    const ours = await kem.encap({ recipientPublicKey })
    const secret = ml_kem768_x25519.decapsulate(new Uint8Array(ours.enc), secretKey)
    expect(secret).toEqual(new Uint8Array(ours.sharedSecret))
    const theirs = ml_kem768_x25519.encapsulate(ingest.publicKey)
    const opened = await kem.decap({ recipientKey, enc: theirs.cipherText.slice().buffer })
    expect(new Uint8Array(opened)).toEqual(theirs.sharedSecret)
  })

  it('hides what it carries: the same frame looks different each time', () => {
    const [one, two] = [device.seal(frame), device.seal(frame)]
    expect(one.subarray(9)).not.toEqual(two.subarray(9))
  })
})

describe('a message is refused', () => {
  it('when it comes again, or after a later one', async () => {
    const { session, server: receiver } = await connect()
    const [first, second, third] = [session.seal(frame), session.seal(frame), session.seal(frame)]
    receiver.open(first)
    expect(() => receiver.open(first)).toThrow(expect.objectContaining({ code: 'session.counter' }))
    receiver.open(third)
    expect(() => receiver.open(second)).toThrow(expect.objectContaining({ code: 'session.counter' }))
  })

  it('with any byte altered, and the next one still opens', async () => {
    const { session, server: receiver } = await connect()
    receiver.open(session.seal(frame))
    const message = sealedAt(session, 5)
    for (let offset = 0; offset < message.length; offset++)
      expect(() => receiver.open(flipped(message, offset)), `byte ${offset}`).toThrow(
        expect.objectContaining({ name: 'Refusal' }),
      )
    expect(receiver.open(message)).toEqual(frame)
  })

  it('when another session of the same device sealed it', async () => {
    const [one, two] = [await connect(), await connect()]
    expect(() => two.server.open(one.session.seal(frame))).toThrow(
      expect.objectContaining({ code: 'session.cipher' }),
    )
    expect(() => one.server.open(two.session.seal(frame))).toThrow(
      expect.objectContaining({ code: 'session.cipher' }),
    )
    expect(() => one.session.open(two.server.seal(frame))).toThrow(
      expect.objectContaining({ code: 'session.cipher' }),
    )
  })

  it('when it is sent back to who sealed it', async () => {
    const { session, server: receiver } = await connect()
    expect(() => session.open(session.seal(frame))).toThrow(
      expect.objectContaining({ code: 'session.cipher' }),
    )
    expect(() => receiver.open(receiver.seal(frame))).toThrow(
      expect.objectContaining({ code: 'session.cipher' }),
    )
  })

  it('when the hello was made for another device or another key', async () => {
    const { hello: greeting, session } = await connect()
    const otherDevice = await openReceiverSession(ingest.privateKey, 'cd'.repeat(32), greeting)
    const otherKey = await openReceiverSession((await generateSessionKey()).privateKey, deviceId, greeting)
    for (const receiver of [otherDevice, otherKey])
      expect(() => receiver.open(session.seal(frame))).toThrow(
        expect.objectContaining({ code: 'session.cipher' }),
      )
  })

  it('when the hello was altered on its way', async () => {
    const { hello: greeting, session } = await connect()
    for (const offset of [1, 700, 1100, 1120]) {
      const receiver = await openReceiverSession(ingest.privateKey, deviceId, flipped(greeting, offset))
      expect(() => receiver.open(session.seal(frame))).toThrow(
        expect.objectContaining({ code: 'session.cipher' }),
      )
    }
  })

  it('when it is no message', () => {
    for (const malformed of [new Uint8Array(0), new Uint8Array(24).fill(1), new Uint8Array(40), hello])
      expect(() => server.open(malformed)).toThrow(expect.objectContaining({ code: 'session.malformed' }))
  })

  it('when its counter is beyond what can be counted', async () => {
    const message = device.seal(frame)
    message.fill(0xff, 1, 9)
    expect(() => server.open(message)).toThrow(expect.objectContaining({ code: 'session.counter' }))
  })
})

describe('a session is not opened', () => {
  it('by what is no hello', async () => {
    for (const wrong of [
      hello.subarray(1),
      concatBytes(hello, Uint8Array.of(0)),
      new Uint8Array(0),
      flipped(hello, 0),
    ])
      await expect(openReceiverSession(ingest.privateKey, deviceId, wrong)).rejects.toMatchObject({
        code: 'session.hello',
      })
  })

  it('with keys of another size', async () => {
    const code = 'session.key'
    await expect(openSenderSession(new Uint8Array(32), deviceId)).rejects.toMatchObject({ code })
    await expect(openReceiverSession(new Uint8Array(31), deviceId, hello)).rejects.toMatchObject({ code })
  })

  it('for a device id that is none', async () => {
    await expect(openSenderSession(ingest.publicKey, 'ab')).rejects.toMatchObject({ code: 'bytes.hex' })
  })
})
