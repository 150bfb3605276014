import { expect, it } from 'vitest'
import { KeyedIndex } from './journal-index.ts'

it('finds every key that was put in, in every later version and in no earlier one', () => {
  let index = KeyedIndex.empty<number>()
  const versions = [index]
  for (let number = 0; number < 5000; number++) {
    index = index.with(`anchor:${number}`, number)
    if (number % 1000 === 0) versions.push(index)
  }
  expect(index.size).toBe(5000)
  expect([...index.values()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 5000 }, (_, number) => number),
  )
  expect(versions.map((version) => version.has('anchor:1000'))).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
  ])
  expect(index.with('anchor:7', -7).get('anchor:7')).toBe(-7)
  expect(index.get('anchor:7')).toBe(7)
  expect(index.with('anchor:7', -7).size).toBe(5000)
})
