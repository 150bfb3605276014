import { given } from '@consign/eventlog/testing'
import type { PayoutPlan } from '@consign/terms'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { paymentIdOf } from './payment-id.ts'
import {
  type Settlement,
  type SettlementCommand,
  type SettlementFact,
  settlementDecider,
} from './settlement.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const SHIPPER = `0x${'b2'.repeat(20)}` as const
const hash = (digit: string): `0x${string}` => `0x${digit.repeat(64)}`
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const plan: PayoutPlan = {
  payouts: [{ party: 'shipper', wallet: SHIPPER, agreed: '50', penalty: '0', uncollected: '0', paid: '50' }],
  awards: [],
  refund: '0',
  uncollected: '0',
}
const planned: SettlementFact = { type: 'settlement.planned.v1', data: { ...of, plan, sliceBps: 5000 } }
const payment = (amount: bigint, slice: number, via: string) => ({
  ...of,
  paymentId: paymentIdOf(AGREEMENT, plan, { wallet: SHIPPER, amount, slice }),
  party: 'shipper',
  wallet: SHIPPER,
  amount: String(amount),
  via,
  slice,
})
type Data = ReturnType<typeof payment>
const intended = (data: Omit<Data, 'slice'>): SettlementFact => ({
  type: 'settlement.payment.intended.v1',
  data,
})
const made = ({ paymentId, wallet, amount, via }: Omit<Data, 'slice'>): SettlementFact => ({
  type: 'settlement.payment.made.v1',
  data: { ...of, paymentId, wallet, amount, via, secretHash: hash('1') },
})
const said = (cumulative: string): SettlementFact => ({
  type: 'settlement.acknowledged.v1',
  data: { ...of, party: SHIPPER, cumulative, signature: { ecdsa: '0x01', mlDsa: '0x02' } },
})
const claimOf = (amount: bigint) => {
  const { slice: _, ...data } = payment(amount, 0, 'guarantee')
  const part = { wallet: SHIPPER, amount, slice: 0 }
  return { ...data, paymentId: paymentIdOf(AGREEMENT, plan, part, 'guarantee') }
}

const first = payment(25n, 0, 'raiden')
const second = payment(25n, 1, 'raiden')
const { paymentId } = first
const tried = (attempt: number, digit = '1') => ({ attempt, secretHash: hash(digit), channels: [], atMs: 5 })
const attempted = (attempt: number, digit = '1'): SettlementFact => ({
  type: 'settlement.payment.attempted.v1',
  data: { ...of, paymentId, ...tried(attempt, digit) },
})
const refused = (attempts: number, atMs: number, code = 'channel.path', id = paymentId): SettlementFact => ({
  type: 'settlement.payment.refused.v1',
  data: { ...of, paymentId: id, attempts, code, reason: 'no route', atMs },
})
const open = [planned, intended(first)]
const attempt = (number: number, digit = '1') =>
  ({ type: 'attempt', paymentId, ...tried(number, digit) }) as const
const refuse = (nowMs: number, code = 'channel.path') =>
  ({ type: 'refuse', paymentId, code, reason: 'no route', nowMs }) as const
const pay = { type: 'recordPaid', paymentId, evidence: { secretHash: hash('1') } } as const
const divert = (nowMs: number, guarantee: bigint) =>
  ({ type: 'divert', paymentId, nowMs, patienceMs: 100, guarantee }) as const
const diverted = (to: 'guarantee' | 'onchain', data: Data = first): SettlementFact => ({
  type: 'settlement.payment.diverted.v1',
  data: {
    ...of,
    paymentId: data.paymentId,
    wallet: SHIPPER,
    amount: data.amount,
    via: 'raiden',
    code: 'channel.path',
    reason: 'refused by its channel since 1970-01-01T00:00:00.010Z',
    to,
  },
})

describe('an attempt', () => {
  it('is written before its channel is asked, and none follows it until it is over', () => {
    given(settlementDecider, open)
      .when(attempt(0))
      .then([attempted(0)])
    given(settlementDecider, [...open, attempted(0)])
      .when(attempt(1, '2'))
      .thenRefused('settlement.attempt')
    given(settlementDecider, [...open, attempted(0), refused(1, 10)])
      .when(attempt(1, '2'))
      .then([attempted(1, '2')])
    given(settlementDecider, [...open, attempted(0), refused(1, 10), attempted(1, '2')])
      .when(attempt(2, '3'))
      .thenRefused('settlement.attempt')
  })

  it('has the number of those before it', () => {
    given(settlementDecider, open).when(attempt(1)).thenRefused('settlement.attempt')
  })

  it('is never of what was made or diverted, or not intended', () => {
    given(settlementDecider, [...open, made(first)])
      .when(attempt(0))
      .thenRefused('settlement.paid')
    given(settlementDecider, [...open, refused(0, 10), diverted('onchain')])
      .when(attempt(0))
      .thenRefused('settlement.diverted')
    given(settlementDecider, [planned]).when(attempt(0)).thenRefused('settlement.payment')
  })
})

describe('a refusal', () => {
  it('is said once for the same attempts and code', () => {
    given(settlementDecider, [...open, attempted(0)])
      .when(refuse(10))
      .then([refused(1, 10)])
    given(settlementDecider, [...open, attempted(0), refused(1, 10)])
      .when(refuse(20))
      .thenNothing()
    given(settlementDecider, [...open, attempted(0), refused(1, 10)])
      .when(refuse(20, 'payment.balance'))
      .then([refused(1, 20, 'payment.balance')])
    given(settlementDecider, [...open, attempted(0), refused(1, 10), attempted(1)])
      .when(refuse(20))
      .then([refused(2, 20)])
  })

  it('of what was made is none', () => {
    given(settlementDecider, [...open, made(first)])
      .when(refuse(10))
      .thenNothing()
  })
})

describe('a diversion', () => {
  const facts = [...open, attempted(0), refused(1, 10)]

  it('needs a refusal that is old enough, counted from the first one', () => {
    given(settlementDecider, facts).when(divert(109, 0n)).thenRefused('settlement.patience')
    given(settlementDecider, facts)
      .when(divert(110, 0n))
      .then([diverted('onchain')])
    given(settlementDecider, [...facts, attempted(1), refused(2, 105)])
      .when(divert(110, 0n))
      .then([diverted('onchain')])
  })

  it('is never of what may have been made, however old the refusals before are', () => {
    given(settlementDecider, open).when(divert(9999, 50n)).thenRefused('settlement.attempt')
    given(settlementDecider, [...open, attempted(0)])
      .when(divert(9999, 50n))
      .thenRefused('settlement.attempt')
    given(settlementDecider, [...facts, attempted(1)])
      .when(divert(9999, 50n))
      .thenRefused('settlement.attempt')
  })

  it('is never of what was made, and happens once', () => {
    given(settlementDecider, [...facts, made(first)])
      .when(divert(9999, 50n))
      .thenRefused('settlement.paid')
    given(settlementDecider, [...facts, diverted('onchain')])
      .when(divert(9999, 50n))
      .thenNothing()
  })

  it('has the rest claimed from the guarantee as far as that reaches, and pays what is beyond on chain', () => {
    given(settlementDecider, facts)
      .when(divert(110, 60n))
      .then([diverted('guarantee'), intended(claimOf(50n))])
    given(settlementDecider, facts)
      .when(divert(110, 20n))
      .then([diverted('guarantee'), intended(claimOf(20n))])
    const partly = [...facts, diverted('guarantee'), intended(claimOf(20n))]
    const beyond = payment(25n, 1, 'onchain')
    given(settlementDecider, partly)
      .when({ type: 'intend', via: 'raiden' })
      .then([intended(beyond)])
    given(settlementDecider, [...partly, intended(beyond), made(beyond), said('25')])
      .when({ type: 'intend', via: 'raiden' })
      .then([intended(payment(5n, 2, 'onchain'))])
  })

  it('of a later slice leaves those before as they are', () => {
    const later = [
      planned,
      intended(first),
      made(first),
      said('25'),
      intended(second),
      refused(0, 10, 'channel.path', second.paymentId),
    ]
    given(settlementDecider, later)
      .when({ ...divert(110, 20n), paymentId: second.paymentId })
      .then([diverted('guarantee', second), intended(claimOf(20n))])
  })

  it('lets nothing be recorded as paid by its channel any more', () => {
    given(settlementDecider, [...facts, diverted('onchain')])
      .when(pay)
      .thenRefused('settlement.diverted')
  })

  it('is not of what goes on chain already', () => {
    const onchain = payment(25n, 0, 'onchain')
    given(settlementDecider, [planned, intended(onchain), refused(0, 10)])
      .when(divert(9999, 50n))
      .thenRefused('settlement.divert')
  })
})

describe('a guarantee that its party had paid out itself', () => {
  const claim = { type: 'recordClaim', wallet: SHIPPER, amount: 25n, txHash: hash('9') } as const

  it('is less to be paid to it, up to its due', () => {
    const facts = [planned, intended(first), made(first)]
    const events = settlementDecider.decide(
      claim,
      facts.reduce(settlementDecider.evolve, settlementDecider.initial),
    )
    expect(events.map(({ type }) => type)).toEqual([
      'settlement.payment.intended.v1',
      'settlement.payment.made.v1',
    ])
    given(settlementDecider, [...facts, ...events, said('25')])
      .when({ type: 'intend', via: 'raiden' })
      .thenNothing()
    given(settlementDecider, [...facts, ...events])
      .when(claim)
      .thenNothing()
    given(settlementDecider, [...facts, ...events])
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '50', refund: '0' } }])
  })

  it('makes an open payment too much: nothing of it is begun, and it is diverted at once', () => {
    const facts = stateAfter([planned, intended(first), made(first), said('25'), intended(second)], {
      ...claim,
      amount: 40n,
    })
    given(settlementDecider, facts)
      .when({ ...attempt(0), paymentId: second.paymentId })
      .thenRefused('settlement.excess')
    const diversion = settlementDecider.decide(
      { ...divert(0, 50n), paymentId: second.paymentId },
      facts.reduce(settlementDecider.evolve, settlementDecider.initial),
    )
    expect(diversion.map(({ data }) => data)).toMatchObject([{ code: 'guarantee.claimed', to: 'onchain' }])
    given(settlementDecider, [...facts, ...diversion])
      .when({ type: 'close' })
      .then([{ type: 'settlement.settled.v1', data: { ...of, paid: '65', refund: '0', overpaid: '15' } }])
  })

  it('leaves the rest of an open payment to be paid on chain', () => {
    const facts = stateAfter([planned, intended(first), made(first), said('25'), intended(second)], {
      ...claim,
      amount: 20n,
    })
    const diversion = settlementDecider.decide(
      { ...divert(0, 50n), paymentId: second.paymentId },
      facts.reduce(settlementDecider.evolve, settlementDecider.initial),
    )
    given(settlementDecider, [...facts, ...diversion])
      .when({ type: 'intend', via: 'raiden' })
      .then([intended(payment(5n, 2, 'onchain'))])
  })

  it('waits for what is under way, which is never diverted', () => {
    const facts = stateAfter([...open, attempted(0)], { ...claim, amount: 50n })
    given(settlementDecider, facts).when(divert(9999, 0n)).thenRefused('settlement.attempt')
  })

  it('is the only claim: what is diverted later goes on chain', () => {
    const facts = stateAfter([...open, refused(0, 10)], claim)
    const events = settlementDecider.decide(
      divert(9999, 60n),
      facts.reduce(settlementDecider.evolve, settlementDecider.initial),
    )
    expect(events.map(({ data }) => data)).toMatchObject([{ to: 'onchain' }])
  })
})

function stateAfter(facts: SettlementFact[], command: SettlementCommand): SettlementFact[] {
  const state = facts.reduce(settlementDecider.evolve, settlementDecider.initial)
  return [...facts, ...settlementDecider.decide(command, state)]
}

// Whatever is asked in whatever order. A contract pays of a guarantee of 25 what it does not know to be acknowledged; it is claimed once.
it('no wallet gets more than its due but by a claim, and then one slice at most; nothing is both made and diverted', () => {
  const anyPayment = fc.nat(5)
  const command = fc.oneof(
    fc.constant({ do: 'intend' as const }),
    fc.record({
      do: fc.constantFrom('attempt' as const, 'refuse' as const, 'recordPaid' as const),
      which: anyPayment,
    }),
    fc.record({
      do: fc.constant('divert' as const),
      which: anyPayment,
      guarantee: fc.constantFrom(0n, 20n, 60n),
    }),
    fc.record({ do: fc.constant('claim' as const) }),
    fc.record({ do: fc.constant('acknowledge' as const) }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const facts: SettlementFact[] = [planned]
      let atMs = 0
      for (const one of commands) {
        atMs += 40
        const state = facts.reduce(settlementDecider.evolve, settlementDecider.initial)
        const asked = commandOf(one, state, atMs)
        if (asked === undefined) continue
        try {
          facts.push(...settlementDecider.decide(asked, state))
        } catch {
          // Refused: nothing happened.
        }
      }
      const { payments } = facts.reduce(settlementDecider.evolve, settlementDecider.initial)
      const sumOf = (which: typeof payments) => which.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
      const paid = payments.filter((one) => one.made)
      const excess = facts.flatMap((one) =>
        one.type === 'settlement.overpaid.v1' ? [BigInt(one.data.excess)] : [],
      )
      expect(excess.at(-1) ?? 0n).toBe(sumOf(paid) > 50n ? sumOf(paid) - 50n : 0n)
      const hasClaimed = paid.some(({ via }) => via === 'guarantee')
      expect(sumOf(paid)).toBeLessThanOrEqual(hasClaimed ? 75n : 50n)
      if (!hasClaimed) expect(sumOf(payments.filter((one) => !one.diverted))).toBeLessThanOrEqual(50n)
      expect(payments.filter((one) => one.made && one.diverted)).toEqual([])
      expect(new Set(payments.map((one) => one.paymentId)).size).toBe(payments.length)
    }),
    { numRuns: 1000 },
  )
})

type Asked = { do: string; which?: number; guarantee?: bigint }

function commandOf(
  asked: Asked,
  { payments, acknowledged }: Settlement,
  nowMs: number,
): SettlementCommand | undefined {
  if (asked.do === 'intend') return { type: 'intend', via: 'raiden' }
  if (asked.do === 'claim') {
    const owed = 50n - BigInt(acknowledged.get(SHIPPER)?.cumulative ?? 0)
    return { type: 'recordClaim', wallet: SHIPPER, amount: owed < 25n ? owed : 25n, txHash: hash('9') }
  }
  if (asked.do === 'acknowledge') {
    const paid = payments.filter(({ made, via }) => made && via !== 'guarantee')
    const cumulative = String(paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n))
    return { type: 'acknowledge', party: SHIPPER, cumulative, signature: { ecdsa: '0x01', mlDsa: '0x02' } }
  }
  const one = payments[(asked.which ?? 0) % Math.max(payments.length, 1)]
  if (one === undefined) return undefined
  // A channel pays only what was attempted, a wallet only what it still may.
  const mayBePaid = one.via === 'raiden' ? one.attempts.length > (one.refusal?.attempts ?? 0) : true
  if (asked.do === 'recordPaid' && !mayBePaid) return undefined
  const of = { paymentId: one.paymentId }
  if (asked.do === 'attempt') return { type: 'attempt', ...of, ...tried(one.attempts.length) }
  if (asked.do === 'refuse') return { type: 'refuse', ...of, code: 'channel.path', reason: 'no', nowMs }
  if (asked.do === 'divert')
    return { type: 'divert', ...of, nowMs, patienceMs: 100, guarantee: asked.guarantee! }
  return { type: 'recordPaid', ...of, evidence: { txHash: hash('8') } }
}
