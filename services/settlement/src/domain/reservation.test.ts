import { parties, partyByName, payer, payoutPlan, transfersOf } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import { addedUp, agreedByPartner, mediatorsOf, openByPartner } from './reservation.ts'
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
const from = payer(star).wallet
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
    expect([...agreedByPartner(star, from)]).toEqual(
      paid.map((party) => [party.wallet, BigInt(party.amount)]),
    )
    expect(agreedByPartner(star, from).has(payer(star).wallet)).toBe(false)
  })

  it('is all of it on the one channel through which everybody is paid', () => {
    expect([...agreedByPartner(through, from)]).toEqual([[wallet('supplier'), all]])
  })

  it('is what is agreed until there is a plan', () => {
    expect(openByPartner(through, settlementDecider.initial, from)).toEqual(agreedByPartner(through, from))
  })

  it('is less by each slice that was paid, also beyond the partner', () => {
    const half = paying(through, { [wallet('shipper-x')]: 1 })
    expect([...openByPartner(through, half, from)]).toEqual([
      [wallet('supplier'), all - amountOf('shipper-x') / 2n],
    ])
    const whole = paying(star, { [wallet('shipper-x')]: 2 })
    expect(openByPartner(star, whole, from).get(wallet('shipper-x'))).toBeUndefined()
    expect(openByPartner(star, whole, from).get(wallet('supplier'))).toBe(amountOf('supplier'))
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
    const open = openByPartner(star, paying(star, {}, [diverted]), from)
    expect(open.has(wallet('shipper-x'))).toBe(false)
    expect(open.size).toBe(transfersOf(payoutPlan({ terms: star, violations: [] })).length - 1)
  })

  it('is nothing once it is concluded', () => {
    expect(openByPartner(star, { ...settlementDecider.initial, concluded: true }, from).size).toBe(0)
  })
})

describe('what an agreement needs of the channels of a party in the middle', () => {
  const supplier = wallet('supplier')

  it('is what those are due who are paid through it, and nothing of its own or of others', () => {
    const [x, y] = ['shipper-x', 'shipper-y'].map((name) => [wallet(name), amountOf(name)])
    expect([...agreedByPartner(through, supplier)]).toEqual([x, y])
    expect(agreedByPartner(star, supplier).size).toBe(0)
    expect(agreedByPartner(through, wallet('shipper-x')).size).toBe(0)
  })

  it('is less by each slice that it has passed on', () => {
    const half = paying(through, { [wallet('shipper-x')]: 1, [supplier]: 2 })
    expect([...openByPartner(through, half, supplier)]).toEqual([
      [wallet('shipper-x'), amountOf('shipper-x') / 2n],
      [wallet('shipper-y'), amountOf('shipper-y')],
    ])
    expect(openByPartner(star, paying(star, {}), supplier).size).toBe(0)
  })

  it('is nothing to the payer, who is in no middle', () => {
    expect(mediatorsOf(through)).toEqual([supplier])
    expect(mediatorsOf(star)).toEqual([])
  })
})

it('of several agreements adds up by partner', () => {
  expect([...addedUp([agreedByPartner(through, from), agreedByPartner(through, from)])]).toEqual([
    [wallet('supplier'), all * 2n],
  ])
})
