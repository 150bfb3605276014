import { expect, it } from 'vitest'
import { UNLIMITED } from './clause-fields.ts'
import type { ChannelClause, Clause, CostlyClause, InstantaneousLimitClause, Penalty } from './clauses.ts'
import { describeClause, describeTerms } from './describe.ts'
import { sampleAgreement } from './testing.ts'
import { exampleDraft } from './vectors/examples.ts'
import { channels, costly, isProvableOnChain, limits, parties, payer } from './views.ts'

const { terms } = sampleAgreement(exampleDraft('default'))
const { terms: coldChain } = sampleAgreement(exampleDraft('cold-chain'))
const [limit] = limits(terms) as [InstantaneousLimitClause]
const textOf = (change: Partial<InstantaneousLimitClause>) => describeClause({ ...limit, ...change })
const priced = (change: Partial<Penalty>) => textOf({ penalty: { ...limit.penalty, ...change } })
const clauseOf = (kind: Clause['kind'], of = terms) =>
  of.clauses.find((clause) => clause.kind === kind) as Clause
const onChain = 'Whoever holds the records can prove it on chain.'
const byServices = 'Only the services judge it, and take it from what is not guaranteed.'

it('says a limit and what it costs in one breath', () => {
  expect(describeClause(limit)).toBe(
    `Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens. ${onChain}`,
  )
  expect(describeClause(limit, terms)).toBe(
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens, ' +
      `at most 200 (supplier) or 50 (shipper-x, shipper-y) in all. ${onChain}`,
  )
})

it('says one cap for all where it is the same for all', () => {
  const equal = structuredClone(terms)
  for (const party of parties(equal)) if (party.role === 'payee') party.penaltyCap = `50${'0'.repeat(18)}`
  expect(describeClause(limit, equal)).toContain('costs its custodian 10 tokens, at most 50 in all.')
})

it('names a beneficiary other than the payer', () => {
  const beneficiary = parties(terms)[1]?.wallet ?? '0x'
  const text = describeClause({ ...limit, penalty: { ...limit.penalty, beneficiary } }, terms)
  expect(text).toContain('in all. It is paid to supplier; what supplier itself is charged, to factory.')
})

it('says steps and caps where there are any', () => {
  const token = (tokens: number) => `${tokens}${'0'.repeat(18)}`
  const steps = { step: 500, perStep: token(2), caseMax: token(50) }
  expect(priced(steps)).toContain(
    '10 tokens and 2 more for each full 0.5 °C beyond that, at most 50 each time.',
  )
  expect(priced({ ...steps, base: '0' })).toContain(
    'costs its custodian 2 tokens for each full 0.5 °C beyond that, at most 50 each time.',
  )
  expect(priced({ limitMax: token(30) })).toContain('10 tokens, at most 30 together.')
  expect(priced({ limitMax: UNLIMITED })).not.toContain('together')
})

it.each<[Partial<InstantaneousLimitClause>, string]>([
  [{ side: 'below', bound: -500 }, 'Temperature must not fall below -0.5 °C.'],
  [{ metric: 'gforce', bound: 8000 }, 'Shock must not rise above 8.0 g.'],
  [{ metric: 'tilt', bound: 30_000 }, 'Tilt must not rise above 30.0°.'],
  [{ metric: 'door', bound: 0 }, 'The door must stay closed.'],
  [{ metric: 'motion', bound: 0 }, 'The package must not move.'],
  [{ metric: 'airExposure', bound: 300 }, 'Air exposure must not rise above 300 ppb.'],
  [
    { startUpMs: 1_800_000 },
    'Temperature must not rise above 40.0 °C. Readings of the first 30 minutes do not count.',
  ],
  [
    { penalty: { ...limit.penalty, base: `1${'0'.repeat(18)}` } },
    'Temperature must not rise above 40.0 °C. Each excursion costs its custodian 1 token.',
  ],
])('renders %o', (change, text) => {
  expect(textOf(change).startsWith(text)).toBe(true)
})

it('reads well in every clause without a price', () => {
  expect(describeClause(clauseOf('route'))).toBe('The goods travel from Supplier to Factory.')
  expect(describeClause(clauseOf('windows'))).toBe(
    'Breaches can be proven until 7 days after delivery. Whoever is charged can contest for 3 days, against a bond of at least ' +
      '0.02 ether; the answer has 3 days. Guarantees can be claimed 14 days after settlement. The device is silent for at most ' +
      '1 hour, seals its records every 6 hours and signs every envelope post-quantum. ' +
      'An offered handover stays open for 100 envelopes.',
  )
  expect(describeClause(clauseOf('tender', coldChain))).toBe(
    'Goods offered within latitudes 52.5185° to 52.528° and longitudes 13.37° to 13.388° are on time from then on, and are ' +
      'delivered 12 hours later unless the payer refuses them with reasons.',
  )
  const [toShipper] = channels(terms).filter(({ from }) => from !== payer(terms).wallet) as [ChannelClause]
  expect(describeClause(toShipper, terms)).toBe(
    'Off chain, shipper-x is paid over a payment channel from supplier.',
  )
  expect(describeClause(toShipper)).toContain(`${toShipper.to} is paid over a payment channel from 0x`)
  expect(describeTerms(terms).split('\n')).toHaveLength(terms.clauses.length)
  expect(describeTerms(terms)).toContain(
    'shipper-x carries the goods for 50 tokens, of which penalties take at most 50.\n',
  )
})

it('says what only happens late, and when goods are lost', () => {
  expect(describeClause(clauseOf('deadline'))).toBe(
    'The goods must be delivered by 2026-11-15 00:00 UTC. Goods that have not come by 2026-11-29 00:00 UTC count as lost; ' +
      `that costs the custodian 200 tokens. ${onChain}`,
  )
  const free = { ...clauseOf('deadline'), lossPenalty: '0' } as Clause
  expect(describeClause(free)).toContain('by 2026-11-29 00:00 UTC count as lost. Whoever')
  expect(describeClause({ ...free, lostAfterMs: 0 } as Clause)).toBe(
    `The goods must be delivered by 2026-11-15 00:00 UTC. ${onChain}`,
  )
  expect(describeClause(clauseOf('deadline', coldChain))).toContain(
    'Being late costs the custodian who has the goods then 50 tokens and 25 more for each full hour beyond that, ' +
      'at most 250 each time. Goods that have not come by 2026-11-11 00:00 UTC count as lost',
  )
})

it.each<[CostlyClause['kind'], string, string]>([
  [
    'limit.single',
    'Temperature must not be above 8.0 °C for 30 minutes or more at a time. Between two values a straight line counts, gaps of more ' +
      'than 30 minutes do not. Readings of the first 30 minutes do not count. Each excursion costs its custodian 20 tokens and 5 more ' +
      'for each full 10 minutes beyond that, at most 120 each time, at most 240 together.',
    onChain,
  ],
  [
    'limit.cumulative',
    'Temperature must not be above 8.0 °C for 1 hour or more in all while one party has the goods. Each value counts until the next ' +
      'one, gaps of more than 20 minutes do not.',
    onChain,
  ],
  [
    'limit.meanKinetic',
    'The mean kinetic temperature while one party has the goods must not rise above 8.0 °C.',
    byServices,
  ],
  [
    'limit.geofence',
    'The goods must not be outside latitudes 35.5° to 71.2° and longitudes -10.6° to 31.6° for 1 hour or more at a time. ' +
      'Each value counts until the next one, gaps of more than 30 minutes do not. Each time costs its custodian 100 tokens',
    byServices,
  ],
  [
    'silence',
    'Each envelope begins at most 45 minutes after the one before it. Each longer silence costs its custodian 20 tokens and 10 more ' +
      'for each full hour beyond that, at most 100 each time. Silence at the end is claimed against a bond of 0.01 ether and can ' +
      'be refuted for 1 day.',
    onChain,
  ],
  [
    'tamper',
    'The device must not sign two different envelopes under one number. Each fork costs the custodian in whose leg it lies 900 tokens.',
    onChain,
  ],
])('says of %s what counts, what it costs and who can prove it', (kind, text, proof) => {
  const described = describeClause(clauseOf(kind, coldChain))
  expect(described.startsWith(text)).toBe(true)
  expect(described.endsWith(proof)).toBe(true)
})

it('says whose milestone it is', () => {
  expect(describeClause(clauseOf('milestone', coldChain), coldChain)).toMatch(
    /^vaccine-maker must have handed over by 2026-11-01 12:00 UTC\. Being late costs it 40 tokens, /,
  )
})

it('names the chain for what the chain proves and the services for the rest', () => {
  const services = costly(coldChain).filter((clause) => !isProvableOnChain(clause))
  expect(services.map(({ kind }) => kind)).toEqual([
    'limit.cumulative',
    'limit.meanKinetic',
    'limit.geofence',
    'limit.geofence',
  ])
  expect(services[0]).toMatchObject({ scope: 'shipment' })
  for (const clause of costly(coldChain)) {
    expect(describeClause(clause)).toContain(services.includes(clause) ? byServices : onChain)
  }
})
