import { expect, it } from 'vitest'
import { backoffMs, RETRY_MS_MAX } from './backoff.ts'

it('waits longer after each failure, up to a bound, and not all devices alike', () => {
  const waits = Array.from({ length: 100 }, (_, failures) => backoffMs(failures, 0))
  expect(waits.slice(0, 4)).toEqual([125, 250, 500, 1000])
  expect(waits.at(-1)).toBe(RETRY_MS_MAX / 2)
  expect(backoffMs(3, 0.5)).toBe(1500)
  expect(backoffMs(99, 0.9999999)).toBe(RETRY_MS_MAX)
})
