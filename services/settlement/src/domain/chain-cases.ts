/**
 * What the chain charges, beside what services judged. The contract pays by its own cases: who proves one that services did not see, proves more of one,
 * or wins a contest, changes what is due there. A plan that took no notice would pay twice or too little. Pure.
 */
import type { EventData, EventOf, Hex } from '@consign/events'
import { type ChargedCase, clauseByLimitId, isProvableOnChain, type Terms } from '@consign/terms'

/** One case by the last that the chain said of it; `claimed`: silence that can still be refuted, and `voided`: nobody answered its contest. */
export type ChainCase = {
  limitId: number
  custodian: Hex
  penalty: string
  standing: 'charged' | 'claimed' | 'voided' | 'refuted'
}

export type ChainCases = ReadonlyMap<Hex, ChainCase>

export type ChainCaseEvent = EventOf<'chain.case.charged.v1' | 'chain.case.dropped.v1' | 'chain.happened.v1'>

/** How the chain differed from services when the plan was made; a part of the plan's event, so that it can be made again. */
export type ByChain = NonNullable<EventData<'settlement.planned.v1'>['byChain']>

export const NOTHING_BY_CHAIN: ByChain = { charged: [], dropped: [], less: [] }

export function evolveChainCases(cases: ChainCases, { type, data }: ChainCaseEvent): ChainCases {
  switch (type) {
    case 'chain.case.charged.v1': {
      const { caseId, limitId, custodian, penalty, isClaim } = data
      const standing = isClaim ? 'claimed' : 'charged'
      return new Map(cases).set(caseId, { limitId, custodian, penalty, standing })
    }
    case 'chain.case.dropped.v1':
      return stands(cases, data.caseId, data.because === 'contest' ? 'voided' : 'refuted')
    case 'chain.happened.v1':
      return data.name === 'ClaimStood' ? stands(cases, data.args.caseId as Hex, 'charged') : cases
  }
}

function stands(cases: ChainCases, caseId: Hex, standing: ChainCase['standing']): ChainCases {
  const known = cases.get(caseId)
  return known === undefined ? cases : new Map(cases).set(caseId, { ...known, standing })
}

/**
 * How the chain differs now. `assessed`: the cases that services judged; `failed`: those whose proof was refused or reverted. A smaller charge on chain
 * counts only then: before, the rest of a long proof is still on its way.
 */
export function byChainOf(
  assessed: readonly ChargedCase[],
  { onChain, failed }: { onChain: ChainCases; failed: ReadonlySet<string> },
): ByChain {
  const judged = new Map(assessed.map((one) => [one.caseId, BigInt(one.penalty)]))
  const charged = [...onChain].flatMap(([caseId, { standing, limitId, custodian, penalty }]) =>
    standing === 'charged' && BigInt(penalty) > (judged.get(caseId) ?? -1n)
      ? [{ caseId, limitId, custodian, penalty }]
      : [],
  )
  const isVoided = ({ caseId }: ChargedCase) => onChain.get(caseId)?.standing === 'voided'
  const less = assessed.flatMap((one) => {
    const { caseId } = one
    const known = onChain.get(caseId)
    const penalty = known?.standing === 'charged' ? known.penalty : '0'
    const isLess = failed.has(caseId) && !isVoided(one) && BigInt(penalty) < BigInt(one.penalty)
    return isLess ? [{ caseId, penalty }] : []
  })
  return { charged, dropped: assessed.filter(isVoided).map(({ caseId }) => caseId), less }
}

/** The cases of a plan: what services judged, as the chain changed it. */
export function casesBy(
  terms: Terms,
  assessed: readonly ChargedCase[],
  { charged, dropped }: ByChain,
): ChargedCase[] {
  const more = charged.flatMap((one): ChargedCase[] => {
    const beneficiary = clauseByLimitId(terms, one.limitId)?.penalty.beneficiary
    return beneficiary === undefined ? [] : [{ ...one, beneficiary }]
  })
  const changed = new Set([...dropped, ...more.map(({ caseId }) => caseId)])
  return [...assessed.filter(({ caseId }) => !changed.has(caseId)), ...more]
}

/** Of these what the contract charges: it knows nothing of what only services judge, nor of what it was not shown. */
export function provenCasesBy(
  terms: Terms,
  assessed: readonly ChargedCase[],
  byChain: ByChain,
): ChargedCase[] {
  const less = new Map(byChain.less.map(({ caseId, penalty }) => [caseId, penalty]))
  return casesBy(terms, assessed, byChain)
    .filter((one) => isProvable(terms, one))
    .map((one) => ({ ...one, penalty: less.get(one.caseId) ?? one.penalty }))
}

export function isProvable(terms: Terms, { limitId }: Pick<ChargedCase, 'limitId'>): boolean {
  const clause = clauseByLimitId(terms, limitId)
  return clause !== undefined && isProvableOnChain(clause)
}
