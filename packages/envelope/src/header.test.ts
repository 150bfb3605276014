import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from './bytes.ts'
import { decodeHeader, encodeHeader, envelopeDigest, HEADER_BYTES, type Header } from './header.ts'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

const anyHeader: fc.Arbitrary<Header> = fc
  .record({
    version: fc.constant(1 as const),
    suite: fc.constant(1 as const),
    flags: fc.integer({ min: 0, max: 7 }),
    mask: uint32,
    chainId: safe,
    agreement: bytes(20).map(toHex),
    leg: uint32,
    seq: uint32,
    bootId: bytes(16),
    baseMonotonicMs: safe,
    baseUtcMs: safe,
    clockState: fc.constantFrom(0 as const, 1 as const, 2 as const),
    count: fc.integer({ min: 0, max: 512 }),
    bodyHash: bytes(32),
    previous: bytes(32),
  })
  .map((header) => (header.count === 0 ? { ...header, mask: 0 } : header))

const header: Header = {
  version: 1,
  suite: 1,
  flags: 3,
  mask: 0x0c05,
  chainId: 0x0102030405,
  agreement: '0x00112233445566778899aabbccddeeff01234567',
  leg: 0xa1a2a3a4,
  seq: 0xb1b2b3b4,
  bootId: new Uint8Array(16).fill(0xc1),
  baseMonotonicMs: 0x0d1d2d3d4d5d6,
  baseUtcMs: 0x0e1e2e3e4e5e6,
  clockState: 2,
  count: 0x0102,
  bodyHash: new Uint8Array(32).fill(0xf1),
  previous: new Uint8Array(32).fill(0xf2),
}

function altered(offset: number, ...values: number[]): Uint8Array {
  const encoded = encodeHeader(header)
  encoded.set(values, offset)
  return encoded
}

describe('a header', () => {
  it('lies in its 144 bytes as docs/formats.md says', () => {
    expect(toHex(encodeHeader(header))).toBe(
      [
        '0x01',
        '01',
        '0003',
        '00000c05',
        '0000000102030405',
        '00112233445566778899aabbccddeeff01234567',
        'a1a2a3a4',
        'b1b2b3b4',
        'c1'.repeat(16),
        '0000d1d2d3d4d5d6',
        '0000e1e2e3e4e5e6',
        '02',
        '00',
        '0102',
        'f1'.repeat(32),
        'f2'.repeat(32),
      ].join(''),
    )
  })

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(anyHeader, (any) => {
        expect(decodeHeader(encodeHeader(any))).toEqual(any)
      }),
    )
  })

  it('has another digest when any bit changes', () => {
    const encoded = encodeHeader(header)
    const digest = toHex(envelopeDigest(encoded))
    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      const changed = encoded.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(toHex(envelopeDigest(changed))).not.toBe(digest)
    }
  })

  it('is read the same from a Buffer in the middle of another', () => {
    const pool = Buffer.alloc(200)
    pool.set(encodeHeader(header), 11)
    expect(decodeHeader(pool.subarray(11, 11 + HEADER_BYTES))).toEqual(header)
  })
})

describe('a header is refused', () => {
  it.each([
    ['of another version', altered(0, 2), 'envelope.version'],
    ['of another suite', altered(1, 2), 'envelope.suite'],
    ['with a flag above handover', altered(3, 8), 'envelope.flags'],
    ['with a flag in the high byte', altered(2, 1), 'envelope.flags'],
    ['with more than 512 readings', altered(78, 2, 1), 'envelope.count'],
    ['that is a heartbeat with columns', altered(78, 0, 0), 'envelope.mask'],
    ['with an unknown clock state', altered(76, 3), 'envelope.field'],
    ['with a reserved byte that is not 0', altered(77, 1), 'envelope.field'],
    ['with a chain id above 2^53 - 1', altered(8, 0, 32), 'envelope.field'],
    ['with a monotonic base above 2^53 - 1', altered(60, 0xff), 'envelope.field'],
    ['with a UTC base above 2^53 - 1', altered(68, 0xff), 'envelope.field'],
    ['that is cut short', encodeHeader(header).subarray(1), 'envelope.length'],
    ['that is too long', new Uint8Array(HEADER_BYTES + 1), 'envelope.length'],
  ])('%s', (_, encoded, code) => {
    expect(() => decodeHeader(encoded)).toThrow(expect.objectContaining({ code: code }))
  })

  it.each([
    ['a negative seq', { seq: -1 }, 'envelope.field'],
    ['a leg of 33 bits', { leg: 2 ** 32 }, 'envelope.field'],
    ['a broken time', { baseUtcMs: 1.5 }, 'envelope.field'],
    ['a short boot id', { bootId: new Uint8Array(15) }, 'envelope.field'],
    ['a short previous digest', { previous: new Uint8Array(31) }, 'envelope.field'],
    ['an agreement of 19 bytes', { agreement: `0x${'00'.repeat(19)}` as const }, 'envelope.field'],
    ['unknown flags', { flags: 8 }, 'envelope.flags'],
    ['too many readings', { count: 513 }, 'envelope.count'],
  ])('when written with %s', (_, change, code) => {
    expect(() => encodeHeader({ ...header, ...change })).toThrow(expect.objectContaining({ code }))
  })
})
