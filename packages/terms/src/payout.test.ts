import fc from 'fast-check'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import { UNLIMITED } from './clause-fields.ts'
import type { CostlyClause, Terms } from './clauses.ts'
import { type ChargedCase, type PayoutPlan, payoutPlan, transfersOf } from './payout.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'
import { clauseByLimitId, parties, partyByName, payer } from './views.ts'

const TOKEN = 10n ** 18n
const { terms } = sampleAgreement({
  ...SAMPLE_DRAFT,
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: 10 },
    { metric: 'gforce', above: 8, penaltyTokens: 10, beneficiary: 'supplier' },
    { metric: 'humidity', above: 60, penaltyTokens: 10, beneficiary: 'shipper-y' },
    { metric: 'tilt', above: 45, penaltyTokens: 10, limitMaxTokens: 25, beneficiary: 'supplier' },
  ],
})
const [TO_PAYER, TO_SUPPLIER, TO_SHIPPER, CAPPED] = [1, 2, 3, 4] as const
const OUTSIDER: Hex = `0x${'99'.repeat(20)}`
const walletOf = (name: string): Hex => partyByName(terms, name)?.wallet as Hex
const caseOf = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const violation = (
  n: number,
  custodian: string,
  penalty: bigint,
  limitId: number = TO_PAYER,
): ChargedCase => ({
  caseId: caseOf(n),
  limitId,
  custodian: walletOf(custodian),
  penalty,
  beneficiary: clauseByLimitId(terms, limitId)?.penalty.beneficiary as Hex,
})
const paidTokens = (plan: PayoutPlan) =>
  Object.fromEntries(plan.payouts.map(({ party, paid }) => [party, Number(BigInt(paid) / TOKEN)]))
const sum = (amounts: (string | bigint)[]): bigint =>
  amounts.reduce<bigint>((total, each) => total + BigInt(each), 0n)
const agreedTotal = (of: Terms) => sum(parties(of).map(({ amount }) => amount))
const plannedTotal = (plan: PayoutPlan) =>
  sum([...plan.payouts.map(({ paid }) => paid), ...plan.awards.map(({ amount }) => amount), plan.refund])

describe('payoutPlan', () => {
  it('pays everybody in full without violations', () => {
    const plan = payoutPlan({ terms, violations: [] })
    expect(paidTokens(plan)).toEqual({ supplier: 200, 'shipper-x': 50, 'shipper-y': 50 })
    expect(plan).toMatchObject({ refund: '0', uncollected: '0', awards: [] })
  })

  it('takes a penalty from its custodian alone and refunds it to the payer', () => {
    const plan = payoutPlan({ terms, violations: [violation(1, 'shipper-x', 10n * TOKEN)] })
    expect(paidTokens(plan)).toEqual({ supplier: 200, 'shipper-x': 40, 'shipper-y': 50 })
    expect(plan.payouts[1]).toEqual({
      party: 'shipper-x',
      wallet: walletOf('shipper-x'),
      agreed: String(50n * TOKEN),
      penalty: String(10n * TOKEN),
      uncollected: '0',
      paid: String(40n * TOKEN),
    })
    expect(plan.refund).toBe(String(10n * TOKEN))
  })

  it('takes no more than the cap and records the rest as uncollected', () => {
    const violations = [1, 2, 3, 4, 5, 6, 7].map((n) => violation(n, 'shipper-x', 10n * TOKEN))
    const plan = payoutPlan({ terms, violations })
    expect(plan.payouts[1]).toMatchObject({
      paid: '0',
      penalty: String(50n * TOKEN),
      uncollected: String(20n * TOKEN),
    })
    expect(plan).toMatchObject({ refund: String(50n * TOKEN), uncollected: String(20n * TOKEN) })
  })

  it('takes no more than a cap below the amount', () => {
    const capped = structuredClone(terms)
    for (const party of parties(capped))
      if (party.name === 'shipper-x') party.penaltyCap = String(15n * TOKEN)
    const violations = [violation(1, 'shipper-x', 10n * TOKEN), violation(2, 'shipper-x', 10n * TOKEN)]
    expect(paidTokens(payoutPlan({ terms: capped, violations }))['shipper-x']).toBe(35)
  })

  it('charges a case once, however often it is reported', () => {
    const one = violation(1, 'shipper-x', 10n * TOKEN)
    const again = {
      ...one,
      penalty: String(one.penalty),
      custodian: one.custodian.toUpperCase().replace('X', 'x') as Hex,
    }
    expect(payoutPlan({ terms, violations: [one, again, one] }).refund).toBe(String(10n * TOKEN))
  })

  it('never charges the payer: its breaches are recorded and nothing becomes negative', () => {
    const plan = payoutPlan({
      terms,
      violations: [violation(1, 'factory', 10n * TOKEN, TO_SUPPLIER)],
    })
    expect(paidTokens(plan)).toEqual({ supplier: 200, 'shipper-x': 50, 'shipper-y': 50 })
    expect(plan).toMatchObject({ refund: '0', awards: [], uncollected: String(10n * TOKEN) })
  })

  it('awards what is charged to whom the clause names, in proportion when the cap cuts it', () => {
    const plan = payoutPlan({
      terms,
      violations: [
        violation(1, 'shipper-x', 60n * TOKEN, TO_SHIPPER),
        violation(2, 'shipper-x', 30n * TOKEN, TO_SUPPLIER),
        violation(3, 'shipper-x', 10n * TOKEN),
      ],
    })
    expect(plan.refund).toBe(String(5n * TOKEN))
    expect(new Map(plan.awards.map(({ beneficiary, amount }) => [beneficiary, amount]))).toEqual(
      new Map([
        [walletOf('shipper-y'), String(30n * TOKEN)],
        [walletOf('supplier'), String(15n * TOKEN)],
      ]),
    )
    expect(transfersOf(plan)).toEqual([
      { wallet: walletOf('supplier'), amount: 215n * TOKEN },
      { wallet: walletOf('shipper-y'), amount: 80n * TOKEN },
    ])
  })

  it('rounds each share down and leaves the rest to the payer', () => {
    const small = structuredClone(terms)
    for (const party of parties(small)) if (party.name === 'shipper-x') party.penaltyCap = '100'
    const violations = [
      violation(1, 'shipper-x', 1n, TO_SUPPLIER),
      violation(2, 'shipper-x', 1n, TO_SUPPLIER),
      violation(3, 'shipper-x', 2n, TO_SHIPPER),
      violation(4, 'shipper-x', 299n),
    ]
    const plan = payoutPlan({ terms: small, violations })
    // 100 × 2 / 303 is 0.66: rounded once for a beneficiary, not once for a case.
    expect(plan).toMatchObject({ awards: [], refund: '100', uncollected: '203' })
    const more = [...violations, violation(5, 'shipper-x', 97n, TO_SHIPPER)]
    expect(payoutPlan({ terms: small, violations: more })).toMatchObject({
      awards: [{ beneficiary: walletOf('shipper-y'), amount: '24' }], // 100 × 99 / 400 = 24.75
      refund: '76',
    })
  })

  it('charges all cases of a clause at most its limitMax, each custodian for itself', () => {
    const cases = (custodian: string, first: number) =>
      [0, 1, 2].map((n) => violation(first + n, custodian, 10n * TOKEN, CAPPED))
    const plan = payoutPlan({ terms, violations: [...cases('shipper-x', 1), ...cases('shipper-y', 4)] })
    expect(paidTokens(plan)).toEqual({ supplier: 200, 'shipper-x': 25, 'shipper-y': 25 })
    expect(plan).toMatchObject({ uncollected: '0', refund: '0' })
  })

  describe('where only services judge', () => {
    const { terms } = sampleAgreement({
      ...SAMPLE_DRAFT,
      guaranteePercent: 60,
      limits: [
        { metric: 'temperature', above: 40, penaltyTokens: 10 },
        { metric: 'temperature', kind: 'meanKinetic', above: 30, penaltyTokens: 10, beneficiary: 'supplier' },
      ],
    })
    const judged = (n: number, penalty: bigint): ChargedCase => ({
      ...violation(n, 'shipper-x', penalty, TO_SUPPLIER),
      limitId: 2,
    })

    it('takes it from what is not guaranteed alone', () => {
      const plan = payoutPlan({ terms, violations: [judged(1, 45n * TOKEN)] })
      expect(plan.payouts[1]).toMatchObject({
        penalty: String(20n * TOKEN),
        uncollected: String(25n * TOKEN),
      })
      expect(plan.awards).toEqual([{ beneficiary: walletOf('supplier'), amount: String(20n * TOKEN) }])
    })

    it('takes it after what can be proven, which may reach the guarantee', () => {
      const both = [violation(1, 'shipper-x', 15n * TOKEN), judged(2, 45n * TOKEN)]
      expect(payoutPlan({ terms, violations: both })).toMatchObject({
        refund: String(15n * TOKEN),
        awards: [{ beneficiary: walletOf('supplier'), amount: String(5n * TOKEN) }],
        uncollected: String(40n * TOKEN),
      })
      const proven = [violation(1, 'shipper-x', 45n * TOKEN), judged(2, 45n * TOKEN)]
      expect(payoutPlan({ terms, violations: proven })).toMatchObject({
        refund: String(45n * TOKEN),
        awards: [],
        uncollected: String(45n * TOKEN),
      })
    })

    it('keeps the cap over both', () => {
      const capped = structuredClone(terms)
      for (const party of parties(capped)) {
        if (party.name === 'shipper-x') party.penaltyCap = String(18n * TOKEN)
      }
      const both = [violation(1, 'shipper-x', 15n * TOKEN), judged(2, 45n * TOKEN)]
      expect(payoutPlan({ terms: capped, violations: both }).payouts[1]).toMatchObject({
        penalty: String(18n * TOKEN),
        uncollected: String(42n * TOKEN),
      })
    })
  })

  it.each<[string, ChargedCase[], string]>([
    [
      'a custodian that is no party',
      [{ ...violation(1, 'shipper-x', 1n), custodian: OUTSIDER }],
      'payout.custodian',
    ],
    [
      'a clause that the terms do not have',
      [{ ...violation(1, 'shipper-x', 1n), limitId: 99 }],
      'payout.limit',
    ],
    [
      'a beneficiary whom the clause does not name',
      [{ ...violation(1, 'shipper-x', 1n), beneficiary: OUTSIDER }],
      'payout.limit',
    ],
    [
      'one case under two clauses',
      [violation(1, 'shipper-x', 1n), violation(1, 'shipper-x', 1n, CAPPED)],
      'payout.case',
    ],
    ['a negative penalty', [violation(1, 'shipper-x', -1n)], 'payout.penalty'],
    ['a penalty that is no number', [{ ...violation(1, 'shipper-x', 1n), penalty: '1.5' }], 'payout.penalty'],
    [
      'one case with two penalties',
      [violation(1, 'shipper-x', 1n), violation(1, 'shipper-x', 2n)],
      'payout.case',
    ],
    [
      'one case with two custodians',
      [violation(1, 'shipper-x', 1n), violation(1, 'shipper-y', 1n)],
      'payout.case',
    ],
  ])('refuses %s', (_what, violations, code) => {
    expect(() => payoutPlan({ terms, violations })).toThrow(expect.objectContaining({ code }))
  })
})

describe('payoutPlan, whatever happened', () => {
  const someAmount = fc.bigInt({ min: 0n, max: 10n ** 21n })
  const anyTerms = fc
    .array(fc.tuple(someAmount, fc.integer({ min: 0, max: 100 })), { minLength: 3, maxLength: 3 })
    .map((amounts) => {
      const drawn = structuredClone(terms)
      parties(drawn)
        .filter(({ role }) => role !== 'payer')
        .forEach((party, i) => {
          const [amount, capPercent] = amounts[i] as [bigint, number]
          party.amount = String(amount)
          party.penaltyCap = String((amount * BigInt(capPercent)) / 100n)
        })
      return drawn
    })
  const anyViolations = fc
    .uniqueArray(
      fc.record({
        caseId: fc.integer({ min: 0, max: 2 ** 30 }).map(caseOf),
        custodian: fc.constantFrom(...parties(terms).map(({ wallet }) => wallet)),
        penalty: fc.oneof(someAmount, fc.constant(1n), fc.constant(0n), fc.constant(2n ** 96n - 1n)),
        limitId: fc.constantFrom(TO_PAYER, TO_SUPPLIER, TO_SHIPPER, CAPPED),
      }),
      { selector: ({ caseId }) => caseId, maxLength: 12 },
    )
    .map((cases) =>
      cases.map(
        (each): ChargedCase => ({
          ...each,
          beneficiary: clauseByLimitId(terms, each.limitId)?.penalty.beneficiary as Hex,
        }),
      ),
    )

  it('conserves sums exactly, keeps caps, and is never negative', () => {
    fc.assert(
      fc.property(anyTerms, anyViolations, (drawn, violations) => {
        const plan = payoutPlan({ terms: drawn, violations })
        expect(plannedTotal(plan)).toBe(agreedTotal(drawn))
        const charged = sum(plan.payouts.map(({ penalty }) => penalty))
        const cost = sum(violations.map(({ penalty }) => penalty))
        expect(charged + BigInt(plan.uncollected)).toBeLessThanOrEqual(cost)
        for (const { party, agreed, penalty, paid } of plan.payouts) {
          expect(BigInt(penalty) + BigInt(paid)).toBe(BigInt(agreed))
          expect(BigInt(penalty)).toBeLessThanOrEqual(BigInt(partyByName(drawn, party)?.penaltyCap ?? 0))
        }
        const amounts = [plan.refund, plan.uncollected, ...plan.awards.map(({ amount }) => amount)]
        for (const amount of [...amounts, ...plan.payouts.map(({ paid }) => paid)]) {
          expect(BigInt(amount)).toBeGreaterThanOrEqual(0n)
        }
        const outgoing = sum(transfersOf(plan).map(({ amount }) => amount))
        expect(outgoing + BigInt(plan.refund)).toBe(agreedTotal(drawn))
        expect(transfersOf(plan).every(({ wallet }) => wallet !== payer(drawn).wallet)).toBe(true)
      }),
    )
  })

  it('gives no beneficiary more than its cases cost', () => {
    fc.assert(
      fc.property(anyTerms, anyViolations, (drawn, violations) => {
        for (const { beneficiary, amount } of payoutPlan({ terms: drawn, violations }).awards) {
          const owed = violations
            .filter((each) => each.beneficiary === beneficiary)
            .map(({ penalty }) => penalty)
          expect(BigInt(amount)).toBeLessThanOrEqual(sum(owed))
        }
      }),
    )
  })

  it('does not depend on the order in which cases were found', () => {
    fc.assert(
      fc.property(anyTerms, anyViolations, (drawn, violations) => {
        const reversed = payoutPlan({ terms: drawn, violations: violations.toReversed() })
        expect(JSON.stringify(reversed)).toBe(JSON.stringify(payoutPlan({ terms: drawn, violations })))
      }),
    )
  })

  it('is what the contract settles: its ledgers, case by case, and its rounding', () => {
    fc.assert(
      fc.property(anyTerms, anyViolations, (drawn, violations) => {
        const plan = payoutPlan({ terms: drawn, violations })
        const settled = settledAsOnChain(drawn, violations)
        expect(plan.refund).toBe(String(settled.refund))
        for (const { wallet, amount } of transfersOf(plan)) expect(settled.dues.get(wallet)).toBe(amount)
      }),
    )
  })
})

/** The arithmetic of AgreementState._charge and of settlement, with nothing of payout.ts. */
function settledAsOnChain(of: Terms, violations: ChargedCase[]) {
  const min = (...values: bigint[]) => values.toSorted((a, b) => (a < b ? -1 : 1))[0] as bigint
  const uncapped = new Map<string, bigint>()
  const penalties = new Map<Hex, bigint>()
  const penaltiesTo = new Map<string, bigint>()
  for (const { custodian, limitId, penalty, beneficiary } of violations) {
    const { limitMax } = (clauseByLimitId(of, limitId) as CostlyClause).penalty
    const key = `${custodian} ${limitId}`
    const before = uncapped.get(key) ?? 0n
    const after = before + BigInt(penalty)
    uncapped.set(key, after)
    const capped = (sum: bigint) => (limitMax === UNLIMITED ? sum : min(sum, BigInt(limitMax)))
    const added = capped(after) - capped(before)
    penalties.set(custodian, (penalties.get(custodian) ?? 0n) + added)
    const to = `${custodian} ${beneficiary}`
    penaltiesTo.set(to, (penaltiesTo.get(to) ?? 0n) + added)
  }
  const [paying, ...paid] = parties(of)
  const dues = new Map<Hex, bigint>(paid.map(({ wallet, amount }) => [wallet, BigInt(amount)]))
  for (const { wallet, amount, penaltyCap } of paid) {
    const own = penalties.get(wallet) ?? 0n
    if (own === 0n) continue
    const charged = min(own, BigInt(penaltyCap), BigInt(amount))
    dues.set(wallet, (dues.get(wallet) ?? 0n) - charged)
    for (const beneficiary of [...dues.keys()].filter((each) => each !== paying?.wallet && each !== wallet)) {
      const share = (charged * (penaltiesTo.get(`${wallet} ${beneficiary}`) ?? 0n)) / own
      dues.set(beneficiary, (dues.get(beneficiary) ?? 0n) + share)
    }
  }
  return { dues, refund: agreedTotal(of) - sum([...dues.values()]) }
}
