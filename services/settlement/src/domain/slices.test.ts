import { given } from '@consign/eventlog/testing'
import type { PayoutPlan } from '@consign/terms'
import { describe, expect, it } from 'vitest'
import { paymentIdOf } from './payment-id.ts'
import { type SettlementFact, settlementDecider } from './settlement.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const SHIPPER = `0x${'b2'.repeat(20)}` as const
const SUPPLIER = `0x${'b1'.repeat(20)}` as const
const TX = `0x${'0f'.repeat(32)}` as const
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const signature = { ecdsa: '0x01', mlDsa: '0x02' } as const
const payout = (wallet: `0x${string}`, paid: string) => ({
  party: 'shipper',
  wallet,
  agreed: paid,
  penalty: '0',
  uncollected: '0',
  paid,
})
const planOf = (...payouts: PayoutPlan['payouts']): PayoutPlan => ({
  payouts,
  awards: [],
  refund: '0',
  uncollected: '0',
})
const plan = planOf(payout(SHIPPER, '25'))

const planned = (sliceBps: number, which = plan): SettlementFact => ({
  type: 'settlement.planned.v1',
  data: { ...of, plan: which, sliceBps },
})
const payment = (amount: bigint, slice: number) => ({
  ...of,
  paymentId: paymentIdOf(AGREEMENT, plan, { wallet: SHIPPER, amount, slice }),
  party: 'shipper',
  wallet: SHIPPER,
  amount: String(amount),
  via: 'raiden',
  slice,
})
const intended = (data: ReturnType<typeof payment>): SettlementFact => ({
  type: 'settlement.payment.intended.v1',
  data,
})
const made = ({ paymentId, wallet, amount, via }: ReturnType<typeof payment>): SettlementFact => ({
  type: 'settlement.payment.made.v1',
  data: { ...of, paymentId, wallet, amount, via, secretHash: TX },
})
const said = (cumulative: string): SettlementFact => ({
  type: 'settlement.acknowledged.v1',
  data: { ...of, party: SHIPPER, cumulative, signature },
})
const intend = { type: 'intend', via: 'raiden' } as const
const [first, second] = [payment(13n, 0), payment(12n, 1)]

describe('slices', () => {
  it('come one after the other: the next one when those before are made and acknowledged', () => {
    given(settlementDecider, [planned(5000)])
      .when(intend)
      .then([intended(first)])
    const facts = [planned(5000), intended(first)]
    given(settlementDecider, facts).when(intend).thenNothing()
    given(settlementDecider, [...facts, made(first)])
      .when(intend)
      .thenNothing()
    given(settlementDecider, [...facts, made(first), said('12')])
      .when(intend)
      .thenNothing()
    given(settlementDecider, [...facts, made(first), said('13')])
      .when(intend)
      .then([intended(second)])
  })

  it('are as large as the plan says, whatever is configured later', () => {
    given(settlementDecider, [planned(2000), planned(5000)].slice(0, 1))
      .when(intend)
      .then([intended(payment(5n, 0))])
    given(settlementDecider, [planned(10_000)])
      .when(intend)
      .then([intended(payment(25n, 0))])
  })

  it('are settled when all are made, not before', () => {
    const facts = [planned(5000), intended(first), made(first), said('13')]
    given(settlementDecider, facts).when({ type: 'close' }).thenRefused('settlement.unpaid')
    given(settlementDecider, [...facts, intended(second), made(second)])
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '25', refund: '0' } }])
  })

  it('of one wallet do not wait for another that is silent', () => {
    const both = planOf(payout(SHIPPER, '25'), payout(SUPPLIER, '10'))
    const facts = settle(both, new Set([SUPPLIER]))
    const paid = facts.filter(({ type }) => type === 'settlement.payment.made.v1')
    expect(paid.map(({ data }) => data)).toMatchObject([
      { wallet: SHIPPER, amount: '13' },
      { wallet: SUPPLIER, amount: '5' },
      { wallet: SHIPPER, amount: '12' },
    ])
  })

  it('are the whole due of each wallet in sum, of whatever size they are', () => {
    for (const sliceBps of [1, 100, 3333, 5000, 9999, 10_000])
      for (const due of ['1', '2', '7', '25']) {
        const facts = settle(planOf(payout(SHIPPER, due)), new Set(), sliceBps)
        const paid = facts.filter(({ type }) => type === 'settlement.payment.made.v1')
        const sum = paid.reduce((total, { data }) => total + BigInt((data as { amount: string }).amount), 0n)
        expect(sum).toBe(BigInt(due))
        expect(facts.at(-1)?.type).toBe('settlement.settled.v1')
      }
  })
})

/** All facts of a settlement in which every payment is made at once, and acknowledged unless its wallet is silent. */
function settle(which: PayoutPlan, silent: ReadonlySet<string>, sliceBps = 5000): SettlementFact[] {
  const facts: SettlementFact[] = [planned(sliceBps, which)]
  const stateOf = () => facts.reduce(settlementDecider.evolve, settlementDecider.initial)
  for (;;) {
    const intents = settlementDecider.decide(intend, stateOf())
    if (intents.length === 0) break
    facts.push(...intents)
    for (const { paymentId, wallet } of stateOf().payments.filter((one) => !one.made)) {
      facts.push(
        ...settlementDecider.decide(
          { type: 'recordPaid', paymentId, evidence: { secretHash: TX } },
          stateOf(),
        ),
      )
      const own = stateOf().payments.filter((one) => one.wallet === wallet && one.made)
      const cumulative = String(own.reduce((sum, { amount }) => sum + BigInt(amount), 0n))
      if (!silent.has(wallet))
        facts.push(
          ...settlementDecider.decide(
            { type: 'acknowledge', party: wallet, cumulative, signature },
            stateOf(),
          ),
        )
    }
  }
  if (silent.size === 0) facts.push(...settlementDecider.decide({ type: 'close' }, stateOf()))
  return facts
}
