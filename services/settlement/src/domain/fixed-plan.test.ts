import { parties } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { expect, it } from 'vitest'
import { dueOf, type Fixed, fixedPlanOf } from './fixed-plan.ts'
import { dueByWallet } from './guaranteed.ts'

const { terms } = sampleAgreement()
const paid = parties(terms).filter(({ role }) => role !== 'payer')
const [supplier, x, y] = paid.map(({ wallet }) => wallet) as [`0x${string}`, `0x${string}`, `0x${string}`]
const none = { charged: 0n, uncollected: 0n, awarded: 0n }
// As its events come from the contract: in whatever order.
const fixed: Fixed = {
  payouts: [
    { ...none, wallet: y, agreed: 50n, awarded: 3n },
    { ...none, wallet: supplier, agreed: 200n, awarded: 2n },
    { ...none, wallet: x, agreed: 50n, charged: 40n, uncollected: 7n },
  ],
  refund: 35n,
  settledAtMs: 1000,
}

it('gives every party what the contract has fixed, in order of the terms', () => {
  const plan = fixedPlanOf(terms, fixed)
  expect(plan.payouts).toEqual([
    { party: 'supplier', wallet: supplier, agreed: '200', penalty: '0', uncollected: '0', paid: '200' },
    { party: 'shipper-x', wallet: x, agreed: '50', penalty: '40', uncollected: '7', paid: '10' },
    { party: 'shipper-y', wallet: y, agreed: '50', penalty: '0', uncollected: '0', paid: '50' },
  ])
  expect(plan).toMatchObject({ refund: '35', uncollected: '7' })
  expect(plan.awards.map(({ amount }) => amount).sort()).toEqual(['2', '3'])
  for (const wallet of [supplier, x, y]) expect(dueByWallet(plan).get(wallet)).toBe(dueOf(fixed, wallet))
})

it('conserves the sum, and pays nobody when no leg began', () => {
  const due = [...dueByWallet(fixedPlanOf(terms, fixed)).values()].reduce((sum, amount) => sum + amount, 0n)
  expect(due + fixed.refund).toBe(300n)
  const nobody = fixedPlanOf(terms, { payouts: [], refund: 300n, settledAtMs: 1000 })
  expect(nobody).toEqual({ payouts: [], awards: [], refund: '300', uncollected: '0' })
  expect(dueOf({ ...fixed, payouts: [] }, supplier)).toBe(0n)
})
