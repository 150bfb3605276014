/**
 * Who gets what at the end. Pure: the same terms and the same set of violations, in any order, give the same plan.
 *
 * penalties(party) = sum over its clauses of min(sum of the cases of the clause, limitMax of the clause);
 * charged(party) = min(penalties, its cap, its amount); the rest is recorded as uncollected. Of what is charged each beneficiary other than
 * payer and party gets floor(charged × penalties due to it / penalties), the payer what is left; that is its refund, as it never left.
 * So settles the contract what can be proven on chain. What only services judge comes after it, by the same rule, from what is then left
 * of the cap and of the part of the amount that is not guaranteed: the guarantee is the party's, whatever services say.
 * Conserved exactly: sum of paid + sum of awards + refund = sum of amounts.
 */
import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'
import { UNLIMITED } from './clause-fields.ts'
import type { CostlyClause, PartyClause, Terms } from './clauses.ts'
import { guaranteeOf } from './guarantee.ts'
import { clauseByLimitId, general, isProvableOnChain, parties, partyByWallet, payer } from './views.ts'

/** One case held against the custodian's wallet. `penalty` in the smallest unit, before the caps of clause and party. */
export type ChargedCase = {
  caseId: Hex
  limitId: number
  custodian: Hex
  penalty: bigint | string
  beneficiary: Hex
}
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

type Case = { caseId: Hex; clause: CostlyClause; custodian: Hex; penalty: bigint }

/**
 * Payouts are those of payee and carriers in order of the terms, awards ascend by address and never name the payer. A case given twice is
 * charged once. Refusal 'payout.custodian' (no party), 'payout.limit' (no clause of the terms, or not its beneficiary), 'payout.case' (one
 * case, two contents), 'payout.penalty' (negative or no number).
 */
export function payoutPlan(input: { terms: Terms; violations: readonly ChargedCase[] }): PayoutPlan {
  const { terms } = input
  const cases = distinctCases(terms, input.violations)
  const payerWallet = payer(terms).wallet
  const awarded = new Map<Hex, bigint>([[payerWallet, 0n]])
  const payouts: Payout[] = []
  let uncollected = 0n
  for (const party of parties(terms)) {
    const own = cases.filter((each) => each.custodian === party.wallet)
    const proven = dueByBeneficiary(own.filter(({ clause }) => isProvableOnChain(clause)))
    const judged = dueByBeneficiary(own.filter(({ clause }) => !isProvableOnChain(clause)))
    const charged = chargeOf(terms, party, sumOf(proven.values()), sumOf(judged.values()))
    shareOut(proven, charged.proven, { payer: payerWallet, debtor: party.wallet }, awarded)
    shareOut(judged, charged.judged, { payer: payerWallet, debtor: party.wallet }, awarded)
    const taken = charged.proven + charged.judged
    const left = sumOf(proven.values()) + sumOf(judged.values()) - taken
    uncollected += left
    if (party.role !== 'payer') payouts.push(payoutOf(party, taken, left))
  }
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
function chargeOf(terms: Terms, { amount, penaltyCap }: PartyClause, proven: bigint, judged: bigint) {
  const most = smallest(BigInt(penaltyCap), BigInt(amount))
  const chargedProven = smallest(proven, most)
  const notGuaranteed =
    BigInt(amount) - guaranteeOf(BigInt(amount), general(terms).guaranteeBps) - chargedProven
  const left = smallest(most - chargedProven, notGuaranteed)
  return { proven: chargedProven, judged: left > 0n ? smallest(judged, left) : 0n }
}

function payoutOf(party: PartyClause, charged: bigint, uncollected: bigint): Payout {
  const agreed = BigInt(party.amount)
  return {
    party: party.name,
    wallet: party.wallet,
    agreed: String(agreed),
    penalty: String(charged),
    uncollected: String(uncollected),
    paid: String(agreed - charged),
  }
}

function distinctCases(terms: Terms, violations: readonly ChargedCase[]): Case[] {
  const byId = new Map<Hex, Case>()
  for (const violation of violations) {
    const one = parseCase(terms, violation)
    const before = byId.get(one.caseId)
    if (before === undefined) byId.set(one.caseId, one)
    else if (
      before.clause !== one.clause ||
      before.custodian !== one.custodian ||
      before.penalty !== one.penalty
    ) {
      throw new Refusal('payout.case', `case ${one.caseId} is given twice with different contents`)
    }
  }
  return [...byId.values()]
}

function parseCase(terms: Terms, violation: ChargedCase): Case {
  const { limitId } = violation
  const at = `case ${violation.caseId}`
  const custodian = partyByWallet(terms, violation.custodian)
  if (!custodian) {
    throw new Refusal('payout.custodian', `${at}: ${violation.custodian} is no party of the terms`)
  }
  const beneficiary = violation.beneficiary.toLowerCase() as Hex
  const clause = clauseByLimitId(terms, limitId)
  if (clause?.penalty.beneficiary !== beneficiary) {
    throw new Refusal('payout.limit', `${at}: the terms have no clause ${limitId} that pays ${beneficiary}`)
  }
  if (!/^[0-9]{1,78}$/.test(String(violation.penalty))) {
    throw new Refusal('payout.penalty', `${at}: penalty "${violation.penalty}" is no amount`)
  }
  return {
    caseId: violation.caseId.toLowerCase() as Hex,
    clause,
    custodian: custodian.wallet,
    penalty: BigInt(violation.penalty),
  }
}

/** What one custodian's cases cost it, by who is due it; all cases of a clause together at most the clause's limitMax. */
function dueByBeneficiary(cases: Case[]): Map<Hex, bigint> {
  const byClause = new Map<CostlyClause, bigint>()
  for (const { clause, penalty } of cases) byClause.set(clause, (byClause.get(clause) ?? 0n) + penalty)
  const due = new Map<Hex, bigint>()
  for (const [clause, penalties] of byClause) {
    const { beneficiary, limitMax } = clause.penalty
    const capped = limitMax === UNLIMITED ? penalties : smallest(penalties, BigInt(limitMax))
    due.set(beneficiary, (due.get(beneficiary) ?? 0n) + capped)
  }
  return due
}

/** Splits `charged` as it is due; the payer's is what is due to it or to the debtor itself, and what rounding leaves. */
function shareOut(
  due: Map<Hex, bigint>,
  charged: bigint,
  { payer, debtor }: { payer: Hex; debtor: Hex },
  awarded: Map<Hex, bigint>,
): void {
  if (charged === 0n) return
  const penalties = sumOf(due.values())
  let left = charged
  for (const [beneficiary, amount] of due) {
    if (beneficiary === payer || beneficiary === debtor) continue
    const share = (charged * amount) / penalties
    left -= share
    awarded.set(beneficiary, (awarded.get(beneficiary) ?? 0n) + share)
  }
  awarded.set(payer, (awarded.get(payer) ?? 0n) + left)
}

const sumOf = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((sum, amount) => sum + amount, 0n)
const smallest = (...amounts: bigint[]): bigint => amounts.sort((a, b) => (a < b ? -1 : 1))[0] as bigint
