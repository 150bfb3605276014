import { agreementAbi } from '@consign/chain'
import { limits } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { describe, expect, it } from 'vitest'
import { describeEvents, TOLD } from './events.ts'

const { terms } = sampleAgreement()
const limit = limits(terms)[0]!

describe('what an agreement says', () => {
  it('has words for each of its events', () => {
    const names = agreementAbi
      .filter(({ type }) => type === 'event')
      .map((event) => (event as { name: string }).name)
    // From OpenZeppelin's EIP-712, and never emitted.
    expect(names.filter((name) => name !== 'EIP712DomainChanged' && !TOLD[name])).toEqual([])
  })

  it('names parties, and writes values with their units', () => {
    const custodian = terms.clauses.find((clause) => clause.kind === 'party' && clause.role === 'payee')
    const args = {
      ...{ caseId: '0xab', leg: 0, limitId: limit.limitId, penalty: 10n ** 19n, extent: 41_500n },
      custodian: custodian?.kind === 'party' ? custodian.wallet : '',
    }
    expect(describeEvents([{ name: 'ViolationProven', args }], terms)).toEqual([
      '  case 0xab: supplier is charged 10 tokens for temperature of 41.5 °C',
    ])
  })

  it('leaves out what says nothing to a person', () => {
    expect(describeEvents([{ name: 'Transfer', args: {} }], terms)).toEqual([])
  })
})
