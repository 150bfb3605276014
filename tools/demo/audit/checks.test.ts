import type { ConsignEvent } from '@consign/events'
import { general, parties, payer, payoutPlan, type Terms, transfersOf } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { numberToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import type { ChainEvidence, Transfer } from './chain-evidence.ts'
import { type Evidence, runChecks } from './checks.ts'

const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, guaranteePercent: 50 })
const agreement = `0x${'a1'.repeat(20)}` as const
const due = transfersOf(payoutPlan({ terms, violations: [] }))
const hash = (number: number) => numberToHex(number, { size: 32 })
const paymentId = (i: number) => hash(100 + i)
const event = (type: string, data: object) => ({ id: type, type, time: 0, data }) as unknown as ConsignEvent

/** What log and chain hold when everybody got paid by transaction `i`, journaled under the keys given. */
function paid(keysOf: (id: string, i: number) => { key: string; hash: number }[]): Evidence {
  const events: ConsignEvent[] = []
  const transfers: Transfer[] = []
  due.forEach(({ wallet, amount }, i) => {
    const payment = { agreement, paymentId: paymentId(i), wallet, amount: String(amount) }
    events.push(event('settlement.payment.intended.v1', payment))
    const signed = keysOf(paymentId(i), i)
    for (const each of signed) {
      events.push(event('chain.signed.v1', { key: each.key, hash: hash(each.hash) }))
      transfers.push({ to: wallet, amount, txHash: hash(each.hash) })
    }
    events.push(event('settlement.payment.made.v1', { ...payment, txHash: hash(signed[0]!.hash) }))
  })
  const chain = {
    violations: [],
    legs: [],
    cuts: [],
    anchors: [],
    latestAnchorSize: 0,
    transfers,
    ...settledOnChain(terms),
  }
  const source = { readings: 1, emptyRows: 0, shiftMs: 0 }
  const leg = {
    leg: 0,
    party: agreement,
    readings: 1,
    n: 1,
    head: hash(1),
    root: hash(1),
    cutDigest: hash(1),
  }
  return {
    agreement,
    terms,
    log: { messages: [], events, leaves: [], envelopes: new Map(), unreadable: 0 },
    chain,
    device: { legs: [leg], framesWaiting: 0, readingsWaiting: 0, source },
    feeds: new Map(),
    raiden: { nodes: [] },
  }
}

/** As the chain shows an agreement without penalties that was settled: the guarantee is back with the payer. */
function settledOnChain(terms: Terms): Pick<ChainEvidence, 'guarantee' | 'settlement'> {
  const guarantee = BigInt(general(terms).guaranteeTotal)
  const back = { to: payer(terms).wallet, amount: guarantee, txHash: hash(90) }
  const dues = parties(terms).map(({ wallet, amount }) => [wallet, BigInt(amount)] as const)
  return {
    guarantee: { paidIn: guarantee, paidOut: [back] },
    settlement: { dues: new Map(dues.filter(([, amount]) => amount > 0n)), refund: 0n },
  }
}

describe('conserved', () => {
  it('is false when the chain fixed other payouts than the log says, or kept some of the guarantee', async () => {
    const evidence = paid((id, i) => [{ key: `payment:${id}`, hash: i }])
    const { settlement, guarantee } = evidence.chain
    const [wallet, amount] = [...settlement!.dues][0]!
    const changes: Partial<ChainEvidence>[] = [
      { settlement: undefined },
      { settlement: { ...settlement!, refund: 1n } },
      { settlement: { dues: new Map(settlement!.dues).set(wallet, amount - 1n), refund: 1n } },
      { guarantee: { ...guarantee, paidOut: [{ to: payer(terms).wallet, amount: 1n, txHash: hash(91) }] } },
      { guarantee: { ...guarantee, paidIn: guarantee.paidIn + 1n } },
    ]
    for (const change of changes) {
      const chain = { ...evidence.chain, ...change }
      expect((await runChecks({ ...evidence, chain })).conserved).toBe(false)
    }
  })

  it('holds when each payment is one transfer', async () => {
    const evidence = paid((id, i) => [{ key: `payment:${id}`, hash: i }])
    expect((await runChecks(evidence)).conserved).toBe(true)
  })

  it('holds when a transfer reverted and was made by the next try', async () => {
    const evidence = paid((id, i) => [{ key: `payment:${id}:1`, hash: i }])
    expect((await runChecks(evidence)).conserved).toBe(true)
  })

  it('counts what the log says a guarantee has paid, and nothing else that left it', async () => {
    const evidence = paid((id, i) => [{ key: `payment:${id}`, hash: i }])
    const { chain, log } = evidence
    const { to, amount } = chain.transfers[0]!
    const claimed = amount / 10n
    const claim = { to, amount: claimed, txHash: hash(92) }
    const [back] = chain.guarantee.paidOut
    const guarantee = {
      paidIn: chain.guarantee.paidIn,
      paidOut: [claim, { ...back!, amount: back!.amount - claimed }],
    }
    const lessByPayer = chain.transfers.with(0, { ...chain.transfers[0]!, amount: amount - claimed })
    const intended = log.events.find(
      ({ type, data }) => type === 'settlement.payment.intended.v1' && data.wallet === to,
    )!
    Object.assign(intended.data, { amount: String(amount - claimed) })
    const claiming = { ...evidence, chain: { ...chain, transfers: lessByPayer, guarantee } }
    expect((await runChecks(claiming)).conserved).toBe(false)

    const payment = { agreement, paymentId: paymentId(90), wallet: to, amount: String(claimed) }
    log.events.push(
      event('settlement.payment.made.v1', { ...payment, via: 'guarantee', txHash: claim.txHash }),
    )
    expect((await runChecks(claiming)).conserved).toBe(true)
  })

  it('is false when two tries of one payment both moved tokens', async () => {
    const evidence = paid((id, i) => [
      { key: `payment:${id}`, hash: i },
      { key: `payment:${id}:1`, hash: 50 + i },
    ])
    expect((await runChecks(evidence)).conserved).toBe(false)
  })
})

it('keys that cannot be followed make nothingLost false, not the audit fail', async () => {
  const evidence = paid((id, i) => [{ key: `payment:${id}`, hash: i }])
  evidence.log.events.push(event('custody.packed.v1', { agreement, keys: '0x00' }))
  expect(await runChecks(evidence)).toMatchObject({ conserved: true, nothingLost: false })
})
