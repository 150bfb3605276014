import { describe, expect, it } from 'vitest'
import { parseTermsDraft, type TermsDraft } from './draft.ts'
import { draftTerms } from './draft-terms.ts'
import { parseTerms } from './parse.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'
import { exampleDraft, exampleDrafts } from './vectors/examples.ts'
import { carriers, deadline, general, limits, partyByName, payee, payer, route, windows } from './views.ts'

const TOKEN = 10n ** 18n
const [factory, supplier, ...shippers] = SAMPLE_DRAFT.parties as [object, object, ...object[]]
const [limit] = SAMPLE_DRAFT.limits as [object]

describe('parseTermsDraft', () => {
  it('fills in the documented defaults', () => {
    const { deadlineHours, guaranteePercent, classicalUntil, windows } = parseTermsDraft(SAMPLE_DRAFT)
    expect({ deadlineHours, guaranteePercent, classicalUntil, windows }).toEqual({
      deadlineHours: 336,
      guaranteePercent: 0,
      classicalUntil: '2035-01-01',
      windows: {
        disputeHours: 168,
        silenceMinutesMax: 60,
        sealEveryHours: 6,
        tenderGraceHours: 24,
        checkpointEvery: 1,
        offerTtlEnvelopes: 100,
      },
    })
  })

  it('takes a completed draft again', () => {
    const complete = parseTermsDraft(exampleDraft('sc-b'))
    expect(parseTermsDraft(JSON.parse(JSON.stringify(complete)))).toEqual(complete)
  })

  const withLimit = (change: object) => ({ ...SAMPLE_DRAFT, limits: [{ ...limit, ...change }] })
  const withParties = (...parties: unknown[]) => ({ ...SAMPLE_DRAFT, parties })
  it.each<[string, unknown, string, string]>([
    ['no object', [], 'draft.schema', 'must be a JSON object'],
    ['an unknown field', { ...SAMPLE_DRAFT, deadline: 3 }, 'draft.schema', 'unknown field "deadline"'],
    ['no limits at all', { parties: SAMPLE_DRAFT.parties }, 'draft.schema', 'limits: must be a list'],
    [
      'a mistyped field of a limit',
      withLimit({ abvoe: 4 }),
      'draft.schema',
      'limits[0]: unknown field "abvoe"',
    ],
    [
      'an unknown metric',
      withLimit({ metric: 'radiation' }),
      'draft.schema',
      'limits[0].metric: must be a known metric',
    ],
    ['an unknown kind of limit', withLimit({ kind: 'cumulative' }), 'draft.schema', 'limits[0].kind'],
    [
      'a limit without bound',
      withLimit({ above: undefined }),
      'draft.schema',
      'limits[0]: must say above, below or both',
    ],
    [
      'a bound that is too fine',
      withLimit({ above: '40.0001' }),
      'draft.schema',
      'limits[0].above: 40.0001 is finer',
    ],
    ['a bound as a word', withLimit({ above: 'hot' }), 'draft.schema', 'limits[0].above'],
    ['a negative penalty', withLimit({ penaltyTokens: -1 }), 'draft.schema', 'limits[0].penaltyTokens'],
    [
      'a penalty to nobody',
      withLimit({ beneficiary: 'insurer' }),
      'draft.beneficiary',
      'limits[0].beneficiary: no party',
    ],
    [
      'a deadline in the past',
      { ...SAMPLE_DRAFT, deadlineHours: -1 },
      'draft.schema',
      'deadlineHours: must be more than 0',
    ],
    ['a guarantee above all', { ...SAMPLE_DRAFT, guaranteePercent: 101 }, 'draft.schema', 'guaranteePercent'],
    [
      'no date',
      { ...SAMPLE_DRAFT, classicalUntil: 'soon' },
      'draft.schema',
      'classicalUntil: must be a date',
    ],
    ['no payer', withParties(supplier, ...shippers), 'draft.parties', 'role payer, 0 have'],
    [
      'two payees',
      withParties(factory, supplier, { ...supplier, name: 'other' }),
      'draft.parties',
      'role payee, 2 have',
    ],
    [
      'one name twice',
      withParties(factory, supplier, shippers[0], shippers[0]),
      'draft.parties',
      'parties[3].name',
    ],
    [
      'a paid payer',
      withParties({ ...factory, amountTokens: 1 }, supplier),
      'draft.parties',
      'parties[0]: the payer pays',
    ],
    [
      'an unpaid carrier',
      withParties(factory, supplier, { name: 'x', role: 'carrier' }),
      'draft.parties',
      'parties[2].amountTokens',
    ],
    [
      'a cap above the amount',
      withParties(factory, { ...supplier, penaltyCapTokens: 201 }),
      'draft.parties',
      'parties[1].penaltyCapTokens',
    ],
    [
      'an amount with too many decimals',
      withParties(factory, { ...supplier, amountTokens: '0.0000000000000000001' }),
      'draft.schema',
      'parties[1].amountTokens',
    ],
  ])('refuses %s and names the field', (_what, json, code, message) => {
    expect(() => parseTermsDraft(json)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})

describe('draftTerms', () => {
  it.each(Object.keys(exampleDrafts()))('turns the example %s into terms that parse', (name) => {
    const { terms } = sampleAgreement(exampleDraft(name))
    expect(parseTerms(JSON.parse(JSON.stringify(terms)))).toEqual(terms)
  })

  it('keeps what the default example says', () => {
    const { terms, facts } = sampleAgreement(exampleDraft('default'))
    expect([payer(terms).name, payee(terms).name, ...carriers(terms).map(({ name }) => name)]).toEqual([
      'factory',
      'supplier',
      'shipper-x',
      'shipper-y',
    ])
    expect(carriers(terms).map(({ amount, penaltyCap }) => [amount, penaltyCap])).toEqual([
      [String(50n * TOKEN), String(50n * TOKEN)],
      [String(50n * TOKEN), String(50n * TOKEN)],
    ])
    expect(limits(terms)).toMatchObject([
      {
        limitId: 1,
        metric: 'temperature',
        side: 'above',
        bound: 40_000,
        penalty: String(10n * TOKEN),
        beneficiary: payer(terms).wallet,
      },
    ])
    expect(deadline(terms)?.deliverByMs).toBe(facts.nowMs + 336 * 3_600_000)
  })

  it('keeps everyday units exact', () => {
    const { terms } = sampleAgreement(exampleDraft('sc-b'))
    expect(limits(terms).map(({ limitId, metric, side, bound }) => [limitId, metric, side, bound])).toEqual([
      [1, 'temperature', 'above', 25_000],
      [2, 'temperature', 'below', 2000],
      [3, 'humidity', 'above', 65_500],
      [4, 'gforce', 'above', 8000],
      [5, 'door', 'above', 0],
    ])
    expect(limits(terms)[3]?.beneficiary).toBe(payee(terms).wallet)
    expect(partyByName(terms, 'shipper-x')?.penaltyCap).toBe(String(20n * TOKEN))
    expect(general(terms).guaranteeBps).toBe(2500)
    expect(windows(terms)).toMatchObject({
      silenceMsMax: 1_800_000,
      sealEveryMs: 7_200_000,
      checkpointEvery: 4,
    })
  })

  it('orders parties whatever order the draft has, and leaves out what it leaves out', () => {
    const draft: TermsDraft = { parties: SAMPLE_DRAFT.parties.toReversed(), limits: [], deadlineHours: null }
    const { terms } = sampleAgreement(draft)
    expect([payer(terms).index, payee(terms).index, ...carriers(terms).map(({ name }) => name)]).toEqual([
      0,
      1,
      'shipper-y',
      'shipper-x',
    ])
    expect([deadline(terms), route(terms)]).toEqual([undefined, undefined])
  })

  it('takes addresses in checksum case and writes them in lower case', () => {
    const { facts } = sampleAgreement()
    const token = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
    const terms = draftTerms(SAMPLE_DRAFT, { ...facts, token }, saltFrom(1))
    expect(general(terms).token).toBe(token.toLowerCase())
  })

  const { facts } = sampleAgreement()
  it('refuses a party whose keys are not given', () => {
    const { 'shipper-y': _, ...parties } = facts.parties
    expect(() => draftTerms(SAMPLE_DRAFT, { ...facts, parties }, saltFrom(1))).toThrow(
      expect.objectContaining({ code: 'draft.keys', message: expect.stringContaining('"shipper-y"') }),
    )
  })

  it('refuses limits that contradict each other', () => {
    const draft: TermsDraft = {
      ...SAMPLE_DRAFT,
      limits: [{ metric: 'temperature', above: 2, below: 8, penaltyTokens: 1 }],
    }
    expect(() => draftTerms(draft, facts, saltFrom(1))).toThrow(
      expect.objectContaining({ code: 'terms.contradictory' }),
    )
  })

  it('refuses a wrong SSCC and salts that repeat', () => {
    expect(() => draftTerms(SAMPLE_DRAFT, { ...facts, shipment: '000000000000000001' }, saltFrom(1))).toThrow(
      expect.objectContaining({ code: 'terms.sscc' }),
    )
    expect(() => draftTerms(SAMPLE_DRAFT, facts, () => new Uint8Array(32))).toThrow(
      expect.objectContaining({ code: 'terms.duplicate', message: expect.stringContaining('salt') }),
    )
  })
})

function saltFrom(first: number): () => Uint8Array {
  let next = first
  return () => new Uint8Array(32).fill(next++)
}
