import { expect, test } from 'vitest'
import { deterministicAddresses } from './deploy.ts'

test('each issuer has a token of its own; the rest is shared', () => {
  const one = deterministicAddresses('0x00000000000000000000000000000000000000aa')
  const other = deterministicAddresses('0x00000000000000000000000000000000000000bb')
  expect(one.token).not.toBe(other.token)
  expect([one.factory, one.anchorLog]).toEqual([other.factory, other.anchorLog])
})
