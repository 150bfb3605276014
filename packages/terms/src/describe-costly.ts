/** Clauses whose breach has a price, in plain language: what must hold, what counts, what it costs whom, and who can prove it. */
import type { MetricName } from '@consign/envelope'
import { UNLIMITED } from './clause-fields.ts'
import type { CostlyClause, DeadlineClause, LimitClause, Penalty, Terms } from './clauses.ts'
import { formatBound } from './quantity.ts'
import { formatTokens } from './tokens.ts'
import { unreachable } from './unreachable.ts'
import { isProvableOnChain, parties, partyByWallet, payer } from './views.ts'
import { duration, ether, minute, place, tokens } from './wording.ts'

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
const STATES: Partial<Record<MetricName, Record<'above' | 'below', { must: string; mustNot: string }>>> = {
  door: {
    above: { must: 'The door must stay closed', mustNot: 'The door must not be open' },
    below: { must: 'The door must stay open', mustNot: 'The door must not be closed' },
  },
  motion: {
    above: { must: 'The package must not move', mustNot: 'The package must not move' },
    below: { must: 'The package must keep moving', mustNot: 'The package must not stand still' },
  },
}

const BETWEEN = {
  hold: 'Each value counts until the next one',
  linear: 'Between two values a straight line counts',
  worstCase: 'Time between two values counts when either is outside',
}

export function describeCostly(clause: CostlyClause, terms?: Terms): string {
  const proof = isProvableOnChain(clause)
    ? 'Whoever holds the records can prove it on chain.'
    : 'Only the services judge it, and take it from what is not guaranteed.'
  return `${described(clause, terms)} ${proof}`
}

function described(clause: CostlyClause, terms: Terms | undefined): string {
  const { penalty } = clause
  const costs = (what: string, whom: string, step: string) =>
    `${what} costs ${whom} ${price(penalty, step, terms)}`
  switch (clause.kind) {
    case 'limit.instantaneous':
    case 'limit.single':
    case 'limit.cumulative':
    case 'limit.meanKinetic':
      return `${limitRule(clause)} ${costs(breachOf(clause), 'its custodian', stepOf(clause))}`
    case 'limit.geofence': {
      const where = clause.rule === 'stayInside' ? 'outside' : 'inside'
      const long = clause.durationMs === 0 ? '' : ` for ${duration(clause.durationMs)} or more at a time`
      const rule = `The goods must not be ${where} ${place(clause)}${long}. ${BETWEEN[clause.between]}, ${gaps(clause.gapMsMax)}.`
      return `${rule} ${costs('Each time', 'its custodian', duration(penalty.step))}`
    }
    case 'deadline':
      return describeDeadline(clause, terms)
    case 'milestone': {
      const party = (terms && partyByWallet(terms, clause.party)?.name) ?? clause.party
      return `${party} must have handed over by ${minute(clause.handOverByMs)}. ${costs('Being late', 'it', duration(penalty.step))}`
    }
    case 'silence':
      return (
        `Each envelope begins at most ${duration(clause.silenceMsMax)} after the one before it. ` +
        `${costs('Each longer silence', 'its custodian', duration(penalty.step))} ` +
        `Silence at the end is claimed against a bond of ${ether(clause.bondWei)} and can be refuted for ${duration(clause.refuteMs)}.`
      )
    case 'tamper':
      return (
        'The device must not sign two different envelopes under one number. ' +
        costs('Each fork', 'the custodian in whose leg it lies', '')
      )
    default:
      return unreachable(clause)
  }
}

function describeDeadline(clause: DeadlineClause, terms: Terms | undefined): string {
  const { penalty, lossPenalty, lostAfterMs } = clause
  const late =
    penalty.caseMax === '0'
      ? ''
      : ` Being late costs the custodian who has the goods then ${price(penalty, duration(penalty.step), terms)}`
  const loss = lossPenalty === '0' ? '' : `; that costs the custodian ${tokens(lossPenalty)}${capped(terms)}`
  const lost =
    lostAfterMs === 0
      ? ''
      : ` Goods that have not come by ${minute(lostAfterMs)} count as lost${loss}.${goesTo(penalty, terms)}`
  return `The goods must be delivered by ${minute(clause.deliverByMs)}.${late}${lost}`
}

/** What must hold, and what of the readings counts. */
function limitRule(limit: LimitClause): string {
  const startUp =
    limit.startUpMs === 0 ? '' : ` Readings of the first ${duration(limit.startUpMs)} do not count.`
  switch (limit.kind) {
    case 'limit.instantaneous':
      return `${stays(limit)}.${startUp}`
    case 'limit.single':
      return `${isNot(limit)} for ${duration(limit.durationMs)} or more at a time. ${BETWEEN[limit.between]}, ${gaps(limit.gapMsMax)}.${startUp}`
    case 'limit.cumulative': {
      const span = limit.scope === 'leg' ? 'while one party has the goods' : 'during the shipment'
      return (
        `${isNot(limit)} for ${duration(limit.durationMs)} or more in all ${span}. ` +
        `${BETWEEN[limit.between]}, ${gaps(limit.gapMsMax)}.${startUp}`
      )
    }
    case 'limit.meanKinetic':
      return (
        `The mean kinetic temperature while one party has the goods must not rise above ${formatBound(limit.metric, limit.bound)}. ` +
        `${BETWEEN.hold}, ${gaps(limit.gapMsMax)}.${startUp}`
      )
    default:
      return unreachable(limit)
  }
}

const isState = ({ side, bound }: LimitClause): boolean => bound === (side === 'above' ? 0 : 1)

function stays(limit: LimitClause): string {
  const state = STATES[limit.metric]
  if (state && isState(limit)) return state[limit.side].must
  const verb = limit.side === 'above' ? 'rise above' : 'fall below'
  return `${SUBJECTS[limit.metric]} must not ${verb} ${formatBound(limit.metric, limit.bound)}`
}

function isNot(limit: LimitClause): string {
  const state = STATES[limit.metric]
  if (state && isState(limit)) return state[limit.side].mustNot
  return `${SUBJECTS[limit.metric]} must not be ${limit.side} ${formatBound(limit.metric, limit.bound)}`
}

const gaps = (gapMsMax: number): string => `gaps of more than ${duration(gapMsMax)} do not`

function breachOf({ kind }: LimitClause): string {
  return kind === 'limit.cumulative' || kind === 'limit.meanKinetic' ? 'A breach' : 'Each excursion'
}

/** In words, how much further each step is. */
function stepOf(limit: LimitClause): string {
  const overTime = limit.kind === 'limit.single' || limit.kind === 'limit.cumulative'
  return overTime ? duration(limit.penalty.step) : formatBound(limit.metric, limit.penalty.step)
}

/** "10 tokens and 5 more for each full hour beyond that, at most 120, at most 240 together, at most 50 in all. It is paid to supplier." */
function price(penalty: Penalty, step: string, terms: Terms | undefined): string {
  const { base, perStep, caseMax, limitMax } = penalty
  const stepped = penalty.step > 0
  const more = (amount: string) => `${amount} for each full ${step.replace(/^1 /, '')} beyond that`
  const cost = !stepped
    ? tokens(base)
    : base === '0'
      ? more(tokens(perStep))
      : `${tokens(base)} and ${more(`${formatTokens(BigInt(perStep))} more`)}`
  const most = stepped ? `, at most ${formatTokens(BigInt(caseMax))} each time` : ''
  const together = limitMax === UNLIMITED ? '' : `, at most ${formatTokens(BigInt(limitMax))} together`
  return `${cost}${most}${together}${capped(terms)}.${goesTo(penalty, terms)}`
}

function goesTo({ beneficiary }: Penalty, terms: Terms | undefined): string {
  if (!terms) return ''
  const party = partyByWallet(terms, beneficiary)
  if (party === undefined) return ` It is paid to ${beneficiary}.`
  return party.role === 'payer'
    ? ''
    : ` It is paid to ${party.name}; what ${party.name} itself is charged, to ${payer(terms).name}.`
}

/** ", at most 50 in all", or by party where caps differ: ", at most 200 (supplier) or 50 (shipper-x, shipper-y) in all". */
function capped(terms: Terms | undefined): string {
  if (!terms) return ''
  const namesByCap = new Map<string, string[]>()
  for (const { role, name, penaltyCap } of parties(terms)) {
    if (role !== 'payer') namesByCap.set(penaltyCap, [...(namesByCap.get(penaltyCap) ?? []), name])
  }
  const caps = [...namesByCap].map(([cap, names]) => {
    const amount = formatTokens(BigInt(cap))
    return namesByCap.size === 1 ? amount : `${amount} (${names.join(', ')})`
  })
  return `, at most ${caps.join(' or ')} in all`
}
