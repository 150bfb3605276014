/** What clauses mean, rule version 1: pure folds over the envelopes of a leg. The chain proves the same for those kinds that it knows. */
export { CumulativeFold, judgeShipmentSum, type TimeOutside } from './cumulative.ts'
export { isAtDestination } from './destination.ts'
export { isOfShipment, limitFold } from './folds.ts'
export { isInBox } from './geofence.ts'
export {
  type Docket,
  type JudgedEnvelope,
  type Judgement,
  LEG_INDEX,
  LEG_SEQ,
  type LegFold,
  type Warning,
} from './judgement.ts'
export { judgeDeadline, judgeMilestone, LegClock, type LegTimes } from './lateness.ts'
export { meanKineticMilliC } from './mean-kinetic.ts'
export { Schedule } from './schedule.ts'
export { type Beat, type Hole, judgeHole, SilenceFold } from './silence.ts'
export { judgeFork } from './tampering.ts'
