import { expect, test } from 'vitest'
import { STREAMS, streamOf, subjects } from './index.ts'

const A = `0x${'Ab'.repeat(20)}` as const
const a = A.toLowerCase()
const SHIPMENT = '106141412345678908'

test('writes subjects as docs/formats.md does, with lower-case addresses', () => {
  expect(subjects.envelope(A, 3)).toBe(`envelope.${a}.3`)
  expect(subjects.device(A, '*')).toBe(`device.${a}.*`)
  expect(subjects.custody('*')).toBe('custody.*')
  expect(subjects.rating(A, A)).toBe(`rating.${a}.${a}`)
  expect(subjects.feed(A, SHIPMENT, 'custody.packed.v1')).toBe(`feed.${a}.${SHIPMENT}.custody.packed.v1`)
  expect(subjects.partner(A, '*', '>')).toBe(`partner.${a}.*.>`)
  expect(subjects.command(A, 'replay')).toBe(`cmd.${a}.replay`)
})

test.each(['a.b', '>', '', 'a b', 'a*', 'a\r\nb'])('refuses %j as one token', (name) => {
  expect(() => subjects.quarantine(name)).toThrow(TypeError)
  expect(() => subjects.command(A, name)).toThrow(TypeError)
  expect(() => subjects.feed(A, name, 'x')).toThrow(TypeError)
})

test('names the stream of every subject that is stored', () => {
  expect(streamOf(subjects.envelope(A, 0))).toBe('LOG')
  expect(streamOf(subjects.rating(A, A))).toBe('LOG')
  expect(streamOf(subjects.parked(A, 0))).toBe('PARKED')
  expect(streamOf(subjects.quarantine('d'.repeat(64)))).toBe('QUARANTINE')
  expect(streamOf(subjects.feed(A, SHIPMENT, 'x'))).toBe('FEED')
  expect(() => streamOf(subjects.command(A, 'replay'))).toThrow(TypeError)
})

test('no two streams hold the same subjects', () => {
  const firstTokens = Object.values(STREAMS).flatMap((stream) =>
    stream.subjects.map((each) => each.split('.')[0]),
  )
  expect(new Set(firstTokens).size).toBe(firstTokens.length)
})
