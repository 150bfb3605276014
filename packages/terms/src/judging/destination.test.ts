import { encodeBody, encodeHeader } from '@consign/envelope'
import { expect, it } from 'vitest'
import { SAMPLE_DRAFT, sampleAgreement } from '../testing.ts'
import { isAtDestination } from './destination.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const destination = { south: 52, north: 53, west: 13, east: 14 }
const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, tender: { destination, graceHours: 1 } })

const wireAt = (place: { latitude: number; longitude: number } | undefined) => {
  const readings = [{ monotonicMs: 0, utcMs: 0, values: { temperature: 1, ...place } }]
  const { body, bodyHash, mask } = encodeBody(readings, { seed: new Uint8Array(16), baseMonotonicMs: 0 })
  const header = encodeHeader({
    ...{ version: 1, suite: 1, flags: 0, chainId: 1, agreement: AGREEMENT, leg: 2, seq: 6 },
    ...{ bootId: new Uint8Array(16), baseMonotonicMs: 0, baseUtcMs: 0, clockState: 1, count: 1 },
    ...{ mask, bodyHash, previous: new Uint8Array(32) },
  })
  return Uint8Array.of(...header, ...body, ...new Uint8Array(64))
}

it('an offer is a tender inside the destination only', () => {
  expect(isAtDestination(terms, wireAt({ latitude: 525_000_000, longitude: 135_000_000 }))).toBe(true)
  expect(isAtDestination(terms, wireAt({ latitude: 515_000_000, longitude: 135_000_000 }))).toBe(false)
  expect(isAtDestination(terms, wireAt(undefined))).toBe(false)
})

it('is none under terms that know no destination', () => {
  const there = wireAt({ latitude: 525_000_000, longitude: 135_000_000 })
  expect(isAtDestination(sampleAgreement().terms, there)).toBe(false)
})
