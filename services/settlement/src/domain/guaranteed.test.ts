import { guaranteeOf, type PayoutPlan, parties, partyByName, payoutPlan } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { describe, expect, it } from 'vitest'
import { dueByWallet, guaranteedOf } from './guaranteed.ts'

const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, guaranteePercent: 50 })
const shipper = partyByName(terms, 'shipper-x')!
const guarantee = guaranteeOf(BigInt(shipper.amount), 5000)
const all = payoutPlan({ terms, violations: [] })

const paying = (paid: bigint): PayoutPlan => ({
  ...all,
  payouts: all.payouts.map((one) => (one.wallet === shipper.wallet ? { ...one, paid: String(paid) } : one)),
})

describe('what is left to guarantees', () => {
  it('is nothing when the chain can be shown every case', () => {
    expect(guaranteedOf(terms, all, all)).toEqual([])
    expect(guaranteedOf(terms, paying(3n), paying(3n))).toEqual([])
  })

  it('is the guarantee of a party to which the contract owes more than the plan says', () => {
    expect(guaranteedOf(terms, paying(BigInt(shipper.amount) - 1n), all)).toEqual([
      { wallet: shipper.wallet, amount: String(guarantee) },
    ])
  })

  it('is nothing of a party that the plan gives more', () => {
    expect(guaranteedOf(terms, paying(BigInt(shipper.amount) + 1n), all)).toEqual([])
  })

  it('is nothing where nothing is guaranteed', () => {
    expect(guaranteedOf(sampleAgreement().terms, paying(3n), all)).toEqual([])
  })
})

it('counts dues of every wallet that gets anything', () => {
  const paid = parties(terms).filter(({ role }) => role !== 'payer')
  expect([...dueByWallet(all)]).toEqual(paid.map(({ wallet, amount }) => [wallet, BigInt(amount)]))
})
