// What a wallet got too much, and what a guarantee was left that owes it no more.
import { given } from '@consign/eventlog/testing'
import type { PayoutPlan } from '@consign/terms'
import { describe, expect, it } from 'vitest'
import { paymentIdOf } from './payment-id.ts'
import { type SettlementCommand, type SettlementFact, settlementDecider } from './settlement.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const SHIPPER = `0x${'b2'.repeat(20)}` as const
const TX = `0x${'0f'.repeat(32)}` as const
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const plan: PayoutPlan = {
  payouts: [{ party: 'shipper', wallet: SHIPPER, agreed: '50', penalty: '0', uncollected: '0', paid: '50' }],
  awards: [],
  refund: '0',
  uncollected: '0',
}
const planned: SettlementFact = { type: 'settlement.planned.v1', data: { ...of, plan, sliceBps: 5000 } }
const slice = (number: number) => ({
  ...of,
  paymentId: paymentIdOf(AGREEMENT, plan, { wallet: SHIPPER, amount: 25n, slice: number }),
  party: 'shipper',
  wallet: SHIPPER,
  amount: '25',
  via: 'onchain',
  slice: number,
})
const intended = (number: number): SettlementFact => ({
  type: 'settlement.payment.intended.v1',
  data: slice(number),
})
const pay = (number: number) =>
  ({ type: 'recordPaid', paymentId: slice(number).paymentId, evidence: { txHash: TX } }) as const
const made = (number: number): SettlementFact => {
  const { paymentId, wallet, amount, via } = slice(number)
  return { type: 'settlement.payment.made.v1', data: { ...of, paymentId, wallet, amount, via, txHash: TX } }
}
const said: SettlementFact = {
  type: 'settlement.acknowledged.v1',
  data: { ...of, party: SHIPPER, cumulative: '25', signature: { ecdsa: '0x01', mlDsa: '0x02' } },
}
const claim = (amount: bigint) =>
  ({ type: 'recordClaim', wallet: SHIPPER, amount, txHash: TX }) satisfies SettlementCommand
const overpaid = (paid: string, claimed: string, excess: string): SettlementFact => ({
  type: 'settlement.overpaid.v1',
  data: { ...of, wallet: SHIPPER, due: '50', paid, claimed, excess },
})
const after = (facts: SettlementFact[], command: SettlementCommand): SettlementFact[] => {
  const state = facts.reduce(settlementDecider.evolve, settlementDecider.initial)
  return [...facts, ...settlementDecider.decide(command, state)]
}

describe('a wallet that claims its guarantee while a slice is paid', () => {
  const racing = [planned, intended(0), made(0), said, intended(1)]
  const claimed = after(racing, claim(25n))

  it('has got that slice too much, which is said with the payment', () => {
    expect(claimed.slice(racing.length).map(({ type }) => type)).toEqual([
      'settlement.payment.intended.v1',
      'settlement.payment.made.v1',
    ])
    given(settlementDecider, claimed)
      .when(pay(1))
      .then([made(1), overpaid('50', '25', '25')])
  })

  it('has got it too much, too, when the payment is known first', () => {
    const facts = after(after(racing, pay(1)), claim(25n))
    expect(facts.at(-1)).toEqual(overpaid('50', '25', '25'))
  })

  it('is paid nothing more, and settled with what it got too much', () => {
    const facts = after(claimed, pay(1))
    given(settlementDecider, facts).when({ type: 'intend', via: 'onchain' }).thenNothing()
    given(settlementDecider, facts).when(pay(1)).thenNothing()
    given(settlementDecider, facts)
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '75', refund: '0', overpaid: '25' } }])
  })

  it('is not said to have got too much while it has got its due', () => {
    const facts = after([planned, intended(0), made(0)], claim(25n))
    expect(facts.filter(({ type }) => type === 'settlement.overpaid.v1')).toEqual([])
  })
})

describe('what was left to a guarantee', () => {
  const left: SettlementFact = {
    type: 'settlement.planned.v1',
    data: { ...of, plan, guaranteed: [{ wallet: SHIPPER, amount: '50' }], sliceBps: 5000 },
  }
  const facts = after([left], { type: 'intend', via: 'onchain' })
  const paymentId = paymentIdOf(AGREEMENT, plan, { wallet: SHIPPER, amount: 50n, slice: 0 }, 'guarantee')
  const lapse = { type: 'lapse', paymentId, reason: 'shipper has acknowledged 50 there' } as const
  const lapsed = after(facts, lapse)

  it('lapses once, for a reason, when the contract owes it no more', () => {
    expect(lapsed.at(-1)).toEqual({
      type: 'settlement.payment.lapsed.v1',
      data: {
        ...of,
        paymentId,
        wallet: SHIPPER,
        amount: '50',
        via: 'guarantee',
        code: 'guarantee.nothingDue',
        reason: lapse.reason,
      },
    })
    given(settlementDecider, lapsed).when(lapse).thenNothing()
  })

  it('is then never paid, in no way, and settled without it', () => {
    given(settlementDecider, lapsed).when({ type: 'intend', via: 'onchain' }).thenNothing()
    given(settlementDecider, lapsed)
      .when({ type: 'recordPaid', paymentId, evidence: { txHash: TX } })
      .thenRefused('settlement.lapsed')
    given(settlementDecider, facts).when({ type: 'close' }).thenRefused('settlement.unpaid')
    given(settlementDecider, lapsed)
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '0', refund: '0', lapsed: '50' } }])
  })

  it('lapses only before it is made, and nothing else lapses', () => {
    const paid = after(facts, { type: 'recordPaid', paymentId, evidence: { txHash: TX } })
    given(settlementDecider, paid).when(lapse).thenRefused('settlement.paid')
    given(settlementDecider, [planned, intended(0)])
      .when({ ...lapse, paymentId: slice(0).paymentId })
      .thenRefused('settlement.lapse')
    given(settlementDecider, [planned]).when(lapse).thenRefused('settlement.payment')
  })
})
