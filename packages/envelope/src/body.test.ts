import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyBytesOf, bodyHash, decodeBody, disclose, encodeBody, type Reading } from './body.ts'
import { toHex } from './bytes.ts'
import { METRICS, type MetricName, MISSING } from './metrics.ts'

const seed = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index)
const BASE_MS = 5_000

const anyValue = fc.integer({ min: -2147483647, max: 2147483647 })
const anyReadings: fc.Arbitrary<Reading[]> = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 100_000 }),
      fc.dictionary(fc.constantFrom(...METRICS.map(({ name }) => name)), anyValue, { maxKeys: 6 }),
    ),
    { maxLength: 40 },
  )
  .map((rows) => {
    let monotonicMs = BASE_MS
    return rows.map(([stepMs, values]) => {
      monotonicMs += stepMs
      return { monotonicMs, utcMs: 0, values }
    })
  })

function at(monotonicMs: number, values: Reading['values'] = {}): Reading {
  return { monotonicMs, utcMs: 0, values }
}

function sha256Of(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

// docs/formats.md word for word: salt, column hash and body hash.
function definedHashes(body: Uint8Array, mask: number, count: number): Uint8Array[] {
  const ids = [0xff, ...METRICS.map(({ id }) => id).filter((id) => (mask & (1 << id)) !== 0)]
  const tag = new Uint8Array(16)
  tag.set(Buffer.from('consign.salt'))
  return ids.map((id, index) => {
    const salt = sha256Of(tag, body.subarray(0, 16), Uint8Array.of(id))
    const start = 16 + index * 4 * count
    return sha256Of(salt, body.subarray(start, start + 4 * count))
  })
}

describe('a body', () => {
  it('gives back every time and value, and the missing as INT32_MIN', () => {
    fc.assert(
      fc.property(anyReadings, (readings) => {
        const { body, mask } = encodeBody(readings, { seed, baseMonotonicMs: BASE_MS })
        expect(body.length).toBe(bodyBytesOf(mask, readings.length))
        const decoded = decodeBody(body, mask, readings.length)
        expect(decoded.seed).toEqual(seed)
        expect([...decoded.timesMs]).toEqual(readings.map(({ monotonicMs }) => monotonicMs - BASE_MS))
        for (const { id, name } of METRICS) {
          const measured = readings.some(({ values }) => values[name] !== undefined)
          expect(((mask >>> id) & 1) === 1).toBe(measured)
          const column = decoded.column(name)
          expect(column && [...column]).toEqual(
            measured ? readings.map(({ values }) => values[name] ?? MISSING) : undefined,
          )
        }
      }),
    )
  })

  it('has the hash of docs/formats.md', () => {
    fc.assert(
      fc.property(anyReadings, (readings) => {
        const encoded = encodeBody(readings, { seed, baseMonotonicMs: BASE_MS })
        const hashes = definedHashes(encoded.body, encoded.mask, readings.length)
        expect(encoded.bodyHash).toEqual(sha256Of(...hashes))
        expect(bodyHash(encoded.body, encoded.mask, readings.length)).toEqual(encoded.bodyHash)
      }),
    )
  })

  it('has another hash when any bit changes', () => {
    const readings = [at(5_000, { temperature: 1, door: 1 }), at(6_000, { temperature: -1 })]
    const { body, mask, bodyHash: hash } = encodeBody(readings, { seed, baseMonotonicMs: BASE_MS })
    for (let bit = 0; bit < body.length * 8; bit++) {
      const changed = body.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(toHex(bodyHash(changed, mask, 2))).not.toBe(toHex(hash))
    }
  })

  it('of a heartbeat is its seed', () => {
    const { body, mask, bodyHash: hash } = encodeBody([], { seed, baseMonotonicMs: 0 })
    expect([body, mask]).toEqual([seed, 0])
    expect(hash).toEqual(sha256Of(...definedHashes(body, 0, 0)))
  })

  it('keeps columns of metrics that this program does not know', () => {
    const body = new Uint8Array(bodyBytesOf(0x80000001, 1))
    body.set([0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7], 16)
    const decoded = decodeBody(body, 0x80000001, 1)
    expect([...decoded.columns].map(([id, column]) => [id, ...column])).toEqual([
      [0, 6],
      [31, 7],
    ])
    expect(bodyHash(body, 0x80000001, 1).length).toBe(32)
  })

  it('holds 512 readings of every metric', () => {
    const values = Object.fromEntries(METRICS.map(({ id, name }) => [name, id])) as Record<MetricName, number>
    const readings = Array.from({ length: 512 }, (_, index) => at(BASE_MS + index, values))
    const { body, mask, bodyHash: hash } = encodeBody(readings, { seed, baseMonotonicMs: BASE_MS })
    expect(body.length).toBe(16 + 512 * 4 * 13)
    expect(hash).toEqual(sha256Of(...definedHashes(body, mask, 512)))
  })
})

describe('a disclosure', () => {
  const readings = [at(5_000, { temperature: 20_000, light: 3 }), at(5_000, { humidity: -5 })]
  const { body, mask, bodyHash: hash } = encodeBody(readings, { seed, baseMonotonicMs: BASE_MS })

  it('proves times and one column against the body hash and shows no other column', () => {
    for (const [index, metric] of (['temperature', 'humidity', 'light'] as const).entries()) {
      const { times, column, hashes } = disclose(body, mask, 2, metric)
      expect(sha256Of(...hashes)).toEqual(hash)
      expect(sha256Of(times.salt, times.bytes)).toEqual(hashes[0])
      expect(sha256Of(column?.salt as Uint8Array, column?.bytes as Uint8Array)).toEqual(hashes[1 + index])
      expect(column?.bytes).toEqual(body.subarray(24 + 8 * index, 32 + 8 * index))
    }
  })

  it('of a metric that was not measured, or of none, holds the times and all hashes', () => {
    for (const metric of ['pressure', undefined] as const) {
      const disclosed = disclose(body, mask, 2, metric)
      expect(disclosed.column).toBeUndefined()
      expect(sha256Of(...disclosed.hashes)).toEqual(hash)
    }
  })

  it('stays as it is when another body is hashed afterwards', () => {
    const disclosed = disclose(body, mask, 2, 'light')
    const before = structuredClone(disclosed)
    encodeBody([at(1, { temperature: 7 })], { seed: new Uint8Array(16), baseMonotonicMs: 0 })
    expect(disclosed).toEqual(before)
  })
})

describe('a body is refused', () => {
  const options = { seed, baseMonotonicMs: BASE_MS }

  it.each([
    ['INT32_MIN as a value, which means missing', [at(5_000, { temperature: MISSING })]],
    ['a value above int32', [at(5_000, { temperature: 2147483648 })]],
    ['a value that is no integer', [at(5_000, { temperature: 20.5 })]],
    ['a value that is no number', [at(5_000, { temperature: Number.NaN })]],
  ])('with %s', (_, readings) => {
    expect(() => encodeBody(readings, options)).toThrow(expect.objectContaining({ code: 'envelope.value' }))
  })

  it.each([
    ['a reading before the base', [at(4_999)]],
    ['readings out of order', [at(5_002), at(5_001)]],
    ['a reading over 2^32 ms after the base', [at(BASE_MS + 2 ** 32)]],
    ['a broken millisecond', [at(5_000.5)]],
  ])('with %s', (_, readings) => {
    expect(() => encodeBody(readings, options)).toThrow(expect.objectContaining({ code: 'envelope.time' }))
  })

  it('with 513 readings', () => {
    const readings = Array.from({ length: 513 }, () => at(5_000))
    expect(() => encodeBody(readings, options)).toThrow(expect.objectContaining({ code: 'envelope.count' }))
  })

  it('with a seed of another size', () => {
    const wrong = { seed: new Uint8Array(15), baseMonotonicMs: 0 }
    expect(() => encodeBody([], wrong)).toThrow(expect.objectContaining({ code: 'envelope.field' }))
  })

  it('whose length does not fit mask and count', () => {
    for (const length of [0, 15, 16, 23, 25])
      for (const read of [
        decodeBody,
        bodyHash,
        (b: Uint8Array, m: number, c: number) => disclose(b, m, c, undefined),
      ])
        expect(() => read(new Uint8Array(length), 1, 1)).toThrow(
          expect.objectContaining({ code: 'envelope.length' }),
        )
  })
})
