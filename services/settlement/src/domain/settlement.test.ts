import { given } from '@consign/eventlog/testing'
import type { PayoutPlan } from '@consign/terms'
import { describe, expect, it } from 'vitest'
import type { Guaranteed } from './guaranteed.ts'
import { paymentIdOf } from './payment-id.ts'
import { type SettlementFact, settlementDecider } from './settlement.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const SUPPLIER = `0x${'b1'.repeat(20)}` as const
const SHIPPER = `0x${'b2'.repeat(20)}` as const
const TX = `0x${'0f'.repeat(32)}` as const
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }

const payout = (party: string, wallet: `0x${string}`, agreed: string, penalty: string, paid: string) => ({
  party,
  wallet,
  agreed,
  penalty,
  uncollected: '0',
  paid,
})
const plan: PayoutPlan = {
  payouts: [payout('supplier', SUPPLIER, '200', '0', '200'), payout('shipper', SHIPPER, '50', '10', '40')],
  awards: [],
  refund: '10',
  uncollected: '0',
}
const nothingToPay: PayoutPlan = {
  ...plan,
  payouts: [payout('shipper', SHIPPER, '50', '50', '0')],
  refund: '50',
}

// In one slice each; slices.test.ts has more.
const planned = (which = plan): SettlementFact => ({
  type: 'settlement.planned.v1',
  data: { ...of, plan: which, sliceBps: 10_000 },
})
const payment = (party: string, wallet: `0x${string}`, amount: bigint) => ({
  ...of,
  paymentId: paymentIdOf(AGREEMENT, plan, { wallet, amount, slice: 0 }),
  party,
  wallet,
  amount: String(amount),
  via: 'onchain',
  slice: 0,
})
const toSupplier = payment('supplier', SUPPLIER, 200n)
const toShipper = payment('shipper', SHIPPER, 40n)
const intended = (data: Omit<typeof toSupplier, 'slice'>): SettlementFact => ({
  type: 'settlement.payment.intended.v1',
  data,
})
const made = ({ paymentId, wallet, amount, via }: Omit<typeof toSupplier, 'slice'>): SettlementFact => ({
  type: 'settlement.payment.made.v1',
  data: { ...of, paymentId, wallet, amount, via, txHash: TX },
})
const settled: SettlementFact = { type: 'settlement.settled.v1', data: { ...of, paid: '240', refund: '10' } }

const planAt = (nowMs: number, which = plan, guaranteed: Guaranteed[] = []) =>
  ({ type: 'plan', ...of, plan: which, guaranteed, sliceBps: 10_000, dueAtMs: 1000, nowMs }) as const

describe('reserving', () => {
  const channels = [{ partner: SUPPLIER, amount: '300', via: 'raiden' }]
  const reserved: SettlementFact = { type: 'settlement.reserved.v1', data: { ...of, channels } }

  it('is said once, and says nothing of what is due', () => {
    given(settlementDecider, [])
      .when({ type: 'reserve', ...of, channels })
      .then([reserved])
    given(settlementDecider, [reserved])
      .when({ type: 'reserve', ...of, channels: [] })
      .thenNothing()
    given(settlementDecider, [reserved])
      .when({ type: 'intend', via: 'raiden' })
      .thenRefused('settlement.unplanned')
    given(settlementDecider, [reserved])
      .when({
        type: 'acknowledge',
        party: SHIPPER,
        cumulative: '1',
        signature: { ecdsa: '0x01', mlDsa: '0x02' },
      })
      .thenRefused('acknowledgement.unplanned')
  })
})

describe('reserving by parties in the middle', () => {
  const channels = [{ partner: SHIPPER, amount: '50', via: 'raiden' }]
  const reserved = (mediator: `0x${string}`): SettlementFact => ({
    type: 'settlement.mediator.reserved.v1',
    data: { ...of, mediator, channels },
  })

  it('is said once by each, and reserves nothing of the payer', () => {
    const command = { type: 'reserveMediated', ...of, mediator: SUPPLIER, channels } as const
    given(settlementDecider, [])
      .when(command)
      .then([reserved(SUPPLIER)])
    given(settlementDecider, [reserved(SUPPLIER)])
      .when(command)
      .thenNothing()
    given(settlementDecider, [reserved(SHIPPER)])
      .when(command)
      .then([reserved(SUPPLIER)])
    given(settlementDecider, [reserved(SUPPLIER)])
      .when({ type: 'reserve', ...of, channels })
      .then([{ type: 'settlement.reserved.v1', data: { ...of, channels } }])
  })
})

describe('planning', () => {
  it('waits until the dispute window has passed', () => {
    given(settlementDecider, []).when(planAt(999)).thenRefused('settlement.window')
    given(settlementDecider, []).when(planAt(1000)).then([planned()])
  })

  it('happens once: a later plan changes nothing', () => {
    given(settlementDecider, [planned()]).when(planAt(2000, nothingToPay)).thenNothing()
  })
})

describe('intending', () => {
  it('names one payment per wallet that gets anything', () => {
    given(settlementDecider, [planned()])
      .when({ type: 'intend', via: 'onchain' })
      .then([intended(toSupplier), intended(toShipper)])
  })

  it('adds only what is missing, under the same names', () => {
    given(settlementDecider, [planned(), intended(toSupplier)])
      .when({ type: 'intend', via: 'onchain' })
      .then([intended(toShipper)])
  })

  it('pays nobody before there is a plan, and nobody who gets nothing', () => {
    given(settlementDecider, []).when({ type: 'intend', via: 'onchain' }).thenRefused('settlement.unplanned')
    given(settlementDecider, [planned(nothingToPay)])
      .when({ type: 'intend', via: 'onchain' })
      .thenNothing()
  })

  it('joins what a party is paid and what it is awarded', () => {
    const awarding = { ...plan, awards: [{ beneficiary: SUPPLIER, amount: '10' }], refund: '0' }
    const facts = settlementDecider.decide(
      { type: 'intend', via: 'onchain' },
      [planned(awarding)].reduce(settlementDecider.evolve, settlementDecider.initial),
    )
    expect(facts.map(({ data }) => data)).toMatchObject([
      { wallet: SUPPLIER, amount: '210' },
      { wallet: SHIPPER, amount: '40' },
    ])
  })
})

describe('recording', () => {
  it('says once that a payment was made', () => {
    const facts = [planned(), intended(toSupplier)]
    const command = { type: 'recordPaid', paymentId: toSupplier.paymentId, evidence: { txHash: TX } } as const
    given(settlementDecider, facts)
      .when(command)
      .then([made(toSupplier)])
    given(settlementDecider, [...facts, made(toSupplier)])
      .when(command)
      .thenNothing()
  })

  it('refuses a payment that was never intended', () => {
    given(settlementDecider, [planned()])
      .when({ type: 'recordPaid', paymentId: toSupplier.paymentId, evidence: { txHash: TX } })
      .thenRefused('settlement.payment')
  })
})

describe('closing', () => {
  const all = [planned(), intended(toSupplier), intended(toShipper)]

  it('needs every payment of the plan', () => {
    given(settlementDecider, []).when({ type: 'close' }).thenRefused('settlement.unpaid')
    given(settlementDecider, [planned(), intended(toSupplier), made(toSupplier)])
      .when({ type: 'close' })
      .thenRefused('settlement.unpaid')
    given(settlementDecider, [...all, made(toSupplier)])
      .when({ type: 'close' })
      .thenRefused('settlement.unpaid')
  })

  it('says what was paid and what came back, once', () => {
    const paid = [...all, made(toShipper), made(toSupplier)]
    given(settlementDecider, paid).when({ type: 'close' }).then([settled])
    given(settlementDecider, [...paid, settled])
      .when({ type: 'close' })
      .thenNothing()
  })

  it('closes at once when nobody gets anything', () => {
    given(settlementDecider, [planned(nothingToPay)])
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '0', refund: '50' } }])
  })
})

describe('a part that is left to the guarantee', () => {
  const guaranteed = [{ wallet: SHIPPER, amount: '20' }]
  const leaving: SettlementFact = {
    type: 'settlement.planned.v1',
    data: { ...of, plan, guaranteed, sliceBps: 10_000 },
  }
  const rest = payment('shipper', SHIPPER, 20n)
  const { slice: _, ...unsliced } = rest
  const claimed = {
    ...unsliced,
    paymentId: paymentIdOf(AGREEMENT, plan, { wallet: SHIPPER, amount: 20n, slice: 0 }, 'guarantee'),
    via: 'guarantee',
  }

  it('is said by the plan, and is a payment of its own, also when both parts are equal', () => {
    given(settlementDecider, [])
      .when(planAt(1000, plan, guaranteed))
      .then([leaving])
    given(settlementDecider, [leaving])
      .when({ type: 'intend', via: 'onchain' })
      .then([intended(toSupplier), intended(rest), intended(claimed)])
  })

  it('is paid once the claim is final, and only then all is settled', () => {
    const paid = [leaving, ...[toSupplier, rest, claimed].map(intended), made(toSupplier), made(rest)]
    given(settlementDecider, paid).when({ type: 'close' }).thenRefused('settlement.unpaid')
    given(settlementDecider, [...paid, made(claimed)])
      .when({ type: 'close' })
      .then([settled])
  })
})

describe('acknowledging', () => {
  const signature = { ecdsa: '0x01', mlDsa: '0x02' } as const
  const paid = [planned(), intended(toSupplier), intended(toShipper), made(toShipper)]
  const saying = (cumulative: string, party: `0x${string}` = SHIPPER) =>
    ({ type: 'acknowledge', party, cumulative, signature }) as const
  const said = (cumulative: string): SettlementFact => ({
    type: 'settlement.acknowledged.v1',
    data: { ...of, party: SHIPPER, cumulative, signature },
  })

  it('is recorded once, up to what was paid', () => {
    given(settlementDecider, paid)
      .when(saying('40'))
      .then([said('40')])
    given(settlementDecider, [...paid, said('40')])
      .when(saying('40'))
      .thenNothing()
    given(settlementDecider, [...paid, said('30')])
      .when(saying('40'))
      .then([said('40')])
  })

  it.each([
    ['more than was paid', saying('41'), 'acknowledgement.unpaid'],
    ['what is not paid yet', saying('1', SUPPLIER), 'acknowledgement.unpaid'],
    ['less than before', saying('29'), 'acknowledgement.old'],
    ['by a stranger', saying('1', AGREEMENT), 'acknowledgement.party'],
  ])('is refused of %s', (_, command, code) => {
    given(settlementDecider, [...paid, said('30')])
      .when(command)
      .thenRefused(code)
  })

  it('counts nothing that a guarantee has paid', () => {
    const byGuarantee = { ...toSupplier, via: 'guarantee', paymentId: TX, amount: '5' }
    const facts = [...paid, intended(byGuarantee), made(byGuarantee), made(toSupplier)]
    given(settlementDecider, facts).when(saying('201', SUPPLIER)).thenRefused('acknowledgement.unpaid')
  })
})

describe('concluding', () => {
  const conclusion = { dues: [], refund: '10', asPlanned: true, claimed: '0', released: '100' }
  const concluded: SettlementFact = { type: 'settlement.concluded.v1', data: { ...of, ...conclusion } }
  const signature = { ecdsa: '0x01', mlDsa: '0x02' } as const
  const said = { party: SHIPPER, cumulative: '40', signature }
  const conclude = { type: 'conclude', conclusion, shown: new Map() } as const

  it('needs every payment, and is said once', () => {
    given(settlementDecider, [planned()]).when(conclude).thenRefused('settlement.unpaid')
    given(settlementDecider, [planned(), settled]).when(conclude).then([concluded])
    given(settlementDecider, [planned(), settled, concluded]).when(conclude).thenNothing()
  })

  it('waits for an acknowledgement that came after those that the chain was shown', () => {
    const facts: SettlementFact[] = [
      planned(),
      settled,
      { type: 'settlement.acknowledged.v1', data: { ...of, ...said } },
    ]
    const shown = (cumulative: string) => new Map([[SHIPPER, { ...said, cumulative }]])
    given(settlementDecider, facts).when(conclude).thenRefused('settlement.acknowledged')
    given(settlementDecider, facts)
      .when({ ...conclude, shown: shown('30') })
      .thenRefused('settlement.acknowledged')
    given(settlementDecider, facts)
      .when({ ...conclude, shown: shown('40') })
      .then([concluded])
  })
})

describe('the name of a payment', () => {
  const transfer = { wallet: SUPPLIER, amount: 200n, slice: 0 }

  it('is the same for the same plan, and another for any other', () => {
    const id = paymentIdOf(AGREEMENT, plan, transfer)
    expect(paymentIdOf(AGREEMENT, structuredClone(plan), transfer)).toBe(id)
    const others = [
      paymentIdOf(SUPPLIER, plan, transfer),
      paymentIdOf(AGREEMENT, nothingToPay, transfer),
      paymentIdOf(AGREEMENT, plan, { ...transfer, wallet: SHIPPER }),
      paymentIdOf(AGREEMENT, plan, { ...transfer, amount: 201n }),
      paymentIdOf(AGREEMENT, plan, { ...transfer, slice: 1 }),
      paymentIdOf(AGREEMENT, plan, transfer, 'guarantee'),
    ]
    expect(new Set([id, ...others]).size).toBe(7)
  })
})
