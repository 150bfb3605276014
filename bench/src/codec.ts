/**
 * What an envelope of 32 readings costs to encode, read and verify, beside JSON of the same readings and the bare cryptography through the
 * same API, in one run. Absolute figures are the machine's; the ratios are ours.
 */
import { createCipheriv, createDecipheriv, createPublicKey, randomBytes, verify } from 'node:crypto'
import {
  decodeBody,
  type Envelope,
  encodeBody,
  encodeHeader,
  envelopeDigest,
  FLAG,
  generateSessionKey,
  type Header,
  type KeySet,
  native,
  openReceiverSession,
  openSenderSession,
  parseEnvelope,
  type Reading,
  sealEnvelope,
  verifyEnvelope,
  verifyEnvelopeSync,
} from '@consign/envelope'
import { type BenchCase, type CpuResult, measure, resultOf } from './measure.ts'

const READINGS = 32
const AGREEMENT = `0x${'ab'.repeat(20)}` as const
const POOL_IN_FLIGHT = 64
const SEAL = 'session seal'

/** CPU-µs per envelope; takes about 15 s. */
export async function run(): Promise<CpuResult[]> {
  const keys = native.generateKeys()
  const readings = readingsOf(READINGS)
  const checkpoint = await sealed(keys, readings, FLAG.checkpoint)
  const plain = await sealed(keys, readings, 0)
  return [
    ...(await measure(codecCases(readings, checkpoint))),
    ...(await measure(verifyCases(keys, checkpoint, plain))),
    ...withoutSealing(await measure(await receiveCases(keys, checkpoint))),
  ]
}

function readingsOf(count: number): Reading[] {
  return Array.from({ length: count }, (_, index) => ({
    monotonicMs: index * 10_000,
    utcMs: 1_790_000_000_000 + index * 10_000,
    values: {
      temperature: 21_000 + index,
      humidity: 55_000 - index,
      gforce: 1_000,
      tilt: 1_500 + index,
      light: 0,
      latitude: 535_500_000 + index,
      longitude: 99_900_000 - index,
    },
  }))
}

async function sealed(keys: KeySet, readings: Reading[], flags: number): Promise<Envelope> {
  const { wire } = await sealEnvelope(native, keys, {
    ref: { chainId: 1, agreement: AGREEMENT, leg: 0 },
    seq: 7,
    previous: randomBytes(32),
    flags,
    readings,
    seed: randomBytes(16),
    bootId: randomBytes(16),
    baseMonotonicMs: 0,
    baseUtcMs: 1_790_000_000_000,
    clockState: 1,
  })
  return parseEnvelope(wire)
}

function codecCases(readings: Reading[], { header, wire }: Envelope): BenchCase[] {
  const json = JSON.stringify(readings)
  const seed = randomBytes(16)
  return [
    { name: 'JSON.stringify', op: () => JSON.stringify(readings), readingsPerOp: READINGS },
    { name: 'JSON.parse', op: () => JSON.parse(json), readingsPerOp: READINGS },
    {
      name: 'encode, digest',
      op: () => envelopeDigest(encodeUnsigned(readings, seed, header)),
      readingsPerOp: READINGS,
      baseline: 'JSON.stringify',
    },
    { name: 'parse, digest', op: () => parseEnvelope(wire), readingsPerOp: READINGS, baseline: 'JSON.parse' },
    {
      name: 'parse, digest, decode columns',
      op: () => decodeBody(parseEnvelope(wire).body, header.mask, header.count),
      readingsPerOp: READINGS,
      baseline: 'JSON.parse',
    },
  ]
}

function encodeUnsigned(readings: Reading[], seed: Uint8Array, header: Header): Uint8Array {
  const { bodyHash, mask } = encodeBody(readings, { seed, baseMonotonicMs: 0 })
  return encodeHeader({ ...header, bodyHash, mask })
}

function verifyCases(keys: KeySet, checkpoint: Envelope, plain: Envelope): BenchCase[] {
  const bare = bareVerifier(keys)
  const publicKeys = keys.public
  return [
    { name: 'bare P-256 verify', op: () => bare.p256(plain) },
    { name: 'bare P-256 + ML-DSA-44 verify', op: () => bare.p256(checkpoint) && bare.mlDsa(checkpoint) },
    {
      name: 'verify envelope',
      op: () => verifyEnvelopeSync(native, publicKeys, plain),
      readingsPerOp: READINGS,
      baseline: 'bare P-256 verify',
    },
    {
      name: 'verify checkpoint',
      op: () => verifyEnvelopeSync(native, publicKeys, checkpoint),
      readingsPerOp: READINGS,
      baseline: 'bare P-256 + ML-DSA-44 verify',
    },
    {
      name: 'verify checkpoint on the pool',
      op: () =>
        Promise.all(
          Array.from({ length: POOL_IN_FLIGHT }, () => verifyEnvelope(native, publicKeys, checkpoint)),
        ),
      opsPerCall: POOL_IN_FLIGHT,
      readingsPerOp: READINGS,
      baseline: 'verify checkpoint',
    },
  ]
}

// The same OpenSSL calls with nothing around them; keys are imported once, as they are by the provider.
function bareVerifier(keys: KeySet) {
  const p256 = createPublicKey({
    key: Buffer.concat([Uint8Array.of(4), keys.public.p256]),
    format: 'raw-public',
    asymmetricKeyType: 'ec',
    namedCurve: 'P-256',
  })
  const mlDsa = createPublicKey({
    key: Buffer.from(keys.public.mlDsa),
    format: 'raw-public',
    asymmetricKeyType: 'ml-dsa-44',
  })
  const p256Options = { key: p256, dsaEncoding: 'ieee-p1363' } as const
  return {
    p256: ({ message, p256: signature }: Envelope) => verify('sha256', message, p256Options, signature),
    mlDsa: ({ digest, mlDsa: signature }: Envelope) =>
      signature !== undefined && verify(null, digest, mlDsa, signature),
  }
}

async function receiveCases(keys: KeySet, checkpoint: Envelope): Promise<BenchCase[]> {
  const bare = bareVerifier(keys)
  const { privateKey, publicKey } = await generateSessionKey()
  const device = 'ab'.repeat(32)
  const { hello, session: sender } = await openSenderSession(publicKey, device)
  const receiver = await openReceiverSession(privateKey, device, hello)
  const open = bareOpener(checkpoint.wire)
  return [
    { name: 'bare AES-256-GCM decrypt', op: open },
    { name: SEAL, op: () => sender.seal(checkpoint.wire), readingsPerOp: READINGS },
    {
      name: 'session open',
      op: () => receiver.open(sender.seal(checkpoint.wire)),
      readingsPerOp: READINGS,
      baseline: 'bare AES-256-GCM decrypt',
    },
    { name: 'bare decrypt + verify', op: () => open() && bare.p256(checkpoint) && bare.mlDsa(checkpoint) },
    {
      name: 'receive: open, parse, verify',
      op: () =>
        verifyEnvelopeSync(native, keys.public, parseEnvelope(receiver.open(sender.seal(checkpoint.wire)))),
      readingsPerOp: READINGS,
      baseline: 'bare decrypt + verify',
    },
  ]
}

// A session opens no message twice, so that each opening was measured with a sealing before it, which is taken off here.
function withoutSealing(results: readonly CpuResult[]): CpuResult[] {
  const byName = new Map(results.map((result) => [result.name, result]))
  const sealUs = byName.get(SEAL)?.cpuUsPerOp ?? 0
  return results.map((result) => {
    const baseline = byName.get(result.baseline ?? '')
    return baseline === undefined
      ? result
      : resultOf(result.name, result.cpuUsPerOp - sealUs, { readingsPerOp: READINGS, baseline })
  })
}

function bareOpener(plaintext: Uint8Array): () => Uint8Array {
  const [key, nonce, aad] = [randomBytes(32), randomBytes(12), randomBytes(56)]
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  const tag = cipher.getAuthTag()
  return () => {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
    decipher.setAAD(aad)
    decipher.setAuthTag(tag)
    const opened = decipher.update(ciphertext)
    decipher.final()
    return opened
  }
}
