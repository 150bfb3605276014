/** Whether what a breach costs is sound: docs/formats.md, Penalties. Codes: terms.penalty, terms.beneficiary, terms.unreachable. */
import type { CostlyClause, DeadlineClause, PartyClause, Penalty } from './clauses.ts'
import { type Placed, refuse } from './placed.ts'

export function checkPenalties(costly: Placed<CostlyClause>[], parties: Placed<PartyClause>[]): void {
  const wallets = parties.map(({ clause }) => clause.wallet)
  for (const { clause, at } of costly) {
    if (!wallets.includes(clause.penalty.beneficiary)) {
      refuse(
        'beneficiary',
        `${at}.penalty.beneficiary`,
        `${clause.penalty.beneficiary} is no party of these terms`,
      )
    }
    if (clause.kind === 'deadline') checkLoss(clause, at)
    // A deadline may say when without a price for being late.
    if (clause.kind === 'deadline' && isFree(clause.penalty)) continue
    if (clause.kind === 'tamper' && clause.penalty.step > 0) {
      refuse(
        'unreachable',
        `${at}.penalty.step`,
        'tampering has no extent, so no step is ever reached; make it 0',
      )
    }
    checkSchedule(clause.penalty, `${at}.penalty`)
  }
}

/** Somebody must be able to lose what a breach costs: who may hold the goods, or whose milestone it is, and is not exempt by a cap of 0. */
export function checkChargeable(costly: Placed<CostlyClause>[], parties: Placed<PartyClause>[]): void {
  const paying = parties.map(({ clause }) => clause).filter(({ penaltyCap }) => penaltyCap !== '0')
  for (const { clause, at } of costly) {
    if (clause.kind === 'deadline' && isFree(clause.penalty) && clause.lossPenalty === '0') continue
    const [one, another] =
      clause.kind === 'milestone' ? paying.filter(({ wallet }) => wallet === clause.party) : paying
    if (!one) {
      const [field, whose] = clause.kind === 'milestone' ? ['party', 'its'] : ['penalty', 'every']
      refuse(
        'unreachable',
        `${at}.${field}`,
        `can never be charged, as ${whose} penaltyCap is 0; raise it, or remove what costs`,
      )
    }
    if (!another && one.wallet === clause.penalty.beneficiary) {
      refuse(
        'beneficiary',
        `${at}.penalty.beneficiary`,
        `${one.name} is the only one whom this can cost anything, and would pay itself; name another party`,
      )
    }
  }
}

const isFree = ({ base, perStep, step, caseMax }: Penalty): boolean =>
  base === '0' && perStep === '0' && step === 0 && caseMax === '0'

function checkSchedule({ base, perStep, step, caseMax, limitMax }: Penalty, at: string): void {
  if (step === 0 && perStep !== '0') {
    refuse('penalty', `${at}.step`, 'must be more than 0, or perStep is never charged')
  }
  if (step > 0 && perStep === '0') {
    refuse('penalty', `${at}.perStep`, 'must be more than 0, as there is a step; or make step 0')
  }
  if (base === '0' && perStep === '0') {
    refuse('penalty', `${at}.base`, 'a breach must cost something: base, perStep or both')
  }
  if (caseMax === '0') refuse('penalty', `${at}.caseMax`, 'must be more than 0, or a breach costs nothing')
  if (BigInt(caseMax) < BigInt(base)) {
    refuse('penalty', `${at}.caseMax`, `must not be less than base ${base}, which one case costs at least`)
  }
  if (BigInt(limitMax) < BigInt(caseMax)) {
    refuse('penalty', `${at}.limitMax`, `must not be less than caseMax ${caseMax}, which one case can cost`)
  }
  const oneStep = BigInt(base) + BigInt(perStep)
  if (step > 0 && BigInt(caseMax) < oneStep) {
    refuse(
      'unreachable',
      `${at}.caseMax`,
      `must not be less than ${oneStep}, base and one step, or no step ever counts in full`,
    )
  }
}

function checkLoss({ lossPenalty, penalty }: DeadlineClause, at: string): void {
  if (BigInt(lossPenalty) > BigInt(penalty.limitMax)) {
    refuse('penalty', `${at}.lossPenalty`, `must not be more than limitMax ${penalty.limitMax}`)
  }
}
