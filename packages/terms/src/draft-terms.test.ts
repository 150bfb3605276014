import { describe, expect, it } from 'vitest'
import { UNLIMITED } from './clause-fields.ts'
import { CLAUSE_KINDS } from './clauses.ts'
import type { TermsDraft } from './draft.ts'
import { draftTerms } from './draft-terms.ts'
import { parseTerms } from './parse.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'
import { exampleDraft, exampleDrafts } from './vectors/examples.ts'
import {
  carriers,
  clauseByLimitId,
  costly,
  deadline,
  general,
  geofences,
  limits,
  milestones,
  partyByName,
  partyByWallet,
  payee,
  payer,
  route,
  silence,
  tamper,
  tender,
  windows,
} from './views.ts'

const TOKEN = 10n ** 18n
const HOUR_MS = 3_600_000

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
        penalty: {
          base: String(10n * TOKEN),
          perStep: '0',
          step: 0,
          caseMax: String(10n * TOKEN),
          limitMax: UNLIMITED,
          beneficiary: payer(terms).wallet,
        },
      },
    ])
    expect(deadline(terms)).toMatchObject({
      limitId: 2,
      deliverByMs: facts.nowMs + 336 * HOUR_MS,
      lostAfterMs: facts.nowMs + 672 * HOUR_MS,
      lossPenalty: String(200n * TOKEN),
      penalty: { base: '0', perStep: '0', step: 0, caseMax: '0', limitMax: UNLIMITED },
    })
    expect(general(terms)).toMatchObject({
      partyCount: 4,
      amountTotal: String(300n * TOKEN),
      guaranteeTotal: String(60n * TOKEN),
    })
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
    expect(limits(terms)[3]?.penalty.beneficiary).toBe(payee(terms).wallet)
    expect(partyByName(terms, 'shipper-x')?.penaltyCap).toBe(String(20n * TOKEN))
    expect(general(terms).guaranteeBps).toBe(2500)
    expect(windows(terms)).toMatchObject({
      silenceMsMax: 1_800_000,
      sealEveryMs: 7_200_000,
      checkpointEvery: 4,
    })
  })

  it('turns every kind of the cold chain into fixed units', () => {
    const { terms, facts } = sampleAgreement(exampleDraft('cold-chain'))
    expect(terms.clauses.map(({ kind }) => CLAUSE_KINDS[kind])).toEqual([
      1, 2, 2, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8, 8, 9, 9, 9, 10, 11, 11, 12, 13, 14, 14, 15, 16, 16, 16,
    ])
    expect(
      costly(terms)
        .map(({ limitId }) => limitId)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 17 }, (_, i) => i + 1))
    const tokens = (amount: bigint) => String(amount * TOKEN)
    expect(clauseByLimitId(terms, 1)).toMatchObject({
      bound: 45_000,
      startUpMs: 1_800_000,
      penalty: { base: tokens(250n), perStep: tokens(25n), step: 1000, caseMax: tokens(900n) },
    })
    expect(clauseByLimitId(terms, 3)).toMatchObject({
      kind: 'limit.single',
      durationMs: 1_800_000,
      gapMsMax: 1_800_000, // as long as the device may be silent
      between: 'linear',
      penalty: { step: 600_000, limitMax: tokens(240n) },
    })
    expect(clauseByLimitId(terms, 7)).toMatchObject({
      scope: 'shipment',
      between: 'worstCase',
      gapMsMax: 1_800_000,
    })
    expect(clauseByLimitId(terms, 8)).toMatchObject({ kind: 'limit.meanKinetic', penalty: { step: 500 } })
    expect(geofences(terms)[0]).toMatchObject({ latitudeMin: 355_000_000, longitudeMin: -106_000_000 })
    expect(deadline(terms)).toMatchObject({
      lostAfterMs: facts.nowMs + 240 * HOUR_MS,
      lossPenalty: tokens(4000n),
    })
    expect(silence(terms)).toMatchObject({ refuteMs: 24 * HOUR_MS, bondWei: '10000000000000000' })
    expect(milestones(terms).map(({ party }) => partyByWallet(terms, party)?.name)).toEqual([
      'vaccine-maker',
      'airline',
    ])
    expect(tamper(terms)?.penalty.beneficiary).toBe(payee(terms).wallet)
    expect(tender(terms)).toMatchObject({ latitudeMin: 525_185_000, graceMs: 12 * HOUR_MS })
    expect(windows(terms)).toMatchObject({ contestMs: 72 * HOUR_MS, contestBondWei: '30000000000000000' })
    expect(general(terms)).toMatchObject({ amountTotal: tokens(5200n), guaranteeTotal: tokens(1560n) })
  })

  it('counts times in milliseconds, exactly where a number can only come near', () => {
    const hours = [1 / 3, 2 / 3600, 5 * (1 / 3600), 0.0003, 87_840] as const
    const countedMs = hours.map((contestHours) => {
      const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, windows: { contestHours } })
      return windows(terms).contestMs
    })
    expect(countedMs).toEqual([1_200_000, 2000, 5000, 1080, 316_224_000_000])
  })

  it('caps a case with steps at all that penalties can take, within the cap of the clause', () => {
    const penaltyOf = (more: object) => {
      const limits = [
        { metric: 'temperature', above: 40, perStepTokens: 1, step: 1, ...more },
      ] as TermsDraft['limits']
      return clauseByLimitId(sampleAgreement({ ...SAMPLE_DRAFT, limits }).terms, 1)?.penalty
    }
    expect(penaltyOf({})).toMatchObject({ base: '0', caseMax: String(200n * TOKEN), limitMax: UNLIMITED })
    expect(penaltyOf({ limitMaxTokens: 30 })).toMatchObject({ caseMax: String(30n * TOKEN) })
    expect(() => penaltyOf({ penaltyTokens: 250 })).toThrow(
      /caseMax: must not be less than 251\d+, base and one step/,
    )
  })

  it('refuses what can never come to pass before the deadline', () => {
    const limits: TermsDraft['limits'] = [
      { metric: 'temperature', kind: 'single', above: 8, minutes: 300, penaltyTokens: 1 },
    ]
    expect(() => sampleAgreement({ ...SAMPLE_DRAFT, limits, deadlineHours: 5 })).toThrow(
      expect.objectContaining({ code: 'terms.unreachable', message: expect.stringContaining('durationMs') }),
    )
  })

  it('orders parties whatever order the draft has, and leaves out what it leaves out', () => {
    const draft: TermsDraft = { parties: SAMPLE_DRAFT.parties.toReversed(), limits: [] }
    const { terms } = sampleAgreement(draft)
    expect([payer(terms).index, payee(terms).index, ...carriers(terms).map(({ name }) => name)]).toEqual([
      0,
      1,
      'shipper-y',
      'shipper-x',
    ])
    expect([silence(terms), route(terms)]).toEqual([undefined, undefined])
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
