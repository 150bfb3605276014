import { z } from 'zod'
import { defineEvent } from './define.ts'
import {
  addressField,
  amountField,
  countField,
  hash32Field,
  limitIdField,
  shipmentField,
  timeMsField,
  valueField,
} from './fields.ts'
import { subjects } from './subjects.ts'

const subject = (data: { agreement: `0x${string}` }) => subjects.penalty(data.agreement)
const legOf = { agreement: addressField, shipment: shipmentField, leg: countField }
const kindField = z.enum([
  'instantaneous',
  'single',
  'cumulative',
  'meanKinetic',
  'geofence',
  'silence',
  'tamper',
  'deadline',
  'milestone',
])
const caseOf = {
  ...legOf,
  custodian: addressField,
  limitId: limitIdField,
  kind: kindField,
  /** What was measured, where one metric is judged. */
  metric: z
    .string()
    .regex(/^[a-zA-Z]+$/, 'must be the name of a metric')
    .optional(),
  caseId: hash32Field,
  startSeq: countField,
  startIndex: countField,
}
const permilleField = z.int().min(0).max(1000)

const excursionStarted = defineEvent({
  type: 'penalty.excursion.started.v1',
  summary:
    'The first reading outside a limit; for the sum of a leg, the reading with which it reached the limit.',
  subject,
  data: z.strictObject({ ...caseOf, atMs: timeMsField, value: valueField.optional() }),
})

const violationCharged = defineEvent({
  type: 'penalty.violation.charged.v1',
  summary:
    'A case is over, and its custodian is charged once; the penalty is before the caps of clause and party.',
  subject,
  data: z.strictObject({
    ...caseOf,
    /** First and last envelope of a proof of all that is charged. */
    runFromSeq: countField,
    runToSeq: countField,
    fromMs: timeMsField,
    toMs: timeMsField,
    /** Worst value (instantaneous), mean kinetic temperature, else milliseconds: outside, silent, late. */
    extent: z.int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
    /** Value farthest outside, and how many readings were outside, where readings are judged. */
    worst: valueField.optional(),
    readings: countField.optional(),
    penalty: amountField,
    beneficiary: addressField,
  }),
})

const legAssessed = defineEvent({
  type: 'penalty.leg.assessed.v1',
  summary:
    'A finished leg was assessed, and all legs before it; gaps are envelopes that did not come, or too late to be judged.',
  subject,
  data: z.strictObject({
    ...legOf,
    custodian: addressField,
    n: countField,
    readings: z.int().nonnegative(),
    violations: countField,
    gaps: z.array(z.strictObject({ fromSeq: countField, toSeq: countField })),
  }),
})

const shipmentAssessed = defineEvent({
  type: 'penalty.shipment.assessed.v1',
  summary: 'All legs of a delivered shipment were assessed.',
  subject,
  data: z.strictObject({
    agreement: addressField,
    shipment: shipmentField,
    legs: countField,
    violations: z.array(hash32Field),
  }),
})

const ratingChanged = defineEvent({
  type: 'penalty.rating.changed.v1',
  summary: 'Share of legs without violation, for one payer: 1000 × (clean + 1) / (total + 1).',
  subject: (data) => subjects.rating(data.payer, data.party),
  data: z.strictObject({
    payer: addressField,
    party: addressField,
    agreement: addressField,
    leg: countField,
    legsClean: countField,
    legsTotal: countField,
    permille: permilleField,
    permilleBefore: permilleField,
  }),
})

export const PENALTY_EVENTS = [
  excursionStarted,
  violationCharged,
  legAssessed,
  shipmentAssessed,
  ratingChanged,
] as const
