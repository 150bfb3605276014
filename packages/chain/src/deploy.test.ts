import { expect, test } from 'vitest'
import { deterministicAddresses } from './deploy.ts'

const ONE = `0x${'aa'.repeat(20)}` as const
const OTHER = `0x${'bb'.repeat(20)}` as const
const ORACLE = `0x${'cc'.repeat(20)}` as const

test('each organisation has an escrow and a token of its own; the rest is shared', () => {
  const { organisation, priceFeed, escrow, token, ...shared } = deterministicAddresses({ organisation: ONE })
  const other = deterministicAddresses({ organisation: OTHER })
  expect(other).toMatchObject(shared)
  expect([other.organisation, other.priceFeed, other.escrow, other.token]).not.toContain(organisation)
  expect(new Set([priceFeed, escrow, token, other.priceFeed, other.escrow, other.token]).size).toBe(6)
})

test('an escrow is bound to its price feed and to the age of its prices', () => {
  const posted = deterministicAddresses({ organisation: ONE })
  const oracle = deterministicAddresses({ organisation: ONE, priceFeed: ORACLE })
  expect(oracle.priceFeed).toBe(ORACLE)
  const patient = deterministicAddresses({ organisation: ONE, priceFeed: ORACLE, priceAgeMaxS: 86_400 })
  expect(new Set([posted.escrow, oracle.escrow, patient.escrow]).size).toBe(3)
})

test('addresses are lower case, whatever the case of what was given', () => {
  const upper = `0x${'AA'.repeat(20)}` as const
  expect(deterministicAddresses({ organisation: upper })).toEqual(
    deterministicAddresses({ organisation: ONE }),
  )
})
