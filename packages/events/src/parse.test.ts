import { Refusal } from '@consign/envelope'
import { describe, expect, test } from 'vitest'
import { type EventEnvelope, encodeEvent, parseEvent, subjectOf } from './index.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const HASH = `0x${'0f'.repeat(32)}` as const
const SHIPMENT = '106141412345678908'

const sealed: EventEnvelope = {
  id: 'e-1',
  type: 'custody.sealed.v1',
  time: 1_795_375_182_044,
  correlation: 'c-1',
  data: { agreement: AGREEMENT, shipment: SHIPMENT, leg: 2, n: 5, root: HASH, head: HASH, seal: '0x00' },
}

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
  return 'taken'
}

const bytesOf = (event: unknown) => new TextEncoder().encode(JSON.stringify(event))
const withData = (change: Record<string, unknown>) => ({
  ...sealed,
  data: { ...(sealed.data as object), ...change },
})

test('an event comes back as it was encoded', () => {
  expect(parseEvent(encodeEvent(sealed))).toEqual(sealed)
})

describe('refuses, naming the field,', () => {
  test.each([
    [
      'an upper-case address',
      withData({ agreement: AGREEMENT.toUpperCase() }),
      'custody.sealed.v1: agreement',
    ],
    ['a short hash', withData({ root: '0x00' }), 'custody.sealed.v1: root'],
    ['half a byte', withData({ seal: '0x0' }), 'custody.sealed.v1: seal'],
    ['a negative count', withData({ n: -1 }), 'custody.sealed.v1: n'],
    ['a fraction', withData({ leg: 1.5 }), 'custody.sealed.v1: leg'],
    ['an SSCC that is too short', withData({ shipment: '123' }), 'custody.sealed.v1: shipment'],
    ['a field that is not declared', withData({ note: 'x' }), 'note'],
    ['a missing field', { ...sealed, data: {} }, 'custody.sealed.v1: agreement'],
    ['an envelope without time', { ...sealed, time: undefined }, 'event: time'],
    ['an id that cannot be a header', { ...sealed, id: 'a\nb' }, 'event: id'],
  ])('%s', (_, event, named) => {
    const parsed = refusalOf(() => parseEvent(bytesOf(event)))
    expect(parsed).toContain('event.schema: ')
    expect(parsed).toContain(named)
    expect(refusalOf(() => encodeEvent(event as EventEnvelope))).toBe(parsed)
  })
})

test('refuses an event of a type or version that is not known', () => {
  const later = { ...sealed, type: 'custody.sealed.v2' }
  expect(refusalOf(() => parseEvent(bytesOf(later)))).toMatch(/^event\.unknown: .*custody\.sealed\.v2/)
})

test('refuses bytes that are not JSON or not UTF-8', () => {
  expect(refusalOf(() => parseEvent(new Uint8Array()))).toMatch(/^event\.schema/)
  expect(refusalOf(() => parseEvent(Uint8Array.of(0x22, 0xff, 0x22)))).toMatch(/^event\.schema/)
  expect(refusalOf(() => parseEvent(bytesOf([])))).toMatch(/^event\.schema/)
})

test('names the subject that an event belongs to', () => {
  expect(subjectOf(sealed)).toBe(`custody.${AGREEMENT}`)
  const [payer, party] = [`0x${'b'.repeat(40)}`, `0x${'c'.repeat(40)}`]
  expect(subjectOf({ type: 'penalty.rating.changed.v1', data: { payer, party } })).toBe(
    `rating.${payer}.${party}`,
  )
  expect(() => subjectOf({ type: 'chain.mined.v1', data: {} })).toThrow(TypeError)
})
