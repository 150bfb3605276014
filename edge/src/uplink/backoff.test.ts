import { expect, it } from 'vitest'
import { backoffMs, RETRY_MS_MAX } from './backoff.ts'

it('waits longer after each failure, never longer than the bound, and never all devices alike', () => {
  const waits = Array.from({ length: 100 }, (_, failures) => backoffMs(failures, 0.999))
  expect(waits.slice(0, 3)).toEqual([250, 500, 1000])
  expect(waits.every((wait, i) => i === 0 || wait >= waits[i - 1]!)).toBe(true)
  expect(waits.at(-1)).toBe(RETRY_MS_MAX)
  expect(backoffMs(3, 0)).toBe(1000)
  expect(backoffMs(3, 0.5)).toBe(1500)
})
