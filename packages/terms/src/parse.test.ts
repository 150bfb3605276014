import { Refusal } from '@consign/envelope'
import { describe, expect, it } from 'vitest'
import type { Clause, ClauseKind, InstantaneousLimitClause } from './clauses.ts'
import { parseTerms } from './parse.ts'
import { sampleAgreement } from './testing.ts'
import { exampleDraft } from './vectors/examples.ts'

// general, four parties, device, five limits (25 °C, 2 °C, humidity, shock, door), deadline, route, windows
const { terms } = sampleAgreement(exampleDraft('sc-b'))
const INDEX = {
  general: 0,
  payer: 1,
  payee: 2,
  carrier: 3,
  device: 5,
  above: 6,
  below: 7,
  door: 10,
  deadline: 11,
  windows: 13,
}

type Loose = Record<string, unknown> & { kind: string }
const altered = (change: (clauses: Loose[]) => void): unknown => {
  const copy = structuredClone(terms) as unknown as { clauses: Loose[] }
  change(copy.clauses)
  return copy
}
const withField = (index: number, field: string, value: unknown): unknown =>
  altered((clauses) => {
    ;(clauses[index] as Loose)[field] = value
  })
const without = (kind: ClauseKind): unknown =>
  altered((clauses) => {
    clauses.splice(
      clauses.findIndex((clause) => clause.kind === kind),
      1,
    )
  })
const repeated = (index: number, change: Partial<Clause> = {}): unknown =>
  altered((clauses) => {
    const salt = `0x${'5a'.repeat(32)}`
    clauses.splice(index + 1, 0, { ...structuredClone(clauses[index] as Loose), salt, ...change })
  })

const swapped = (one: number, other: number): unknown =>
  altered((clauses) => {
    const [a, b] = [clauses[one] as Loose, clauses[other] as Loose]
    clauses[one] = { ...b, index: a.index }
    clauses[other] = { ...a, index: b.index }
  })
const priced = (change: object) => ({
  ...(terms.clauses[INDEX.above] as InstantaneousLimitClause).penalty,
  ...change,
})

function refusal(json: unknown): { code: string; message: string } {
  try {
    parseTerms(json)
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('taken, though it must be refused')
}

describe('parseTerms', () => {
  it('takes a sound document as it is, also after a journey through JSON', () => {
    expect(parseTerms(JSON.parse(JSON.stringify(terms)))).toEqual(terms)
  })

  it.each<[string, unknown, string]>([
    ['no object', null, ''],
    ['an unknown version', { ...terms, version: 2 }, 'version'],
    ['an unknown field', { ...terms, note: 'x' }, 'note'],
    ['no clauses', { ...terms, clauses: [] }, 'clauses'],
    ['an unknown kind', withField(INDEX.above, 'kind', 'limit.future'), 'clauses[6].kind'],
    [
      'an unknown field of a clause',
      withField(INDEX.above, 'unit', '°C'),
      'clauses[6]: unknown field "unit"',
    ],
    ['an unknown rule version', withField(INDEX.general, 'ruleVersion', 2), 'clauses[0].ruleVersion'],
    ['a short salt', withField(INDEX.general, 'salt', '0x00'), 'clauses[0].salt'],
    ['upper case hex', withField(INDEX.general, 'token', `0x${'AB'.repeat(20)}`), 'clauses[0].token'],
    ['the zero address', withField(INDEX.payee, 'wallet', `0x${'00'.repeat(20)}`), 'clauses[2].wallet'],
    [
      'a shipment of 17 digits',
      withField(INDEX.general, 'shipment', '34012345000000001'),
      'clauses[0].shipment',
    ],
    ['a guarantee above 100 %', withField(INDEX.general, 'guaranteeBps', 10_001), 'clauses[0].guaranteeBps'],
    [
      'a deadline in seconds',
      withField(INDEX.deadline, 'deliverByMs', 1_800_000_000),
      'clauses[11].deliverByMs',
    ],
    [
      'a deadline after year 9999',
      withField(INDEX.deadline, 'deliverByMs', 253_402_300_800_000),
      'clauses[11].deliverByMs',
    ],
    ['a deadline as text', withField(INDEX.deadline, 'deliverByMs', '2027-01-01'), 'clauses[11].deliverByMs'],
    ['an unknown metric', withField(INDEX.above, 'metric', 'radiation'), 'clauses[6].metric'],
    ['a bound above int32', withField(INDEX.above, 'bound', 2 ** 31), 'clauses[6].bound'],
    ['a bound that means missing', withField(INDEX.below, 'bound', -(2 ** 31)), 'clauses[7].bound'],
    ['a bound with a fraction', withField(INDEX.above, 'bound', 40.5), 'clauses[6].bound'],
    [
      'a negative penalty',
      withField(INDEX.above, 'penalty', priced({ base: '-1' })),
      'clauses[6].penalty.base',
    ],
    [
      'a penalty of 2^96',
      withField(INDEX.above, 'penalty', priced({ caseMax: String(2n ** 96n) })),
      'clauses[6].penalty.caseMax: must be below 2^96',
    ],
    ['a limit without penalty', withField(INDEX.above, 'penalty', undefined), 'clauses[6].penalty'],
    ['a penalty as a number', withField(INDEX.above, 'penalty', 10), 'clauses[6].penalty'],
    ['an amount with leading zero', withField(INDEX.payee, 'amount', '007'), 'clauses[2].amount'],
    ['an amount of 2^128', withField(INDEX.payee, 'amount', String(2n ** 128n)), 'clauses[2].amount'],
    ['an unknown role', withField(INDEX.carrier, 'role', 'driver'), 'clauses[3].role'],
    [
      'a name that hides its direction',
      withField(INDEX.carrier, 'name', 'shipper\u202ex'),
      'clauses[3].name',
    ],
    ['a name with blanks around it', withField(INDEX.carrier, 'name', ' shipper-x'), 'clauses[3].name'],
    ['a truncated ML-DSA key', withField(INDEX.carrier, 'mlDsaKey', '0xab'), 'clauses[3].mlDsaKey'],
    ['no checkpoints', withField(INDEX.windows, 'checkpointEvery', 0), 'clauses[13].checkpointEvery'],
    [
      'an offer that is never open',
      withField(INDEX.windows, 'offerTtlEnvelopes', 0),
      'clauses[13].offerTtlEnvelopes',
    ],
  ])('refuses %s and names the field', (_what, json, field) => {
    const { code, message } = refusal(json)
    expect(code).toBe('terms.schema')
    expect(message).toContain(field)
  })

  const payerWallet = (terms.clauses[INDEX.payer] as { wallet: string }).wallet
  it.each<[string, unknown, string, string]>([
    [
      'a wrong check digit',
      withField(INDEX.general, 'shipment', '340123450000000018'),
      'terms.sscc',
      'clauses[0].shipment',
    ],
    ['a missing payer', withField(INDEX.payer, 'role', 'carrier'), 'terms.parties', 'payer'],
    ['a missing payee', withField(INDEX.payee, 'role', 'carrier'), 'terms.parties', 'payee'],
    ['two payees', withField(INDEX.carrier, 'role', 'payee'), 'terms.parties', 'clauses[3].role'],
    [
      'one wallet for two parties',
      withField(INDEX.carrier, 'wallet', payerWallet),
      'terms.duplicate',
      'clauses[3].wallet',
    ],
    [
      'one name for two parties',
      withField(INDEX.carrier, 'name', 'factory'),
      'terms.duplicate',
      'clauses[3].name',
    ],
    [
      'one index for two parties',
      withField(INDEX.carrier, 'index', 1),
      'terms.duplicate',
      'clauses[3].index',
    ],
    ['parties out of order', withField(INDEX.payee, 'index', 9), 'terms.order', 'clauses[3].index'],
    ['a hole between parties', withField(4, 'index', 7), 'terms.parties', 'clauses[4].index: must be 3'],
    [
      'a payee after a carrier',
      swapped(INDEX.payee, INDEX.carrier),
      'terms.parties',
      'must be 1, the index of the payee',
    ],
    [
      'a wrong number of parties',
      withField(INDEX.general, 'partyCount', 5),
      'terms.parties',
      'clauses[0].partyCount: must be 4',
    ],
    [
      'a wrong sum of amounts',
      withField(INDEX.general, 'amountTotal', '1'),
      'terms.amount',
      'clauses[0].amountTotal: must be 190',
    ],
    [
      'a wrong sum of guarantees',
      withField(INDEX.general, 'guaranteeTotal', '1'),
      'terms.amount',
      'clauses[0].guaranteeTotal: must be 475',
    ],
    ['kinds out of order', altered((clauses) => clauses.reverse()), 'terms.order', 'clauses[1].kind'],
    ['a payer that is paid', withField(INDEX.payer, 'amount', '1'), 'terms.amount', 'clauses[1].amount'],
    [
      'a cap above the amount',
      withField(INDEX.carrier, 'penaltyCap', String(10n ** 30n)),
      'terms.amount',
      'clauses[3].penaltyCap',
    ],
    [
      'amounts that reach 2^128 together',
      withField(INDEX.carrier, 'amount', String(2n ** 128n - 1n)),
      'terms.amount',
      'clauses[0].amountTotal',
    ],
    ['no general clause', without('general'), 'terms.missing', 'general'],
    ['no device', without('device'), 'terms.missing', 'device'],
    ['no deadline', without('deadline'), 'terms.missing', 'deadline'],
    ['no windows', without('windows'), 'terms.missing', 'windows'],
    ['two devices', repeated(INDEX.device), 'terms.duplicate', 'clauses[6].kind'],
    ['one limit id twice', withField(INDEX.below, 'limitId', 1), 'terms.duplicate', 'clauses[7].limitId'],
    [
      'a device id of other keys',
      withField(INDEX.device, 'deviceId', `0x${'11'.repeat(32)}`),
      'terms.device',
      'clauses[5].deviceId',
    ],
    [
      'bounds without a value between',
      withField(INDEX.below, 'bound', 25_001),
      'terms.contradictory',
      'clauses[7].bound',
    ],
  ])('refuses %s and names the field', (_what, json, code, field) => {
    const refused = refusal(json)
    expect(refused.code).toBe(code)
    expect(refused.message).toContain(field)
  })

  it('refuses a salt that two clauses share', () => {
    const salt = terms.clauses[0]?.salt
    expect(refusal(withField(INDEX.windows, 'salt', salt))).toEqual({
      code: 'terms.duplicate',
      message: 'clauses[13].salt: the same salt as in clauses[0]; each must differ',
    })
  })

  it('takes bounds that leave exactly one value', () => {
    expect(() => parseTerms(withField(INDEX.below, 'bound', 25_000))).not.toThrow()
  })

  it('says in everyday units what contradicts', () => {
    expect(refusal(withField(INDEX.below, 'bound', 30_000)).message).toBe(
      'clauses[7].bound: temperature may not be above 25.0 °C nor below 30.0 °C, so no value is permitted; change one bound',
    )
  })
})
