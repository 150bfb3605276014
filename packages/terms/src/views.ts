/** Reading terms that `parseTerms` has checked: exactly one payer, payee, device, general, deadline and windows clause. */
import { MISSING } from '@consign/envelope'
import type { Hex } from 'viem'
import type {
  ChannelClause,
  Clause,
  ClauseKind,
  CostlyClause,
  DeadlineClause,
  DeviceClause,
  GeneralClause,
  GeofenceClause,
  LimitClause,
  MilestoneClause,
  PartyClause,
  RouteClause,
  SilenceClause,
  TamperClause,
  TenderClause,
  Terms,
  WindowsClause,
} from './clauses.ts'

type ClauseOf<K extends ClauseKind> = Extract<Clause, { kind: K }>

const all = <K extends ClauseKind>(terms: Terms, kind: K): ClauseOf<K>[] =>
  terms.clauses.filter((clause): clause is ClauseOf<K> => clause.kind === kind)

function only<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`these terms have no ${what}: parse them with parseTerms first`)
  return found
}

export const general = (terms: Terms): GeneralClause => only(all(terms, 'general')[0], 'general clause')
/** In order of index: payer, payee and carriers as the terms list them. */
export const parties = (terms: Terms): PartyClause[] => all(terms, 'party')
export const payer = (terms: Terms): PartyClause =>
  only(
    parties(terms).find((party) => party.role === 'payer'),
    'payer',
  )
export const payee = (terms: Terms): PartyClause =>
  only(
    parties(terms).find((party) => party.role === 'payee'),
    'payee',
  )
export const carriers = (terms: Terms): PartyClause[] =>
  parties(terms).filter((party) => party.role === 'carrier')
/** In any letter case; undefined when the address is no party. */
export const partyByWallet = (terms: Terms, wallet: Hex): PartyClause | undefined =>
  parties(terms).find((party) => party.wallet === wallet.toLowerCase())
export const partyByName = (terms: Terms, name: string): PartyClause | undefined =>
  parties(terms).find((party) => party.name === name)
export const device = (terms: Terms): DeviceClause => only(all(terms, 'device')[0], 'device clause')
/** Limits on one metric, of every kind, in order of the document. */
export const limits = (terms: Terms): LimitClause[] =>
  costly(terms).filter((clause): clause is LimitClause => 'metric' in clause)
export const limitById = (terms: Terms, limitId: number): LimitClause | undefined =>
  limits(terms).find((limit) => limit.limitId === limitId)
export const geofences = (terms: Terms): GeofenceClause[] => all(terms, 'limit.geofence')
export const silence = (terms: Terms): SilenceClause | undefined => all(terms, 'silence')[0]
export const tamper = (terms: Terms): TamperClause | undefined => all(terms, 'tamper')[0]
export const milestones = (terms: Terms): MilestoneClause[] => all(terms, 'milestone')
export const tender = (terms: Terms): TenderClause | undefined => all(terms, 'tender')[0]
/** Every clause whose breach has a price. */
export const costly = (terms: Terms): CostlyClause[] =>
  terms.clauses.filter((clause): clause is CostlyClause => 'limitId' in clause)
export const clauseByLimitId = (terms: Terms, limitId: number): CostlyClause | undefined =>
  costly(terms).find((clause) => clause.limitId === limitId)
/** Whether a breach can be proven on chain. What only services judge is taken from what is not guaranteed. */
export function isProvableOnChain(clause: CostlyClause): boolean {
  if (clause.kind === 'limit.geofence' || clause.kind === 'limit.meanKinetic') return false
  return clause.kind !== 'limit.cumulative' || clause.scope === 'leg'
}
export const deadline = (terms: Terms): DeadlineClause => only(all(terms, 'deadline')[0], 'deadline clause')
export const route = (terms: Terms): RouteClause | undefined => all(terms, 'route')[0]
/** The edges of the payment graph that the terms name, in order of the document; `paymentGraph` is the whole graph. */
export const channels = (terms: Terms): ChannelClause[] => all(terms, 'channel')
export const windows = (terms: Terms): WindowsClause => only(all(terms, 'windows')[0], 'windows clause')

/** Whether a value, in the metric's fixed unit, breaks the limit. The bound itself is inside; MISSING is never outside. */
export function isOutside(limit: Pick<LimitClause, 'side' | 'bound'>, value: number): boolean {
  if (value === MISSING) return false
  return limit.side === 'above' ? value > limit.bound : value < limit.bound
}
