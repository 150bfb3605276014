/** The calls that prove a charged case on chain, by its kind, from the envelopes that evidence.ts asks for. Pure. */
import {
  type AgreementCall,
  forkArguments,
  isProvable,
  lateArguments,
  silenceArguments,
  tamperingArguments,
  violationCalls,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventData } from '@consign/events'
import {
  type CostlyClause,
  clauseByLimitId,
  type DeadlineClause,
  type MilestoneClause,
  type Terms,
} from '@consign/terms'
import { type Agreement, keysOf, termsOf } from './agreements.ts'

export type ChargedCase = EventData<'penalty.violation.charged.v1'>

/** `spans`: envelopes of each span of the case. Throws a Refusal when the chain cannot be shown the case. */
export function proofCalls(charged: ChargedCase, known: Agreement, spans: Uint8Array[][]): AgreementCall[] {
  const { leg } = charged
  const terms = termsOf(known)
  const clause = clauseOf(terms, charged)
  const keys = keysOf(known, leg)
  switch (clause.kind) {
    case 'limit.instantaneous':
    case 'limit.single':
    case 'limit.cumulative':
    case 'limit.meanKinetic':
    case 'limit.geofence': {
      if (clause.kind === 'limit.geofence' || !isProvable(clause)) return servicesOnly(charged)
      const start =
        clause.kind === 'limit.cumulative' ? undefined : { seq: charged.startSeq, index: charged.startIndex }
      return violationCalls({ terms, limit: clause, keys, run: spans[0] ?? [], start })
    }
    case 'silence': {
      const [wire, next] = spans[0] ?? []
      if (wire === undefined || next === undefined)
        throw new Refusal('violation.gap', 'the envelopes are not there')
      return [{ functionName: 'proveSilence', args: silenceArguments({ terms, keys, wire, next }) }]
    }
    case 'deadline':
    case 'milestone':
      return [{ functionName: 'proveLate', args: lateness(clause, charged, known, spans) }]
    case 'tamper': {
      const [one, other] = spans[0] ?? []
      if (one === undefined || other === undefined)
        throw new Refusal('violation.fork', 'the log does not hold two envelopes of that number')
      return [
        { functionName: 'reportFork', args: forkArguments({ keys, one, other }) },
        { functionName: 'proveTampering', args: tamperingArguments({ terms, leg }) },
      ]
    }
  }
}

/** Throws Refusal 'violation.limit' when the terms have no such clause. */
export function clauseOf(terms: Terms, { limitId }: ChargedCase): CostlyClause {
  const clause = clauseByLimitId(terms, limitId)
  if (clause === undefined) throw new Refusal('violation.limit', `the terms have no limit ${limitId}`)
  return clause
}

function servicesOnly({ kind, limitId }: ChargedCase): never {
  throw new Refusal(
    'violation.servicesOnly',
    `limit ${limitId} (${kind}) is judged by services alone; the violation stands, and is taken from what is not guaranteed`,
  )
}

function lateness(
  clause: DeadlineClause | MilestoneClause,
  { leg }: ChargedCase,
  known: Agreement,
  spans: Uint8Array[][],
) {
  const late = spans.at(-1)?.[0]
  if (late === undefined) throw new Refusal('violation.gap', 'the late envelope is not there')
  const before = spans.length > 1 ? spans[0]?.[0] : undefined
  return lateArguments({
    terms: termsOf(known),
    clause,
    keys: keysOf(known, leg),
    late,
    ...(before === undefined ? {} : { before: { keys: keysOf(known, leg - 1), wire: before } }),
  })
}
