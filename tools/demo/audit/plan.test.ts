import type { ConsignEvent } from '@consign/events'
import { parties, payer } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { numberToHex } from 'viem'
import { expect, it } from 'vitest'
import type { ChainEvidence } from './chain-evidence.ts'
import { provenPlan, recomputedPlan } from './plan.ts'

const { terms } = sampleAgreement()
const agreement = `0x${'a1'.repeat(20)}` as const
const carrier = parties(terms).find(({ role }) => role === 'carrier')!.wallet
const caseId = numberToHex(7, { size: 32 })

function evidence(penalty: string, shown: bigint[]) {
  const charged = [{ caseId, limitId: 1, custodian: carrier, penalty }]
  const data = { agreement, byChain: { charged, dropped: [], less: [] } }
  const events = [{ id: '1', type: 'settlement.planned.v1', time: 0, data }] as unknown as ConsignEvent[]
  const violations = shown.map((cost) => ({ caseId, penalty: cost, txHash: caseId }))
  return {
    agreement,
    terms,
    log: { messages: [], events, leaves: [], envelopes: new Map(), unreadable: 0 },
    chain: { violations } as unknown as ChainEvidence,
  }
}

it('charges what the chain alone charges, when the chain shows it', () => {
  for (const plan of [recomputedPlan(evidence('7', [5n, 7n])), provenPlan(evidence('7', [5n, 7n]))]) {
    expect(plan.payouts.find(({ wallet }) => wallet === carrier)?.penalty).toBe('7')
    expect(plan.refund).toBe('7')
    expect(payer(terms).wallet).not.toBe(carrier)
  }
})

it('does not follow a plan that charges what the chain does not show', () => {
  expect(() => recomputedPlan(evidence('7', [5n]))).toThrow('shows no case')
  expect(() => recomputedPlan(evidence('7', []))).toThrow('shows no case')
})
