/** Which clauses of the terms are judged, prepared once for a shipment. */
import type { MetricName } from '@consign/envelope'
import {
  deadline,
  device,
  geofences,
  limits,
  milestones,
  silence,
  type TamperClause,
  type Terms,
  tamper,
  tender,
} from '@consign/terms'
import { CumulativeFold, isOfShipment, type LegFold, limitFold, SilenceFold } from '@consign/terms/judging'

export type JudgedClauses = ReturnType<typeof judgedClauses>

export function judgedClauses(terms: Terms) {
  const all = [...limits(terms), ...geofences(terms)]
  return {
    ofLeg: all.filter((clause) => !isOfShipment(clause)),
    ofShipment: all.filter((clause) => isOfShipment(clause)),
    silence: silence(terms),
    tamper: chargeableTamper(terms),
    deadline: deadline(terms),
    milestones: milestones(terms),
    tender: tender(terms),
    metrics: metricsOf(terms),
  }
}

/** Folds for leg number `leg`; the sums are of limits whose scope is the shipment. */
export function foldsOf(clauses: JudgedClauses, leg: number): { folds: LegFold[]; sums: CumulativeFold[] } {
  const folds: LegFold[] = clauses.ofLeg.map((clause) => limitFold(clause, leg))
  if (clauses.silence !== undefined) folds.push(new SilenceFold(clauses.silence))
  const sums = clauses.ofShipment.map((clause) => new CumulativeFold(clause, leg))
  return { folds: [...folds, ...sums], sums }
}

/** Who copies the keys of a file can sign a second branch: that proves nothing against the custodian. */
function chargeableTamper(terms: Terms): TamperClause | undefined {
  return device(terms).keystore === 'secureElement' ? tamper(terms) : undefined
}

function metricsOf(terms: Terms): ReadonlySet<MetricName> {
  const metrics = new Set<MetricName>(limits(terms).map(({ metric }) => metric))
  if (geofences(terms).length > 0 || tender(terms) !== undefined) metrics.add('latitude').add('longitude')
  return metrics
}
