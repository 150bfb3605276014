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
const caseOf = {
  ...legOf,
  custodian: addressField,
  limitId: limitIdField,
  metric: z.string().regex(/^[a-zA-Z]+$/, 'must be the name of a metric'),
  caseId: hash32Field,
  startSeq: countField,
  startIndex: countField,
}
const permilleField = z.int().min(0).max(1000)

const excursionStarted = defineEvent({
  type: 'penalty.excursion.started.v1',
  summary: 'The first reading outside a limit.',
  subject,
  data: z.strictObject({ ...caseOf, atMs: timeMsField, value: valueField }),
})

const violationCharged = defineEvent({
  type: 'penalty.violation.charged.v1',
  summary: 'An excursion ended, inside again or with its leg, and its custodian is charged once.',
  subject,
  data: z.strictObject({
    ...caseOf,
    kind: z.literal('instantaneous'),
    /** First envelope that a proof needs. */
    runFromSeq: countField,
    fromMs: timeMsField,
    toMs: timeMsField,
    worst: valueField,
    readings: countField,
    penalty: amountField,
    beneficiary: addressField,
  }),
})

const legAssessed = defineEvent({
  type: 'penalty.leg.assessed.v1',
  summary: 'All envelopes of a finished leg were assessed; gaps are those that never came.',
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
