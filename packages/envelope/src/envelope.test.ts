import { beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeSignedAccept } from './accept.ts'
import { decodeBody, type Reading } from './body.ts'
import { concatBytes, toHex } from './bytes.ts'
import { encodeSignedCut, type SignedCut, signCut, verifyCut } from './cut.ts'
import {
  type EnvelopeDraft,
  parseEnvelope,
  sealEnvelope,
  verifyEnvelope,
  verifyEnvelopeSync,
} from './envelope.ts'
import { encodeHeader, envelopeDigest, FLAG } from './header.ts'
import type { KeySet } from './key-set.ts'
import { native } from './native.ts'
import { portable } from './noble.ts'
import { withOtherS } from './p256-order.ts'
import { filled } from './vectors/fixture.ts'
import { acceptOf, delegationOf } from './vectors/records.ts'

// Post-quantum signing on a busy machine takes longer than Vitest's five seconds.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const ref = { chainId: 31337, agreement: `0x${'ab'.repeat(20)}`, leg: 1 } as const
const readings: Reading[] = [
  { monotonicMs: 1_000, utcMs: 0, values: { temperature: 21_500, humidity: 40_000 } },
  { monotonicMs: 2_000, utcMs: 0, values: { temperature: 21_600 } },
]
const draft: EnvelopeDraft = {
  ref,
  seq: 3,
  previous: filled(0x44, 32),
  flags: FLAG.checkpoint,
  readings,
  seed: filled(0x55, 16),
  bootId: filled(0x66, 16),
  baseMonotonicMs: 1_000,
  baseUtcMs: 1_790_000_000_000,
  clockState: 1,
}
const accept = acceptOf(filled(0x0f, 32))

let keys: KeySet
let stranger: KeySet
let checkpoint: Uint8Array
let handover: Uint8Array
let cut: SignedCut

beforeAll(async () => {
  keys = native.generateKeys()
  stranger = native.generateKeys()
  cut = await signCut(native, stranger, {
    ...ref,
    leg: 0,
    offerDigest: filled(1, 32),
    acceptDigest: filled(2, 32),
    n: 7,
    head: filled(3, 32),
    root: filled(4, 32),
  })
  checkpoint = (await sealEnvelope(native, keys, draft)).wire
  handover = (await sealEnvelope(native, keys, { ...draft, seq: 0, flags: FLAG.handover, cut, accept })).wire
})

function isAccepted(wire: Uint8Array): boolean {
  try {
    verifyEnvelopeSync(native, keys.public, parseEnvelope(wire))
    return true
  } catch (error) {
    if ((error as Error).name === 'Refusal') return false
    throw error
  }
}

describe('an envelope', () => {
  it('comes back as it was sealed, and verifies with both providers on and off the thread', async () => {
    const { wire, digest } = await sealEnvelope(native, keys, draft)
    const envelope = parseEnvelope(wire)
    expect(envelope.digest).toEqual(digest)
    expect(envelope.digest).toEqual(envelopeDigest(envelope.headerBytes))
    expect(envelope.header).toMatchObject({
      ...ref,
      seq: 3,
      flags: 1,
      mask: 3,
      count: 2,
      previous: draft.previous,
    })
    const body = decodeBody(envelope.body, envelope.header.mask, envelope.header.count)
    expect([...(body.column('temperature') ?? [])]).toEqual([21_500, 21_600])
    for (const crypto of [native, portable]) {
      await verifyEnvelope(crypto, keys.public, envelope)
      verifyEnvelopeSync(crypto, keys.public, envelope)
    }
  })

  it('that no checkpoint is has no ML-DSA signature, and is 2420 bytes shorter', async () => {
    const { wire } = await sealEnvelope(native, keys, { ...draft, flags: FLAG.excursion })
    expect(wire.length).toBe(checkpoint.length - 2420)
    const envelope = parseEnvelope(wire)
    expect(envelope.mlDsa).toBeUndefined()
    verifyEnvelopeSync(native, keys.public, envelope)
  })

  it('that is a heartbeat holds the header, the seed and a signature', async () => {
    const { wire } = await sealEnvelope(native, keys, { ...draft, flags: 0, readings: [] })
    expect(wire.length).toBe(144 + 16 + 64)
    verifyEnvelopeSync(native, keys.public, parseEnvelope(wire))
  })

  it('that begins a leg after a driver accepted carries the delegation too', async () => {
    const delegated = { ...accept, delegation: delegationOf(accept, stranger.public) }
    const { wire } = await sealEnvelope(native, keys, {
      ...draft,
      ...{ seq: 0, flags: FLAG.handover, cut, accept: delegated },
    })
    expect(parseEnvelope(wire).accept).toEqual(delegated)
    expect(parseEnvelope(wire).cut).toEqual(parseEnvelope(handover).cut)
    for (const length of [wire.length - 1, wire.length - encodeSignedAccept(delegated).length])
      expect(() => parseEnvelope(wire.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'envelope.length' }),
      )
  })

  it('that begins a leg carries cut and accept', async () => {
    const envelope = parseEnvelope(handover)
    expect(envelope.mlDsa).toBeUndefined()
    expect(encodeSignedCut(envelope.cut as SignedCut)).toEqual(encodeSignedCut(cut))
    expect(envelope.accept && encodeSignedAccept(envelope.accept)).toEqual(encodeSignedAccept(accept))
    await verifyCut(native, stranger.public, envelope.cut as SignedCut)
  })

  it('is read the same from a Buffer in the middle of another', () => {
    const pool = Buffer.alloc(checkpoint.length + 20)
    pool.set(checkpoint, 13)
    const envelope = parseEnvelope(pool.subarray(13, 13 + checkpoint.length))
    expect(envelope.digest).toEqual(parseEnvelope(checkpoint).digest)
    expect(envelope.body).toEqual(parseEnvelope(checkpoint).body)
    verifyEnvelopeSync(native, keys.public, envelope)
  })

  it('of another leg key is refused', async () => {
    const envelope = parseEnvelope(checkpoint)
    const code = 'envelope.signature.p256'
    expect(() => verifyEnvelopeSync(native, stranger.public, envelope)).toThrow(
      expect.objectContaining({ code }),
    )
    await expect(verifyEnvelope(native, stranger.public, envelope)).rejects.toMatchObject({ code })
  })

  it('of which one signature is wrong is refused by the name of that one', async () => {
    const mixed = { ...keys.public, mlDsa: stranger.public.mlDsa }
    const envelope = parseEnvelope(checkpoint)
    for (const crypto of [native, portable]) {
      const code = 'envelope.signature.mlDsa'
      await expect(verifyEnvelope(crypto, mixed, envelope)).rejects.toMatchObject({ code })
      expect(() => verifyEnvelopeSync(crypto, mixed, envelope)).toThrow(expect.objectContaining({ code }))
    }
  })

  it('with the other s is refused as highS', async () => {
    const envelope = parseEnvelope(checkpoint)
    const altered = { ...envelope, p256: withOtherS(envelope.p256) }
    for (const crypto of [native, portable]) {
      const code = 'envelope.signature.highS'
      await expect(verifyEnvelope(crypto, keys.public, altered)).rejects.toMatchObject({ code })
      expect(() => verifyEnvelopeSync(crypto, keys.public, altered)).toThrow(
        expect.objectContaining({ code }),
      )
    }
  })
})

describe('an altered envelope is refused', () => {
  it('whatever byte of it changed', () => {
    expect(isAccepted(checkpoint)).toBe(true)
    for (let offset = 0; offset < checkpoint.length; offset++)
      expect(isAccepted(flipped(checkpoint, offset * 8 + (offset % 8))), `byte ${offset}`).toBe(false)
  })

  it('whatever bit of header, body or P-256 signature changed', () => {
    for (let bit = 0; bit < (checkpoint.length - 2420) * 8; bit++)
      expect(isAccepted(flipped(checkpoint, bit)), `bit ${bit}`).toBe(false)
  })

  it('wherever it was cut, and when bytes follow it', () => {
    for (let length = 0; length < checkpoint.length; length++)
      expect(() => parseEnvelope(checkpoint.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'envelope.length' }),
      )
    for (const more of [1, 64, 2420])
      expect(() => parseEnvelope(concatBytes(checkpoint, new Uint8Array(more)))).toThrow('send it whole')
  })

  it('whatever byte of the body changed, by the body hash alone', () => {
    const { header, body } = parseEnvelope(checkpoint)
    expect(encodeHeader(header)).toEqual(checkpoint.subarray(0, 144))
    for (let offset = 144; offset < 144 + body.length; offset++)
      expect(() => parseEnvelope(flipped(checkpoint, offset * 8))).toThrow(
        expect.objectContaining({ code: 'envelope.bodyHash' }),
      )
  })

  it('when its handover part changed: the cut by its own signatures, other suites by its structure', async () => {
    const start = handover.length - encodeSignedAccept(accept).length - encodeSignedCut(cut).length
    expect(() => parseEnvelope(flipped(handover, start * 8))).toThrow(
      expect.objectContaining({ code: 'cut.suite' }),
    )
    for (const offset of [5, 20, 40, 100, 164, 165, 200, 229, 1000, 2648]) {
      const altered = parseEnvelope(flipped(handover, (start + offset) * 8)).cut as SignedCut
      await expect(verifyCut(native, stranger.public, altered)).rejects.toMatchObject({ name: 'Refusal' })
    }
  })

  it('when the columns of two metrics change places', async () => {
    const { wire } = await sealEnvelope(native, keys, draft)
    const swapped = wire.slice()
    const times = 144 + 16 + 8
    swapped.set(wire.subarray(times + 8, times + 16), times)
    swapped.set(wire.subarray(times, times + 8), times + 8)
    expect(toHex(swapped)).not.toBe(toHex(wire))
    expect(() => parseEnvelope(swapped)).toThrow(expect.objectContaining({ code: 'envelope.bodyHash' }))
  })
})

describe('an envelope is not sealed', () => {
  it.each([
    ['with the handover flag but no cut', { flags: FLAG.handover }],
    ['with cut and accept but no flag', { flags: 0, cut: true, accept: true }],
    ['with a cut alone', { flags: FLAG.handover, cut: true }],
  ])('%s', async (_, parts) => {
    const { flags } = parts
    const given = {
      ...draft,
      flags,
      ...('cut' in parts ? { cut } : {}),
      ...('accept' in parts ? { accept } : {}),
    }
    await expect(sealEnvelope(native, keys, given)).rejects.toMatchObject({ code: 'envelope.handover' })
  })
})

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}
