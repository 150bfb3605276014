import { expect, test } from 'vitest'
import { subjectMatches } from './subject-match.ts'

test.each([
  ['a.b', 'a.b', true],
  ['a.*', 'a.b', true],
  ['a.*', 'a.b.c', false],
  ['a.*', 'a', false],
  ['a.>', 'a.b.c', true],
  ['a.>', 'a', false],
  ['>', 'a.b', true],
  ['a.*.c', 'a.b.c', true],
  ['a.*.c', 'a.b.d', false],
])('%s matches %s: %s', (filter, subject, expected) => {
  expect(subjectMatches(filter, subject)).toBe(expected)
})
