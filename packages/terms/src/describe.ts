/** Clauses in plain language, for the people who sign them. */
import type { MetricName } from '@consign/envelope'
import type { Hex } from 'viem'
import type { Clause, InstantaneousLimitClause, PartyClause, Terms } from './clauses.ts'
import { formatBound } from './quantity.ts'
import { formatTokens } from './tokens.ts'
import { parties, partyByWallet } from './views.ts'

const SUBJECTS: Record<MetricName, string> = {
  temperature: 'Temperature',
  humidity: 'Humidity',
  pressure: 'Air pressure',
  gforce: 'Shock',
  tilt: 'Tilt',
  light: 'Light in the box',
  door: 'Door',
  motion: 'Motion',
  airExposure: 'Air exposure',
  battery: 'Battery voltage',
  latitude: 'Latitude',
  longitude: 'Longitude',
}

/** Metrics that are 0 or 1, where "above 0" and "below 1" have words of their own. */
const STATES: Partial<Record<MetricName, { neverOne: string; neverZero: string }>> = {
  door: { neverOne: 'The door must stay closed.', neverZero: 'The door must stay open.' },
  motion: { neverOne: 'The package must not move.', neverZero: 'The package must keep moving.' },
}

/**
 * One or more English sentences. With `terms`, wallets get their names and a limit says what it can cost in all:
 * "Temperature must not rise above 40.0 °C. Each excursion costs its custodian 10 tokens, at most 50 in all."
 */
export function describeClause(clause: Clause, terms?: Terms): string {
  switch (clause.kind) {
    case 'general':
      return (
        `Shipment ${clause.shipment}, paid in token ${clause.token} on chain ${clause.chainId}, ` +
        `${guarantee(clause.guaranteeBps)}. Legal regime: ${clause.legalRegime}. Penalties are: ${clause.penaltyNature}. ` +
        `${nameOf(clause.anchorWriter, terms)} anchors the records; those anchored before ${day(clause.classicalUntilMs)} ` +
        'stand without a post-quantum seal.'
      )
    case 'party':
      return describeParty(clause)
    case 'device':
      return (
        `Device ${clause.deviceId.slice(2, 14)}… measures, vouched for by ${nameOf(clause.provisioner, terms)}; its keys are kept in ` +
        `${clause.keystore === 'file' ? 'a file, which can be copied' : 'a secure element'}.`
      )
    case 'limit.instantaneous':
      return `${describeBound(clause)} ${describePenalty(clause, terms)}`
    case 'deadline':
      return `The goods must be delivered by ${minute(clause.deliverByMs)}.`
    case 'route':
      return `The goods travel from ${clause.origin} to ${clause.destination}.`
    case 'windows':
      return (
        `Disputes may be raised for ${duration(clause.disputeMs)}. The device may be silent for at most ${duration(clause.silenceMsMax)}, ` +
        `seals its records every ${duration(clause.sealEveryMs)} and signs ${everyEnvelope(clause.checkpointEvery)} post-quantum. ` +
        `An offered handover stays open for ${counted(clause.offerTtlEnvelopes, 'envelope')}.`
      )
    default:
      return clause.kind
  }
}

/** The whole agreement, one clause a line. */
export function describeTerms(terms: Terms): string {
  return terms.clauses.map((clause) => describeClause(clause, terms)).join('\n')
}

function describeParty(party: PartyClause): string {
  if (party.role === 'payer') return `${party.name} pays, and receives the goods.`
  const does = party.role === 'payee' ? 'supplies the goods' : 'carries the goods'
  return `${party.name} ${does} for ${tokens(party.amount)}, of which penalties take at most ${formatTokens(BigInt(party.penaltyCap))}.`
}

function describeBound({ metric, side, bound }: InstantaneousLimitClause): string {
  const state = STATES[metric]
  if (state && side === 'above' && bound === 0) return state.neverOne
  if (state && side === 'below' && bound === 1) return state.neverZero
  const verb = side === 'above' ? 'rise above' : 'fall below'
  return `${SUBJECTS[metric]} must not ${verb} ${formatBound(metric, bound)}.`
}

function describePenalty(limit: InstantaneousLimitClause, terms: Terms | undefined): string {
  const penalty = `Each excursion costs its custodian ${tokens(limit.penalty.base)}`
  if (!terms) return `${penalty}.`
  const beneficiary = partyByWallet(terms, limit.penalty.beneficiary)
  const goesTo =
    beneficiary?.role === 'payer' ? '' : ` It is paid to ${beneficiary?.name ?? limit.penalty.beneficiary}.`
  return `${penalty}, ${capsInAll(terms)}.${goesTo}`
}

/** "at most 50 in all", or by party where caps differ: "at most 200 (supplier) or 50 (shipper-x, shipper-y) in all". */
function capsInAll(terms: Terms): string {
  const namesByCap = new Map<string, string[]>()
  for (const { role, name, penaltyCap } of parties(terms)) {
    if (role !== 'payer') namesByCap.set(penaltyCap, [...(namesByCap.get(penaltyCap) ?? []), name])
  }
  const caps = [...namesByCap].map(([cap, names]) => {
    const amount = formatTokens(BigInt(cap))
    return namesByCap.size === 1 ? amount : `${amount} (${names.join(', ')})`
  })
  return `at most ${caps.join(' or ')} in all`
}

const nameOf = (wallet: Hex, terms: Terms | undefined): string =>
  (terms && partyByWallet(terms, wallet)?.name) ?? wallet

function tokens(units: string): string {
  return units === `1${'0'.repeat(18)}` ? '1 token' : `${formatTokens(BigInt(units))} tokens`
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
const everyEnvelope = (every: number): string => (every === 1 ? 'every envelope' : `one envelope in ${every}`)
const guarantee = (bps: number): string =>
  bps === 0 ? 'without an on-chain guarantee' : `with ${bps / 100} % of each amount guaranteed on chain`
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
  [1, 'millisecond'],
] as const

/** The largest unit that divides it: "7 days", "90 minutes". */
function duration(ms: number): string {
  for (const [unitMs, noun] of UNITS) {
    if (ms >= unitMs && ms % unitMs === 0) return counted(ms / unitMs, noun)
  }
  return counted(ms, 'millisecond')
}
