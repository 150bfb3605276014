import { describe, expect, it } from 'vitest'
import { parseTermsDraft } from './draft.ts'
import { SAMPLE_DRAFT } from './testing.ts'
import { exampleDraft, exampleDrafts } from './vectors/examples.ts'

const [factory, supplier, ...shippers] = SAMPLE_DRAFT.parties as [object, object, ...object[]]
const [limit] = SAMPLE_DRAFT.limits as [object]
const FENCE = { rule: 'stayInside', box: { south: 1, north: 2, west: 3, east: 4 }, penaltyTokens: 1 } as const

describe('parseTermsDraft', () => {
  it('fills in the documented defaults', () => {
    const { deadline, guaranteePercent, classicalUntil, windows } = parseTermsDraft(SAMPLE_DRAFT)
    expect({ deadline, guaranteePercent, classicalUntil, windows }).toEqual({
      deadline: { hours: 336 },
      guaranteePercent: 0,
      classicalUntil: '2035-01-01',
      windows: {
        disputeHours: 168,
        contestHours: 72,
        answerHours: 72,
        paymentHours: 336,
        silenceMinutesMax: 60,
        sealEveryHours: 6,
        checkpointEvery: 1,
        offerTtlEnvelopes: 100,
        contestBondEth: '0.02',
      },
    })
  })

  it.each(Object.keys(exampleDrafts()))('takes the completed draft %s again', (name) => {
    const complete = parseTermsDraft(exampleDraft(name))
    expect(parseTermsDraft(JSON.parse(JSON.stringify(complete)))).toEqual(complete)
  })

  it('takes a deadline in either form', () => {
    const deadlineOf = (draft: object) => parseTermsDraft({ ...SAMPLE_DRAFT, ...draft }).deadline
    expect(deadlineOf({ deadlineHours: 5 })).toEqual({ hours: 5 })
    expect(deadlineOf({ deadline: { hours: 5 } })).toEqual({ hours: 5 })
  })

  const withLimit = (change: object) => ({ ...SAMPLE_DRAFT, limits: [{ ...limit, ...change }] })
  const withMore = (more: object) => ({ ...SAMPLE_DRAFT, ...more })
  const withParties = (...parties: unknown[]) => ({ ...SAMPLE_DRAFT, parties })
  it.each<[string, unknown, string, string]>([
    ['no object', [], 'draft.schema', 'must be a JSON object'],
    ['an unknown field', { ...SAMPLE_DRAFT, deadlines: 3 }, 'draft.schema', 'unknown field "deadlines"'],
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
    ['an unknown kind of limit', withLimit({ kind: 'average' }), 'draft.schema', 'limits[0].kind'],
    [
      'a limit over time without a time',
      withLimit({ kind: 'single' }),
      'draft.schema',
      'limits[0].minutes: say how many',
    ],
    [
      'a field of another kind',
      withLimit({ minutes: 5 }),
      'draft.schema',
      'limits[0].minutes: does not belong to a limit of kind instantaneous',
    ],
    [
      'a scope of a single excursion',
      withLimit({ kind: 'single', minutes: 5, scope: 'leg' }),
      'draft.schema',
      'limits[0].scope',
    ],
    [
      'a step in the wrong unit',
      withLimit({ perStepTokens: 1, stepMinutes: 5 }),
      'draft.schema',
      'limits[0].stepMinutes: does not belong',
    ],
    ['a price of no step', withLimit({ perStepTokens: 1 }), 'draft.schema', 'limits[0].step: say how large'],
    [
      'a step without price',
      withLimit({ step: 1 }),
      'draft.schema',
      'limits[0].perStepTokens: say what each step costs',
    ],
    [
      'a limit without price',
      withLimit({ penaltyTokens: undefined }),
      'draft.schema',
      'limits[0].penaltyTokens: say what a breach costs',
    ],
    [
      'a mean kinetic humidity',
      withLimit({ kind: 'meanKinetic', metric: 'humidity' }),
      'draft.schema',
      'limits[0]: a mean kinetic limit is on temperature',
    ],
    [
      'a box beyond the map',
      withMore({ geofences: [{ ...FENCE, box: { ...FENCE.box, north: 'up' } }] }),
      'draft.schema',
      'geofences[0].box.north',
    ],
    [
      'a destination without an edge',
      withMore({ tender: { destination: { south: 1, north: 2, west: 3 } } }),
      'draft.schema',
      'tender.destination.east',
    ],
    [
      'no deadline',
      withMore({ deadlineHours: null }),
      'draft.schema',
      'deadlineHours: must be a number of hours: goods that never come must count as lost some day',
    ],
    [
      'goods that are never lost',
      withMore({ deadline: { hours: 5, lostAfterHours: null } }),
      'draft.schema',
      'deadline.lostAfterHours: must be a number of hours: goods that never come must count as lost some day',
    ],
    [
      'a duration finer than time is counted',
      withLimit({ kind: 'single', minutes: 1e-9 }),
      'draft.schema',
      'limits[0].minutes: is finer than time is counted',
    ],
    [
      'a step of no whole number of milliseconds',
      withMore({ deadline: { hours: 5, perStepTokens: 1, stepMinutes: 0.33333333 } }),
      'draft.schema',
      'deadline.stepMinutes: is finer than time is counted',
    ],
    [
      'a window that rounds to nothing',
      withMore({ windows: { contestHours: 1e-9 } }),
      'draft.schema',
      'windows.contestHours: is finer than time is counted',
    ],
    [
      'two deadlines',
      withMore({ deadlineHours: 5, deadline: { hours: 6 } }),
      'draft.schema',
      'deadlineHours: the deadline is given already',
    ],
    [
      'lateness by steps without price',
      withMore({ deadline: { hours: 6, stepMinutes: 5 } }),
      'draft.schema',
      'deadline.penaltyTokens',
    ],
    ['free silence', withMore({ silence: {} }), 'draft.schema', 'silence.penaltyTokens'],
    [
      'a bond that is no number',
      withMore({ silence: { penaltyTokens: 1, bondEth: 'all' } }),
      'draft.schema',
      'silence.bondEth: "all" is not an amount of ether',
    ],
    [
      'steps of tampering',
      withMore({ tamper: { penaltyTokens: 1, perStepTokens: 1 } }),
      'draft.schema',
      'tamper: unknown field "perStepTokens"',
    ],
    [
      'a milestone of nobody',
      withMore({ milestones: [{ party: 'nobody', hours: 1, penaltyTokens: 1 }] }),
      'draft.milestone',
      'milestones[0].party: no party that is paid',
    ],
    [
      'a milestone of the payer',
      withMore({ milestones: [{ party: 'factory', hours: 1, penaltyTokens: 1 }] }),
      'draft.milestone',
      'milestones[0].party',
    ],
    [
      'silence that pays nobody',
      withMore({ silence: { penaltyTokens: 1, beneficiary: 'insurer' } }),
      'draft.beneficiary',
      'silence.beneficiary: no party',
    ],
    [
      'a geofence that pays nobody',
      withMore({ geofences: [{ ...FENCE, beneficiary: 'insurer' }] }),
      'draft.beneficiary',
      'geofences[0].beneficiary',
    ],
    [
      'the tender of the windows',
      withMore({ windows: { tenderGraceHours: 24 } }),
      'draft.schema',
      'windows: unknown field "tenderGraceHours"',
    ],
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
