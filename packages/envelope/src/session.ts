/**
 * Sessions between a device and ingest: one HPKE encapsulation (RFC 9180, base mode, X-Wing, HKDF-SHA256, AES-256-GCM) per connection,
 * then AES-256-GCM under two exported keys with an explicit counter (docs/formats.md, "Session"). Nothing of a session outlives its connection.
 *
 * The library does the set-up; its own `seal` costs nine times node's GCM and insists on gapless order, so that messages use node's.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { sha256 } from '@consign/merkle/sha256'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { concatBytes, dataViewOf, fromHex, viewOf } from './bytes.ts'
import { Refusal } from './refusal.ts'

export const SESSION_PUBLIC_KEY_BYTES = 1216
export const SESSION_PRIVATE_KEY_BYTES = 32
const ENCAPSULATION_BYTES = 1120
const HELLO = 0x00
const MESSAGE = 0x01
const COUNTER_BYTES = 8
const TAG_BYTES = 16
const CIPHERTEXT_OFFSET = 1 + COUNTER_BYTES
const CONNECTION_BYTES = 16
const KEY_BYTES = 32
const AAD_COUNTER_OFFSET = 32 + CONNECTION_BYTES
const NONCE_COUNTER_OFFSET = 4

/** Seals what this side sends and opens what the other sent, synchronously. */
export interface Session {
  /** `0x01 ‖ counter 8 ‖ ciphertext ‖ tag 16`. */
  seal(frame: Uint8Array): Uint8Array
  /** The frame of a message; throws Refusal `session.malformed`, `session.counter` (not above the last one opened) or `session.cipher`. */
  open(message: Uint8Array): Uint8Array
}

const kem = new XWing()
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const text = new TextEncoder()

/** New key pair of ingest: public 1216, private 32 bytes. */
export async function generateSessionKey(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  const pair = await kem.generateKeyPair()
  return {
    publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)),
    privateKey: new Uint8Array(await kem.serializePrivateKey(pair.privateKey)),
  }
}

/** The device's side: `hello` is its first message. `deviceId` 64 hex digits. Throws Refusal `session.key` for a malformed public key. */
export async function openSenderSession(
  ingestPublic: Uint8Array,
  deviceId: string,
): Promise<{ hello: Uint8Array; session: Session }> {
  const device = fromHex(deviceId, 32)
  const recipientPublicKey = await sessionKey(ingestPublic, SESSION_PUBLIC_KEY_BYTES, 'public')
  const context = await suite.createSenderContext({ recipientPublicKey, info: infoOf(device) })
  const enc = new Uint8Array(context.enc)
  const [up, down] = await exportedKeys(context)
  return {
    hello: concatBytes(Uint8Array.of(HELLO), enc),
    session: gcmSession({ device, enc, sendKey: up, receiveKey: down }),
  }
}

/** Ingest's side. Throws Refusal `session.hello` for what is no hello; one made for another device or key opens no message. */
export async function openReceiverSession(
  ingestPrivate: Uint8Array,
  deviceId: string,
  hello: Uint8Array,
): Promise<Session> {
  const device = fromHex(deviceId, 32)
  if (hello.length !== 1 + ENCAPSULATION_BYTES || hello[0] !== HELLO)
    throw new Refusal(
      'session.hello',
      `A hello is 0x00 and ${ENCAPSULATION_BYTES} bytes; begin the session again`,
    )
  const recipientKey = await sessionKey(ingestPrivate, SESSION_PRIVATE_KEY_BYTES, 'private')
  const enc = hello.slice(1)
  try {
    const context = await suite.createRecipientContext({ recipientKey, enc, info: infoOf(device) })
    const [up, down] = await exportedKeys(context)
    return gcmSession({ device, enc, sendKey: down, receiveKey: up })
  } catch (cause) {
    throw new Refusal('session.hello', 'The encapsulation cannot be opened; begin the session again', {
      cause,
    })
  }
}

/** Whether a message is a hello rather than a sealed frame. */
export function isHello(message: Uint8Array): boolean {
  return message[0] === HELLO
}

function infoOf(device: Uint8Array): Uint8Array {
  return concatBytes(text.encode('consign session v1'), device)
}

async function sessionKey(bytes: Uint8Array, length: number, kind: 'public' | 'private'): Promise<CryptoKey> {
  if (bytes.length !== length)
    throw new Refusal('session.key', `A ${kind} session key has ${length} bytes, not ${bytes.length}`)
  const copy = new Uint8Array(bytes).buffer
  return kind === 'public' ? kem.deserializePublicKey(copy) : kem.deserializePrivateKey(copy)
}

async function exportedKeys(context: { export(label: Uint8Array, length: number): Promise<ArrayBuffer> }) {
  const up = await context.export(text.encode('consign up'), KEY_BYTES)
  const down = await context.export(text.encode('consign down'), KEY_BYTES)
  return [new Uint8Array(up), new Uint8Array(down)] as const
}

type SessionKeys = { device: Uint8Array; enc: Uint8Array; sendKey: Uint8Array; receiveKey: Uint8Array }

function gcmSession({ device, enc, sendKey, receiveKey }: SessionKeys): Session {
  // AAD = device ‖ connection ‖ counter and nonce = 0 (4) ‖ counter: only the counter changes, and each call is done before the next begins.
  const aad = concatBytes(device, sha256(enc).subarray(0, CONNECTION_BYTES), new Uint8Array(COUNTER_BYTES))
  const nonce = new Uint8Array(NONCE_COUNTER_OFFSET + COUNTER_BYTES)
  let sendCounter = 0
  let receiveCounterMin = 0
  return {
    seal(frame) {
      const message = new Uint8Array(CIPHERTEXT_OFFSET + frame.length + TAG_BYTES)
      message[0] = MESSAGE
      writeCounter(message, 1, sendCounter++)
      bind(message, aad, nonce)
      const cipher = createCipheriv('aes-256-gcm', sendKey, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(aad)
      message.set(cipher.update(frame), CIPHERTEXT_OFFSET)
      cipher.final()
      message.set(cipher.getAuthTag(), CIPHERTEXT_OFFSET + frame.length)
      return message
    },
    open(message) {
      if (message.length < CIPHERTEXT_OFFSET + TAG_BYTES || message[0] !== MESSAGE)
        throw new Refusal(
          'session.malformed',
          'A message is 0x01, an 8-byte counter, ciphertext and a 16-byte tag',
        )
      const counter = readCounter(message)
      if (counter < receiveCounterMin)
        throw new Refusal(
          'session.counter',
          `Counter ${counter} came after ${receiveCounterMin - 1}; it only rises`,
        )
      bind(message, aad, nonce)
      const tagStart = message.length - TAG_BYTES
      const decipher = createDecipheriv('aes-256-gcm', receiveKey, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(aad)
      decipher.setAuthTag(viewOf(message, tagStart, message.length))
      const frame = decipher.update(viewOf(message, CIPHERTEXT_OFFSET, tagStart))
      try {
        decipher.final()
      } catch (cause) {
        throw new Refusal('session.cipher', 'The message was not sealed in this session; never receipt it', {
          cause,
        })
      }
      receiveCounterMin = counter + 1
      return viewOf(frame, 0, frame.length)
    },
  }
}

function writeCounter(message: Uint8Array, offset: number, counter: number): void {
  const view = dataViewOf(message)
  view.setUint32(offset, Math.floor(counter / 2 ** 32))
  view.setUint32(offset + 4, counter % 2 ** 32)
}

function readCounter(message: Uint8Array): number {
  const view = dataViewOf(message)
  const counter = view.getUint32(1) * 2 ** 32 + view.getUint32(5)
  if (counter >= Number.MAX_SAFE_INTEGER)
    throw new Refusal('session.counter', 'The counter is above 2^53 - 2')
  return counter
}

// The counter goes into AAD and nonce as it stands in the message.
function bind(message: Uint8Array, aad: Uint8Array, nonce: Uint8Array): void {
  const counter = viewOf(message, 1, CIPHERTEXT_OFFSET)
  aad.set(counter, AAD_COUNTER_OFFSET)
  nonce.set(counter, NONCE_COUNTER_OFFSET)
}
