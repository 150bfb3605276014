/** What can never be kept, and what can never cost anything: each draft is refused with code, field and reason, its mended neighbour is taken. */
import { Refusal } from '@consign/envelope'
import { describe, expect, it } from 'vitest'
import { describeTerms } from './describe.ts'
import type { TermsDraft } from './draft.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'

function refusal(draft: Partial<TermsDraft>): string {
  try {
    sampleAgreement({ ...SAMPLE_DRAFT, ...draft })
  } catch (error) {
    if (error instanceof Refusal) return `${error.code} ${error.message}`
    throw error
  }
  return 'taken'
}

type Limit = TermsDraft['limits'][number]
type Fence = NonNullable<TermsDraft['geofences']>[number]
const hot = (more: Partial<Limit> = {}): Limit => ({ metric: 'temperature', penaltyTokens: 1, ...more })
const lasting = (more: Partial<Limit>): Limit => hot({ kind: 'single', minutes: 10, ...more })
const summed = (more: Partial<Limit>): Limit => hot({ kind: 'cumulative', minutes: 10, ...more })
const kinetic = (above: number): Limit => hot({ kind: 'meanKinetic', above })

describe('limits on one metric', () => {
  it.each<[string, Limit, string]>([
    ['a single one', lasting({ above: 10 }), 'above 10.0 °C nor below 20.0 °C'],
    ['a cumulative one', summed({ above: 19.999 }), 'above 19.999 °C nor below 20.0 °C'],
    ['one of the shipment', summed({ above: 10, scope: 'shipment' }), 'above 10.0 °C nor below 20.0 °C'],
    ['a mean kinetic one', kinetic(8), 'above 8.0 °C nor below 20.0 °C'],
  ])('are refused when what keeps an instantaneous one breaks %s', (_what, limit, bounds) => {
    expect(refusal({ limits: [hot({ below: 20 }), limit] })).toBe(
      `terms.contradictory clauses[10].bound: temperature may not be ${bounds}, so whatever keeps clauses[6] breaks this limit; change one bound`,
    )
    expect(refusal({ limits: [hot({ below: limit.above }), limit] })).toBe('taken')
    expect(refusal({ limits: [hot({ metric: 'humidity', below: 20 }), limit] })).toBe('taken')
  })

  it('are refused so from below too', () => {
    expect(refusal({ limits: [hot({ above: 10 }), lasting({ below: 20 })] })).toContain(
      'terms.contradictory clauses[10].bound: temperature may not be above 10.0 °C nor below 20.0 °C',
    )
  })

  it('may leave no value at rest when each permits short excursions', () => {
    expect(refusal({ limits: [lasting({ above: 10 }), lasting({ below: 20 })] })).toBe('taken')
    expect(refusal({ limits: [lasting({ above: 10 }), summed({ below: 20 })] })).toBe('taken')
    const aired: Limit[] = [
      lasting({ metric: 'door', above: 0 }),
      lasting({ metric: 'door', below: 1, minutes: 60 }),
    ]
    expect(refusal({ limits: aired })).toBe('taken')
  })
})

describe('a fence', () => {
  const basel = { south: 47.5, north: 47.6, west: 7.5, east: 7.7 }
  const berlin = { south: 52.3, north: 52.7, west: 13.1, east: 13.8 }
  const europe = { south: 35, north: 71, west: -11, east: 32 }
  const fence = (rule: Fence['rule'], box: Fence['box'], minutes = 0): Fence => ({
    ...{ rule, box, minutes, penaltyTokens: 1 },
  })

  it.each([0, 60])('of %i minutes is refused when no place keeps it and another', (minutes) => {
    expect(
      refusal({ geofences: [fence('stayInside', basel, minutes), fence('stayInside', berlin, minutes)] }),
    ).toContain(
      'terms.contradictory clauses[11].rule: goods must stay inside the box of clauses[10] too, which lies apart',
    )
    for (const [one, other] of [
      [fence('stayInside', basel, minutes), fence('stayOutside', europe, minutes)],
      [fence('stayOutside', europe, minutes), fence('stayInside', basel, minutes)],
    ] as [Fence, Fence][]) {
      expect(refusal({ geofences: [one, other] })).toMatch(
        /^terms.contradictory clauses\[11\].rule: the box of .* lies in that of .*, so no place is permitted$/,
      )
    }
  })

  it('is taken when some place keeps both, be it an edge', () => {
    const beside = { ...basel, west: 7.7, east: 7.8 }
    expect(refusal({ geofences: [fence('stayInside', basel), fence('stayInside', beside)] })).toBe('taken')
    expect(refusal({ geofences: [fence('stayInside', europe), fence('stayOutside', basel)] })).toBe('taken')
    expect(refusal({ geofences: [fence('stayOutside', basel), fence('stayOutside', berlin)] })).toBe('taken')
  })

  it('is refused when delivering breaks it, and taken when it permits the time that takes', () => {
    const tender = { destination: berlin }
    expect(refusal({ tender, geofences: [fence('stayInside', basel)] })).toMatch(
      /^terms.contradictory clauses\[10\].durationMs: the destination of clauses\[\d+\] lies outside the box/,
    )
    expect(refusal({ tender, geofences: [fence('stayOutside', europe)] })).toMatch(
      /^terms.contradictory clauses\[10\].durationMs: the destination of clauses\[\d+\] lies inside the box/,
    )
    expect(refusal({ tender, geofences: [fence('stayInside', basel, 30)] })).toBe('taken')
    expect(refusal({ tender, geofences: [fence('stayOutside', europe, 30)] })).toBe('taken')
    expect(refusal({ tender, geofences: [fence('stayInside', europe), fence('stayOutside', basel)] })).toBe(
      'taken',
    )
    const center = { south: 52.5, north: 52.6, west: 13.3, east: 13.4 }
    expect(refusal({ tender, geofences: [fence('stayOutside', center)] })).toBe('taken')
  })
})

describe('a step', () => {
  const stepped = (more: Partial<Limit>): Limit[] => [hot({ above: 40, perStepTokens: 5, step: 1, ...more })]

  it('is refused when a case may not cost as much as one', () => {
    const refused =
      'terms.unreachable clauses[6].penalty.caseMax: must not be less than 6000000000000000000, base and one step'
    expect(refusal({ limits: stepped({ caseMaxTokens: 1 }) })).toContain(refused)
    expect(refusal({ limits: stepped({ caseMaxTokens: 5.9 }) })).toContain(refused)
    expect(refusal({ limits: stepped({ caseMaxTokens: 6 }) })).toBe('taken')
  })

  it('is refused when nothing is ever that far outside', () => {
    expect(refusal({ limits: stepped({ step: 960.001 }) })).toContain(
      'terms.unreachable clauses[6].penalty.step: temperature is never 960.001 °C beyond the bound',
    )
    expect(refusal({ limits: stepped({ step: 960 }) })).toBe('taken')
    const below = { above: undefined, below: 40 }
    expect(refusal({ limits: stepped({ ...below, step: '313.151' }) })).toContain('is never 313.151 °C')
    expect(refusal({ limits: stepped({ ...below, step: '313.15' }) })).toBe('taken')
    expect(refusal({ limits: stepped({ kind: 'meanKinetic', step: 1000 }) })).toContain('terms.unreachable')
  })
})

it('a limit is refused when start-up and duration together outlast the first leg', () => {
  const slow = (hours: number) => lasting({ above: 8, startUpMinutes: 300 * 60, minutes: hours * 60 })
  expect(refusal({ limits: [slow(100)] })).toBe(
    'terms.unreachable clauses[9].durationMs: with startUpMs 1440000000 ms, which in the first leg are not over before the deadline, ' +
      '1209600000 ms from now',
  )
  expect(refusal({ limits: [slow(35)] })).toBe('taken')
})

describe('a breach', () => {
  const [factory, supplier, shipperX] = SAMPLE_DRAFT.parties as [object, object, object]
  const free = { penaltyCapTokens: 0 }
  const among = (...parties: object[]) => parties as TermsDraft['parties']
  const milestone = { party: 'shipper-x', hours: 5, penaltyTokens: 1 }
  const toSupplier = [hot({ above: 40, beneficiary: 'supplier' })]

  it('is refused when it costs only who is paid for it', () => {
    expect(refusal({ milestones: [{ ...milestone, beneficiary: 'shipper-x' }] })).toMatch(
      /^terms.beneficiary clauses\[\d+\].penalty.beneficiary: shipper-x is the only one whom this can cost anything, and would pay itself/,
    )
    expect(refusal({ milestones: [{ ...milestone, beneficiary: 'supplier' }] })).toBe('taken')
    const alone = 'terms.beneficiary clauses[4].penalty.beneficiary: supplier is the only one'
    expect(refusal({ parties: among(factory, supplier), limits: toSupplier })).toContain(alone)
    expect(
      refusal({ parties: among(factory, supplier, { ...shipperX, ...free }), limits: toSupplier }),
    ).toContain('supplier is the only one')
    expect(refusal({ parties: among(factory, supplier, shipperX), limits: toSupplier })).toBe('taken')
  })

  it('is refused when it costs nobody, as all whom it could are exempt', () => {
    const exempt = among(factory, { ...supplier, ...free }, { ...shipperX, ...free })
    expect(refusal({ parties: exempt })).toContain(
      'terms.unreachable clauses[5].penalty: can never be charged, as every penaltyCap is 0',
    )
    expect(refusal({ parties: exempt, limits: [] })).toBe('taken')
    expect(
      refusal({ parties: among(factory, supplier, { ...shipperX, ...free }), milestones: [milestone] }),
    ).toMatch(/^terms.unreachable clauses\[\d+\].party: can never be charged, as its penaltyCap is 0/)
  })

  it('may cost some parties nothing; the plain words say so', () => {
    const parties = among(factory, supplier, { ...shipperX, ...free })
    expect(describeTerms(sampleAgreement({ ...SAMPLE_DRAFT, parties }).terms)).toContain(
      'shipper-x carries the goods for 50 tokens and is exempt from penalties.',
    )
  })
})
