import type { Hex } from '@consign/events'
import { type ChargedCase, parties, partyByWallet, payer, type Terms } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { describe, expect, it } from 'vitest'
import {
  byChainOf,
  type ChainCaseEvent,
  type ChainCases,
  casesBy,
  evolveChainCases,
  NOTHING_BY_CHAIN,
  provenCasesBy,
} from './chain-cases.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const { terms } = sampleAgreement(SAMPLE_DRAFT)
const LIMIT = 1
const custodian = parties(terms).find(({ role }) => role === 'carrier')!.wallet
const idOf = (byte: string): Hex => `0x${byte.repeat(32)}`
const at = { agreement: AGREEMENT, txHash: idOf('7a'), blockNumber: 1, logIndex: 0 }

const judged = (byte: string, penalty: string): ChargedCase => ({
  ...{ caseId: idOf(byte), limitId: LIMIT, custodian, penalty },
  beneficiary: payer(terms).wallet,
})

const charged = (byte: string, penalty: string, isClaim = false): ChainCaseEvent => {
  const held = { caseId: idOf(byte), leg: 1, custodian, limitId: LIMIT, penalty }
  const data = { ...at, ...held, ...(isClaim ? { isClaim: true as const } : {}) }
  return { id: '1', type: 'chain.case.charged.v1', time: 1, data }
}
const dropped = (byte: string, because: 'contest' | 'refutation'): ChainCaseEvent => {
  return { id: '2', type: 'chain.case.dropped.v1', time: 1, data: { ...at, caseId: idOf(byte), because } }
}
const stood = (byte: string): ChainCaseEvent => {
  const data = { ...at, name: 'ClaimStood', args: { caseId: idOf(byte) } }
  return { id: '3', type: 'chain.happened.v1', time: 1, data }
}
const chainOf = (...events: ChainCaseEvent[]): ChainCases =>
  events.reduce<ChainCases>(evolveChainCases, new Map())

const differs = (assessed: ChargedCase[], events: ChainCaseEvent[], failed: string[] = []) =>
  byChainOf(assessed, { onChain: chainOf(...events), failed: new Set(failed.map(idOf)) })

const costs = (cases: ChargedCase[]) => cases.map(({ caseId, penalty }) => [caseId.slice(2, 4), penalty])

describe('a case', () => {
  it('that services and chain charge alike changes nothing, however often the chain says it', () => {
    expect(differs([judged('0a', '10')], [charged('0a', '10'), charged('0a', '10')])).toEqual(
      NOTHING_BY_CHAIN,
    )
  })

  it('that the chain alone charges is in the plan, and pays the beneficiary of its clause', () => {
    const byChain = differs([judged('0a', '10')], [charged('0b', '7')])
    expect(byChain.charged).toEqual([{ caseId: idOf('0b'), limitId: LIMIT, custodian, penalty: '7' }])
    const cases = casesBy(terms, [judged('0a', '10')], byChain)
    expect(costs(cases)).toEqual([
      ['0a', '10'],
      ['0b', '7'],
    ])
    expect(cases[1]).toMatchObject({ beneficiary: payer(terms).wallet })
    expect(partyByWallet(terms, cases[1]!.custodian)).toBeDefined()
  })

  it('that the chain charges for more counts for what the chain says, once', () => {
    const byChain = differs([judged('0a', '10')], [charged('0a', '10'), charged('0a', '14')])
    expect(costs(casesBy(terms, [judged('0a', '10')], byChain))).toEqual([['0a', '14']])
    expect(costs(provenCasesBy(terms, [judged('0a', '10')], byChain))).toEqual([['0a', '14']])
  })

  it('that the chain charges for less is the services’, while the rest of its proof may come', () => {
    expect(differs([judged('0a', '10')], [charged('0a', '4')])).toEqual(NOTHING_BY_CHAIN)
  })

  it('whose proof failed is charged off chain alone, beyond what the chain has of it', () => {
    const assessed = [judged('0a', '10'), judged('0b', '6')]
    const byChain = differs(assessed, [charged('0a', '4')], ['0a', '0b'])
    expect(byChain.less).toEqual([
      { caseId: idOf('0a'), penalty: '4' },
      { caseId: idOf('0b'), penalty: '0' },
    ])
    expect(costs(casesBy(terms, assessed, byChain))).toEqual([
      ['0a', '10'],
      ['0b', '6'],
    ])
    expect(costs(provenCasesBy(terms, assessed, byChain))).toEqual([
      ['0a', '4'],
      ['0b', '0'],
    ])
  })

  it('whose proof failed because somebody else had proven it is charged', () => {
    expect(differs([judged('0a', '10')], [charged('0a', '10')], ['0a'])).toEqual(NOTHING_BY_CHAIN)
  })

  it('whose contest nobody answered is charged nowhere, until it is proven again', () => {
    const voided = [charged('0a', '10'), dropped('0a', 'contest')]
    const byChain = differs([judged('0a', '10')], voided, ['0a'])
    expect(byChain).toEqual({ charged: [], dropped: [idOf('0a')], less: [] })
    expect(casesBy(terms, [judged('0a', '10')], byChain)).toEqual([])
    expect(differs([judged('0a', '10')], [...voided, charged('0a', '10')])).toEqual(NOTHING_BY_CHAIN)
  })
})

describe('a claim of silence', () => {
  it('costs nobody anything until it stands', () => {
    expect(differs([], [charged('0c', '3', true)])).toEqual(NOTHING_BY_CHAIN)
    expect(differs([], [charged('0c', '3', true), stood('0c')]).charged).toMatchObject([{ penalty: '3' }])
  })

  it('that was refuted takes nothing from what services judged', () => {
    const refuted = [charged('0c', '3', true), dropped('0c', 'refutation')]
    expect(differs([judged('0c', '5')], refuted)).toEqual(NOTHING_BY_CHAIN)
    expect(differs([], refuted)).toEqual(NOTHING_BY_CHAIN)
  })
})

it('what is said of a case that was never charged changes nothing', () => {
  expect(differs([], [dropped('0d', 'contest'), stood('0d')])).toEqual(NOTHING_BY_CHAIN)
})

it('a clause that the terms do not have pays nobody', () => {
  const byChain = {
    ...NOTHING_BY_CHAIN,
    charged: [{ caseId: idOf('0e'), limitId: 99, custodian, penalty: '1' }],
  }
  expect(casesBy(terms satisfies Terms, [], byChain)).toEqual([])
})
