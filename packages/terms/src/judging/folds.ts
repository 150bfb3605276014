/** The folds that judge a leg by itself. */
import type { CumulativeLimitClause, GeofenceClause, LimitClause } from '../clauses.ts'
import { unreachable } from '../unreachable.ts'
import { CumulativeFold } from './cumulative.ts'
import { ExcursionFold, instantaneousRule, singleRule } from './excursions.ts'
import { GeofenceFold } from './geofence.ts'
import type { LegFold } from './judgement.ts'
import { MeanKineticFold } from './mean-kinetic.ts'

/** A cumulative limit of scope shipment is no case of a leg: its sum is to be carried on (judgeShipmentSum). */
export const isOfShipment = (clause: { kind: string; scope?: string }): clause is CumulativeLimitClause =>
  clause.kind === 'limit.cumulative' && clause.scope === 'shipment'

/** How a limit reads leg number `leg`, in one pass. */
export function limitFold(limit: LimitClause | GeofenceClause, leg: number): LegFold {
  switch (limit.kind) {
    case 'limit.instantaneous':
      return new ExcursionFold(instantaneousRule(limit, leg))
    case 'limit.single':
      return new ExcursionFold(singleRule(limit, leg))
    case 'limit.cumulative':
      return new CumulativeFold(limit, leg)
    case 'limit.meanKinetic':
      return new MeanKineticFold(limit, leg)
    case 'limit.geofence':
      return new GeofenceFold(limit)
    default:
      return unreachable(limit)
  }
}
