/** What the checks of limits, penalties and times refuse: always with code, field and reason. */
import { Refusal } from '@consign/envelope'
import { describe, expect, it } from 'vitest'
import { UNLIMITED } from './clause-fields.ts'
import type { Clause, ClauseKind } from './clauses.ts'
import { inDocumentOrder } from './order.ts'
import { parseTerms } from './parse.ts'
import { sampleAgreement } from './testing.ts'
import { exampleDraft } from './vectors/examples.ts'

const { terms, facts } = sampleAgreement(exampleDraft('cold-chain'))
const HOUR_MS = 3_600_000
const WORLD = {
  latitudeMin: -900_000_000,
  latitudeMax: 900_000_000,
  longitudeMin: -1_800_000_000,
  longitudeMax: 1_800_000_000,
}

type Loose = Record<string, unknown> & { kind: string; penalty: object }
const indexOf = (kind: ClauseKind): number => terms.clauses.findIndex((clause) => clause.kind === kind)

/** `#` stands for where the first clause of this kind is. */
const placed = (kind: ClauseKind, reason: string): string => reason.replace('#', String(indexOf(kind)))

/** The terms with the first clause of this kind changed. */
function changed(kind: ClauseKind, change: object): unknown {
  const copy = structuredClone(terms) as { clauses: unknown[] }
  const index = indexOf(kind)
  copy.clauses[index] = { ...(copy.clauses[index] as object), ...change }
  return copy
}

const pricedAt = (kind: ClauseKind, change: object) =>
  changed(kind, { penalty: { ...(terms.clauses[indexOf(kind)] as unknown as Loose).penalty, ...change } })

/** The terms with one more clause: that of this kind, changed, under a free limitId. */
function withAnother(kind: ClauseKind, change: object): unknown {
  const copy = structuredClone(terms)
  const salt = `0x${'5a'.repeat(32)}`
  copy.clauses.push({
    ...structuredClone(copy.clauses[indexOf(kind)]),
    salt,
    limitId: 99,
    ...change,
  } as Clause)
  copy.clauses.sort(inDocumentOrder)
  return copy
}

function refusal(json: unknown, options = {}): string {
  try {
    parseTerms(json, options)
  } catch (error) {
    if (error instanceof Refusal) return `${error.code} ${error.message}`
    throw error
  }
  return 'taken'
}

describe('a penalty', () => {
  it.each<[string, object, string]>([
    [
      'a price for each step without a step',
      { step: 0 },
      'terms.penalty clauses[#].penalty.step: must be more than 0',
    ],
    [
      'a step without a price',
      { perStep: '0' },
      'terms.penalty clauses[#].penalty.perStep: must be more than 0',
    ],
    [
      'no cost at all',
      { base: '0', perStep: '0', step: 0 },
      'terms.penalty clauses[#].penalty.base: a breach must cost',
    ],
    [
      'a case that costs nothing',
      { base: '0', caseMax: '0' },
      'terms.penalty clauses[#].penalty.caseMax: must be more than 0',
    ],
    [
      'a case below its base',
      { base: '2', caseMax: '1' },
      'terms.penalty clauses[#].penalty.caseMax: must not be less than base 2',
    ],
    [
      'a clause below one case',
      { caseMax: '9', base: '2', limitMax: '8' },
      'terms.penalty clauses[#].penalty.limitMax: must not be less than caseMax 9',
    ],
    [
      'a stranger as beneficiary',
      { beneficiary: `0x${'99'.repeat(20)}` },
      'terms.beneficiary clauses[#].penalty.beneficiary',
    ],
  ])('is refused with %s', (_what, change, reason) => {
    expect(refusal(pricedAt('limit.instantaneous', change))).toContain(placed('limit.instantaneous', reason))
  })

  it.each<[string, object]>([
    ['without steps', { perStep: '0', step: 0 }],
    ['of steps alone', { base: '0' }],
    ['with a cap of all cases', { limitMax: '950000000000000000000' }],
    ['without one', { limitMax: UNLIMITED }],
  ])('is taken %s', (_what, change) => {
    expect(refusal(pricedAt('limit.instantaneous', change))).toBe('taken')
  })

  it('may be nothing for lateness alone: a deadline says when', () => {
    const free = { base: '0', perStep: '0', step: 0, caseMax: '0' }
    expect(refusal(pricedAt('deadline', free))).toBe('taken')
    expect(refusal(pricedAt('milestone', free))).toContain(
      placed('milestone', 'terms.penalty clauses[#].penalty.base'),
    )
  })

  it('never has steps for tampering, which has no extent', () => {
    expect(refusal(pricedAt('tamper', { perStep: '1', step: 1 }))).toContain(
      placed('tamper', 'terms.unreachable clauses[#].penalty.step'),
    )
  })

  it('has its limitId alone among all kinds', () => {
    expect(refusal(changed('tamper', { limitId: 1 }))).toContain(
      placed('tamper', 'terms.duplicate clauses[#].limitId: the same limitId as in'),
    )
  })
})

describe('a limit', () => {
  it.each<[string, ClauseKind, object, string]>([
    [
      'temperature below absolute zero',
      'limit.instantaneous',
      { side: 'below', bound: -273_151 },
      'terms.bound clauses[#].bound: -273.151 °C is no temperature',
    ],
    [
      'humidity above 100 %',
      'limit.single',
      { metric: 'humidity', bound: 100_001 },
      'terms.bound clauses[#].bound: 100.001 %RH is no humidity',
    ],
    [
      'latitude beyond the pole',
      'limit.single',
      { metric: 'latitude', bound: 900_000_001 },
      'terms.bound clauses[#].bound',
    ],
    [
      'a door that is neither open nor closed',
      'limit.single',
      { metric: 'door', bound: 2 },
      'terms.bound clauses[#].bound',
    ],
    [
      'light in the wrong unit',
      'limit.single',
      { metric: 'light', bound: -5 },
      'terms.bound clauses[#].bound',
    ],
    [
      'a door more open than open',
      'limit.single',
      { metric: 'door', bound: 1 },
      'terms.unreachable clauses[#].bound: door is never above 1',
    ],
    [
      'a door more closed than closed',
      'limit.single',
      { metric: 'door', side: 'below', bound: 0 },
      'terms.unreachable clauses[#].bound: door is never below 0',
    ],
    [
      'colder than absolute zero',
      'limit.single',
      { side: 'below', bound: -273_150 },
      'terms.unreachable clauses[#].bound',
    ],
    [
      'no gap in which time counts',
      'limit.single',
      { gapMsMax: 999 },
      'terms.unreachable clauses[#].gapMsMax: must be at least 1000 ms',
    ],
    ['no gap at all', 'limit.single', { gapMsMax: 0 }, 'terms.schema clauses[#].gapMsMax'],
    ['no duration', 'limit.single', { durationMs: 0 }, 'terms.schema clauses[#].durationMs'],
    ['no cumulative duration', 'limit.cumulative', { durationMs: 0 }, 'terms.schema clauses[#].durationMs'],
    [
      'mean kinetic humidity',
      'limit.meanKinetic',
      { metric: 'humidity' },
      'terms.schema clauses[#].metric: must be temperature',
    ],
    [
      'a mean kinetic temperature below',
      'limit.meanKinetic',
      { side: 'below' },
      'terms.schema clauses[#].side: must be above',
    ],
    [
      'no value that is permitted',
      'limit.instantaneous',
      { bound: -501 },
      'bound: temperature may not be above -0.501 °C nor below -0.5 °C',
    ],
  ])('is refused with %s', (_what, kind, change, reason) => {
    expect(refusal(changed(kind, change))).toContain(placed(kind, reason))
  })

  it.each<[ClauseKind, string]>([
    ['limit.instantaneous', 'the limit is the same as in clauses[#]'],
    ['limit.single', 'the limit is the same as in clauses[#]'],
    ['limit.cumulative', 'the limit is the same as in clauses[#]'],
    ['limit.meanKinetic', 'the limit is the same as in clauses[#]'],
    ['limit.geofence', 'says the same as clauses[#]'],
    ['milestone', 'is the same milestone as clauses[#]'],
  ])('is refused a second time: %s', (kind, reason) => {
    expect(refusal(withAnother(kind, {}))).toMatch(/^terms\.contradictory clauses/)
    expect(refusal(withAnother(kind, {}))).toContain(placed(kind, reason))
  })

  it('may be graded: farther out, or longer, costs as much or more', () => {
    const of = (terms.clauses[indexOf('limit.single')] as unknown as Loose).penalty
    const cheaper = { ...of, base: '1' }
    expect(refusal(withAnother('limit.single', { bound: 12_000 }))).toBe('taken')
    expect(refusal(withAnother('limit.single', { durationMs: 2 * HOUR_MS }))).toBe('taken')
    expect(refusal(withAnother('limit.single', { bound: 12_000, penalty: cheaper }))).toContain(
      placed('limit.single', 'penalty.base: what breaks this limit breaks that of clauses[#] too'),
    )
    expect(refusal(withAnother('limit.single', { durationMs: 2 * HOUR_MS, penalty: cheaper }))).toContain(
      'must not cost less than',
    )
    // Neither is graver than the other: hotter, but sooner.
    expect(
      refusal(withAnother('limit.single', { bound: 12_000, durationMs: 60_000, penalty: cheaper })),
    ).toBe('taken')
  })

  it('of the leg and of the shipment are two limits', () => {
    expect(refusal(withAnother('limit.cumulative', { scope: 'shipment' }))).toBe('taken')
  })
})

describe('a box', () => {
  it.each<[ClauseKind, object, string]>([
    ['limit.geofence', { latitudeMin: 712_000_000 }, 'terms.box clauses[#].latitudeMax: must be north'],
    ['limit.geofence', { longitudeMax: -106_000_000 }, 'terms.box clauses[#].longitudeMax: must be east'],
    ['tender', { latitudeMin: 600_000_000 }, 'terms.box clauses[#].latitudeMax'],
    ['limit.geofence', { latitudeMax: 900_000_001 }, 'terms.schema clauses[#].latitudeMax'],
    ['tender', { longitudeMin: -1_800_000_001 }, 'terms.schema clauses[#].longitudeMin'],
    ['limit.geofence', WORLD, 'terms.unreachable clauses[#].rule: nothing leaves the world'],
    [
      'limit.geofence',
      { ...WORLD, rule: 'stayOutside' },
      'terms.contradictory clauses[#].rule: nothing is outside',
    ],
    ['limit.geofence', { gapMsMax: 999 }, 'terms.unreachable clauses[#].gapMsMax'],
    ['limit.geofence', { between: 'linear' }, 'terms.schema clauses[#].between'],
  ])('of %s is refused with %o', (kind, change, reason) => {
    expect(refusal(changed(kind, change))).toContain(placed(kind, reason))
  })
})

describe('a bond', () => {
  const ETHER_1000 = 10n ** 21n
  it.each<[string, ClauseKind, object, string]>([
    [
      'a contest that nobody can pay',
      'windows',
      { contestBondWei: String(ETHER_1000 + 1n) },
      'terms.schema clauses[#].contestBondWei: must be at most 1000000000000000000000, 1,000 ether',
    ],
    [
      'a claim of silence that nobody can pay',
      'silence',
      { bondWei: String(ETHER_1000 + 1n) },
      'terms.schema clauses[#].bondWei: must be at most',
    ],
    [
      'a claim of silence for nothing',
      'silence',
      { bondWei: '0' },
      'terms.schema clauses[#].bondWei: must be more than 0: claims would cost nothing',
    ],
  ])('is refused: %s', (_what, kind, change, reason) => {
    expect(refusal(changed(kind, change))).toContain(placed(kind, reason))
  })

  it('may be 1,000 ether, that of a contest also nothing', () => {
    expect(refusal(changed('windows', { contestBondWei: String(ETHER_1000) }))).toBe('taken')
    expect(refusal(changed('windows', { contestBondWei: '0' }))).toBe('taken')
    expect(refusal(changed('silence', { bondWei: String(ETHER_1000) }))).toBe('taken')
  })
})

describe('a time', () => {
  const { deliverByMs } = terms.clauses[indexOf('deadline')] as { deliverByMs: number } & Clause
  const classicalUntilMs = Date.UTC(2035, 0, 1)
  it.each<[string, ClauseKind, object, string]>([
    [
      'goods lost before they are late',
      'deadline',
      { lostAfterMs: deliverByMs - 1 },
      'terms.time clauses[#].lostAfterMs',
    ],
    [
      'goods that are never lost',
      'deadline',
      { lostAfterMs: 0, lossPenalty: '0' },
      'terms.time clauses[#].lostAfterMs: must not be 0: goods that never come must count as lost some day',
    ],
    [
      'a deadline at the end of classical signatures',
      'deadline',
      { deliverByMs: classicalUntilMs, lostAfterMs: classicalUntilMs },
      'terms.time clauses[#].deliverByMs',
    ],
    [
      'a milestone after the deadline',
      'milestone',
      { handOverByMs: deliverByMs + 1 },
      'terms.time clauses[#].handOverByMs',
    ],
    [
      'a milestone of a stranger',
      'milestone',
      { party: `0x${'99'.repeat(20)}` },
      'terms.milestone clauses[#].party',
    ],
    [
      'a milestone of the payer',
      'milestone',
      { party: (terms.clauses[1] as { wallet: string } & Clause).wallet },
      'terms.milestone clauses[#].party: hospital pays',
    ],
    [
      'silence that the device may keep',
      'silence',
      { silenceMsMax: 1_799_999 },
      'terms.contradictory clauses[#].silenceMsMax',
    ],
    [
      'an answer before the next seal',
      'windows',
      { answerMs: 2 * HOUR_MS - 1 },
      'terms.windows clauses[#].answerMs',
    ],
    ['no time to contest', 'windows', { contestMs: 999 }, 'terms.schema clauses[#].contestMs: must be a'],
    ['no time to answer', 'windows', { answerMs: 999 }, 'terms.schema clauses[#].answerMs: must be a'],
    ['no time to pay', 'windows', { paymentMs: 999 }, 'terms.schema clauses[#].paymentMs: must be a'],
    ['no time to refute', 'silence', { refuteMs: 999 }, 'terms.schema clauses[#].refuteMs: must be a'],
    [
      'tampering with keys that can be copied',
      'device',
      { keystore: 'file' },
      "kind: the device's keys are in a file",
    ],
  ])('is refused: %s', (_what, kind, change, reason) => {
    expect(refusal(changed(kind, change))).toContain(placed(kind, reason))
  })

  it('to contest, pay and refute may be a second', () => {
    expect(refusal(changed('windows', { contestMs: 1000, paymentMs: 1000 }))).toBe('taken')
    expect(refusal(changed('silence', { refuteMs: 1000 }))).toBe('taken')
  })

  it('must fit before the deadline, for who knows when the terms begin', () => {
    const agreed = { agreedAtMs: facts.nowMs }
    const untilDeadlineMs = 96 * HOUR_MS
    const tooLong: [ClauseKind, object][] = [
      ['limit.single', { durationMs: untilDeadlineMs }],
      ['limit.cumulative', { durationMs: untilDeadlineMs }],
      ['limit.geofence', { durationMs: untilDeadlineMs }],
      ['limit.instantaneous', { startUpMs: untilDeadlineMs }],
      ['silence', { silenceMsMax: untilDeadlineMs }],
    ]
    for (const [kind, change] of tooLong) {
      const [field] = Object.keys(change)
      expect(refusal(changed(kind, change), agreed)).toContain(
        `terms.unreachable clauses[${indexOf(kind)}].${field}: 345600000 ms are not over before the deadline`,
      )
      expect(refusal(changed(kind, change))).toBe('taken')
    }
    expect(refusal(terms, agreed)).toBe('taken')
  })
})
