import { parties, partyByName, payer, payoutPlan, transfersOf } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import { addedUp, agreedByPartner, openByPartner } from './reservation.ts'
import { type SettlementFact, settlementDecider } from './settlement.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const TX = `0x${'0f'.repeat(32)}` as const
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const star = sampleAgreement().terms
const through = sampleAgreement({
  ...SAMPLE_DRAFT,
  parties: SAMPLE_DRAFT.parties.map((party) =>
    party.role === 'carrier' ? { ...party, paidThrough: 'supplier' } : party,
  ),
}).terms
const wallet = (name: string) => partyByName(star, name)!.wallet
const amountOf = (name: string) => BigInt(partyByName(star, name)!.amount)
const all = ['supplier', 'shipper-x', 'shipper-y'].reduce((sum, name) => sum + amountOf(name), 0n)

/** Planned without penalties; of each wallet that is named so many slices are paid and acknowledged. */
function paying(terms: typeof star, slices: Record<Hex, number>, extra: SettlementFact[] = []) {
  const plan = payoutPlan({ terms, violations: [] })
  const facts: SettlementFact[] = [{ type: 'settlement.planned.v1', data: { ...of, plan, sliceBps: 5000 } }]
  const stateOf = () => facts.reduce(settlementDecider.evolve, settlementDecider.initial)
  for (let round = 0; round < 2; round++) {
    facts.push(...settlementDecider.decide({ type: 'intend', via: 'raiden' }, stateOf()))
    for (const { paymentId, wallet: to, slice = 0 } of stateOf().payments) {
      if (slice >= (slices[to] ?? 0)) continue
      facts.push(
        ...settlementDecider.decide({ type: 'recordPaid', paymentId, evidence: { txHash: TX } }, stateOf()),
      )
      const paid = stateOf().payments.filter((one) => one.wallet === to && one.made)
      const cumulative = String(paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n))
      const signature = { ecdsa: '0x', mlDsa: '0x' } as const
      facts.push(
        ...settlementDecider.decide({ type: 'acknowledge', party: to, cumulative, signature }, stateOf()),
      )
    }
  }
  facts.push(...extra)
  return stateOf()
}

describe('what an agreement needs of the channels', () => {
  it('is each amount where the payer has a channel with everybody', () => {
    const paid = parties(star).filter(({ role }) => role !== 'payer')
    expect([...agreedByPartner(star)]).toEqual(paid.map((party) => [party.wallet, BigInt(party.amount)]))
    expect(agreedByPartner(star).has(payer(star).wallet)).toBe(false)
  })

  it('is all of it on the one channel through which everybody is paid', () => {
    expect([...agreedByPartner(through)]).toEqual([[wallet('supplier'), all]])
  })

  it('is what is agreed until there is a plan', () => {
    expect(openByPartner(through, settlementDecider.initial)).toEqual(agreedByPartner(through))
  })

  it('is less by each slice that was paid, also beyond the partner', () => {
    const half = paying(through, { [wallet('shipper-x')]: 1 })
    expect([...openByPartner(through, half)]).toEqual([
      [wallet('supplier'), all - amountOf('shipper-x') / 2n],
    ])
    const whole = paying(star, { [wallet('shipper-x')]: 2 })
    expect(openByPartner(star, whole).get(wallet('shipper-x'))).toBeUndefined()
    expect(openByPartner(star, whole).get(wallet('supplier'))).toBe(amountOf('supplier'))
  })

  it('is nothing of a wallet whose payments were diverted', () => {
    const [first] = paying(star, {}).payments.filter((one) => one.wallet === wallet('shipper-x'))
    const { paymentId, amount } = first!
    const data = {
      ...of,
      paymentId,
      wallet: wallet('shipper-x'),
      amount,
      via: 'raiden',
      code: 'c',
      reason: 'r',
    }
    const diverted: SettlementFact = {
      type: 'settlement.payment.diverted.v1',
      data: { ...data, to: 'onchain' },
    }
    const open = openByPartner(star, paying(star, {}, [diverted]))
    expect(open.has(wallet('shipper-x'))).toBe(false)
    expect(open.size).toBe(transfersOf(payoutPlan({ terms: star, violations: [] })).length - 1)
  })

  it('is nothing once it is concluded', () => {
    expect(openByPartner(star, { ...settlementDecider.initial, concluded: true }).size).toBe(0)
  })
})

it('of several agreements adds up by partner', () => {
  expect([...addedUp([agreedByPartner(through), agreedByPartner(through)])]).toEqual([
    [wallet('supplier'), all * 2n],
  ])
})
