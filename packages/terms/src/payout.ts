/**
 * Who gets what at the end. Pure: the same terms and the same set of violations, in any order, give the same plan.
 *
 * charged(party) = min(sum of its penalties, its cap, its amount); the rest is recorded as uncollected. What is charged goes to the
 * beneficiaries of the violations, in proportion to their penalties; what the payer is awarded is its refund, as it never left.
 * Conserved exactly: sum of paid + sum of awards + refund = sum of amounts.
 */
import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'
import type { PartyClause, Terms } from './clauses.ts'
import { parties, partyByWallet, payer } from './views.ts'

/** One case held against the custodian's wallet. `penalty` in the smallest unit. */
export type ChargedCase = { caseId: Hex; custodian: Hex; penalty: bigint | string; beneficiary: Hex }
/** A JSON document: amounts are decimal strings in the smallest unit. */
export type PayoutPlan = { payouts: Payout[]; awards: Award[]; refund: string; uncollected: string }
/** agreed = penalty + paid; `penalty` is what is taken, `uncollected` what its violations cost beyond that. */
export type Payout = {
  party: string
  wallet: Hex
  agreed: string
  penalty: string
  uncollected: string
  paid: string
}
export type Award = { beneficiary: Hex; amount: string }
export type Transfer = { wallet: Hex; amount: bigint }

type Case = { caseId: Hex; custodian: Hex; penalty: bigint; beneficiary: Hex }

/**
 * Payouts are those of payee and carriers in order of the terms, awards ascend by address and never name the payer. A case given twice is
 * charged once. Refusal 'payout.custodian' (no party), 'payout.case' (one case, two contents), 'payout.penalty' (negative or no number).
 */
export function payoutPlan(input: { terms: Terms; violations: readonly ChargedCase[] }): PayoutPlan {
  const { terms } = input
  const cases = distinctCases(terms, input.violations)
  const awarded = new Map<Hex, bigint>()
  const payouts: Payout[] = []
  let uncollected = 0n
  for (const party of parties(terms)) {
    const own = cases.filter((each) => each.custodian === party.wallet)
    const due = own.reduce((sum, each) => sum + each.penalty, 0n)
    const charged = chargeOf(party, due)
    shareOut(own, due, charged, awarded)
    uncollected += due - charged
    if (party.role !== 'payer') payouts.push(payoutOf(party, due, charged))
  }
  const payerWallet = payer(terms).wallet
  const refund = awarded.get(payerWallet) ?? 0n
  const awards = [...awarded]
    .filter(([beneficiary, amount]) => beneficiary !== payerWallet && amount > 0n)
    .map(([beneficiary, amount]) => ({ beneficiary, amount: String(amount) }))
    .sort((a, b) => compare(a.beneficiary, b.beneficiary))
  return { payouts, awards, refund: String(refund), uncollected: String(uncollected) }
}

/** One transfer per wallet that gets anything: payout and awards together, in order of payouts, then of awards. */
export function transfersOf(plan: PayoutPlan): Transfer[] {
  const due = new Map<Hex, bigint>()
  for (const { wallet, paid } of plan.payouts) due.set(wallet, BigInt(paid))
  for (const { beneficiary, amount } of plan.awards) {
    due.set(beneficiary, (due.get(beneficiary) ?? 0n) + BigInt(amount))
  }
  return [...due].filter(([, amount]) => amount > 0n).map(([wallet, amount]) => ({ wallet, amount }))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

// The payer's amount and cap are 0: its own breaches cost nothing here, and are recorded as uncollected.
function chargeOf(party: PartyClause, due: bigint): bigint {
  let charged = due
  for (const bound of [BigInt(party.penaltyCap), BigInt(party.amount)]) if (bound < charged) charged = bound
  return charged
}

function payoutOf(party: PartyClause, due: bigint, charged: bigint): Payout {
  const agreed = BigInt(party.amount)
  return {
    party: party.name,
    wallet: party.wallet,
    agreed: String(agreed),
    penalty: String(charged),
    uncollected: String(due - charged),
    paid: String(agreed - charged),
  }
}

/** Sorted by case id, which makes the plan independent of the order in which cases were found. */
function distinctCases(terms: Terms, violations: readonly ChargedCase[]): Case[] {
  const byId = new Map<Hex, Case>()
  for (const violation of violations) {
    const one = parseCase(terms, violation)
    const before = byId.get(one.caseId)
    if (before === undefined) byId.set(one.caseId, one)
    else if (
      before.custodian !== one.custodian ||
      before.penalty !== one.penalty ||
      before.beneficiary !== one.beneficiary
    ) {
      throw new Refusal('payout.case', `case ${one.caseId} is given twice with different contents`)
    }
  }
  return [...byId.values()].sort((a, b) => compare(a.caseId, b.caseId))
}

function parseCase(terms: Terms, violation: ChargedCase): Case {
  const custodian = partyByWallet(terms, violation.custodian)
  if (!custodian) {
    throw new Refusal(
      'payout.custodian',
      `case ${violation.caseId}: ${violation.custodian} is no party of the terms`,
    )
  }
  if (!/^[0-9]{1,78}$/.test(String(violation.penalty))) {
    throw new Refusal(
      'payout.penalty',
      `case ${violation.caseId}: penalty "${violation.penalty}" is no amount`,
    )
  }
  return {
    caseId: violation.caseId.toLowerCase() as Hex,
    custodian: custodian.wallet,
    penalty: BigInt(violation.penalty),
    beneficiary: violation.beneficiary.toLowerCase() as Hex,
  }
}

/** Splits `charged` by penalty. Rounding leaves fewer units than there are cases; the first cases get one more each. */
function shareOut(cases: Case[], due: bigint, charged: bigint, awarded: Map<Hex, bigint>): void {
  if (charged === 0n) return
  const shares = cases.map((each) => (each.penalty * charged) / due)
  let left = charged - shares.reduce((sum, share) => sum + share, 0n)
  cases.forEach((each, i) => {
    let share = shares[i] as bigint
    if (left > 0n && share < each.penalty) {
      share += 1n
      left -= 1n
    }
    awarded.set(each.beneficiary, (awarded.get(each.beneficiary) ?? 0n) + share)
  })
}
