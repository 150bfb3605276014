import { MISSING } from '@consign/envelope'
import { expect, it } from 'vitest'
import { sampleAgreement } from './testing.ts'
import { isOutside, partyByWallet, payee, payer } from './views.ts'

it('counts the bound itself as inside, on both sides', () => {
  const above = { side: 'above', bound: 40_000 } as const
  const below = { side: 'below', bound: 2000 } as const
  expect([39_999, 40_000, 40_001].map((value) => isOutside(above, value))).toEqual([false, false, true])
  expect([1999, 2000, 2001].map((value) => isOutside(below, value))).toEqual([true, false, false])
})

it('never calls a missing value outside', () => {
  expect(isOutside({ side: 'below', bound: 2000 }, MISSING)).toBe(false)
})

it('finds parties by wallet in any letter case', () => {
  const { terms, parties } = sampleAgreement()
  expect(partyByWallet(terms, parties.supplier?.wallet.address ?? '0x')).toBe(payee(terms))
  expect(partyByWallet(terms, `0x${'99'.repeat(20)}`)).toBeUndefined()
})

it('fails loudly on a document that was never parsed', () => {
  expect(() => payer({ version: 1, clauses: [] })).toThrow('parse them with parseTerms')
})
