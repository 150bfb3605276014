import { expect, it } from 'vitest'
import type { Clause, InstantaneousLimitClause } from './clauses.ts'
import { describeClause, describeTerms } from './describe.ts'
import { sampleAgreement } from './testing.ts'
import { exampleDraft } from './vectors/examples.ts'
import { limits, parties } from './views.ts'

const { terms } = sampleAgreement(exampleDraft('default'))
const [limit] = limits(terms) as [InstantaneousLimitClause]
const textOf = (change: Partial<InstantaneousLimitClause>) => describeClause({ ...limit, ...change })
const clauseOf = (kind: Clause['kind']) => terms.clauses.find((clause) => clause.kind === kind) as Clause

it('says a limit and what it costs in one breath', () => {
  expect(describeClause(limit)).toBe(
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens.',
  )
  expect(describeClause(limit, terms)).toBe(
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens, ' +
      'at most 200 (supplier) or 50 (shipper-x, shipper-y) in all.',
  )
})

it('says one cap for all where it is the same for all', () => {
  const equal = structuredClone(terms)
  for (const party of parties(equal)) if (party.role === 'payee') party.penaltyCap = `50${'0'.repeat(18)}`
  expect(describeClause(limit, equal)).toBe(
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens, at most 50 in all.',
  )
})

it('names a beneficiary other than the payer', () => {
  const beneficiary = parties(terms)[1]?.wallet ?? '0x'
  expect(describeClause({ ...limit, beneficiary }, terms)).toMatch(/in all\. It is paid to supplier\.$/)
})

it.each<[Partial<InstantaneousLimitClause>, string]>([
  [{ side: 'below', bound: -500 }, 'Temperature must not fall below -0.5 °C.'],
  [{ metric: 'gforce', bound: 8000 }, 'Shock must not rise above 8.0 g.'],
  [{ metric: 'tilt', bound: 30_000 }, 'Tilt must not rise above 30.0°.'],
  [{ metric: 'door', bound: 0 }, 'The door must stay closed.'],
  [{ metric: 'motion', bound: 0 }, 'The package must not move.'],
  [{ metric: 'airExposure', bound: 300 }, 'Air exposure must not rise above 300 ppb.'],
  [
    { penalty: `1${'0'.repeat(18)}` },
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 1 token.',
  ],
])('renders %o', (change, text) => {
  expect(textOf(change).startsWith(text)).toBe(true)
})

it('reads well in every other clause', () => {
  expect(describeClause(clauseOf('deadline'))).toBe('The goods must be delivered by 2026-11-15 00:00 UTC.')
  expect(describeClause(clauseOf('route'))).toBe('The goods travel from Supplier to Factory.')
  expect(describeClause(clauseOf('windows'))).toBe(
    'Disputes may be raised for 7 days. The device may be silent for at most 1 hour, seals its records every 6 hours and signs every ' +
      'envelope post-quantum. A delivery counts as taken over 1 day after it is offered, unless it is refused. ' +
      'An offered handover stays open for 100 envelopes.',
  )
  expect(describeTerms(terms).split('\n')).toHaveLength(terms.clauses.length)
  expect(describeTerms(terms)).toContain(
    'shipper-x carries the goods for 50 tokens, of which penalties take at most 50.\n',
  )
})
