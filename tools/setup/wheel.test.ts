import { expect, it } from 'vitest'
import { fileOfWheel } from './wheel.mjs'
import { WHEEL } from './wheel-fixture.ts'

it('reads what is stored and what is deflated', () => {
  expect(fileOfWheel(WHEEL, 'a/stored.txt').toString()).toBe('stored')
  expect(fileOfWheel(WHEEL, 'a/deflated.txt').toString()).toBe('deflated '.repeat(10))
})

it('says what is missing', () => {
  expect(() => fileOfWheel(WHEEL, 'a/other.txt')).toThrow('there is no a/other.txt in it')
  expect(() => fileOfWheel(Buffer.from('no archive'), 'a/stored.txt')).toThrow('it is not a ZIP archive')
})
