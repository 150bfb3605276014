import type { PayoutPlan } from '@consign/terms'
import { z } from 'zod'
import { defineEvent } from './define.ts'
import {
  addressField,
  amountField,
  hash32Field,
  partySignatureField,
  shipmentField,
  timeMsField,
} from './fields.ts'
import { subjects } from './subjects.ts'

const subject = (data: { agreement: `0x${string}` }) => subjects.settlement(data.agreement)
const shipmentOf = { agreement: addressField, shipment: shipmentField }
const paymentOf = {
  ...shipmentOf,
  paymentId: z.string().min(1),
  wallet: addressField,
  amount: amountField,
  via: z.string().min(1),
}
// Computed by payoutPlan from the log alone; its shape is the business of the terms.
const planField = z.custom<PayoutPlan>(
  (value) => typeof value === 'object' && value !== null,
  'must be a plan',
)

const planned = defineEvent({
  type: 'settlement.planned.v1',
  summary: 'Who gets what; follows from terms and violations alone.',
  subject,
  data: z.strictObject({ ...shipmentOf, plan: planField }),
})

const paymentIntended = defineEvent({
  type: 'settlement.payment.intended.v1',
  summary: 'A payment will be made; written before any effect on the outside.',
  subject,
  data: z.strictObject({ ...paymentOf, party: z.string().min(1) }),
})

const paymentMade = defineEvent({
  type: 'settlement.payment.made.v1',
  summary: 'The payment with this id was made, once.',
  subject,
  data: z.strictObject({ ...paymentOf, txHash: hash32Field }),
})

const settled = defineEvent({
  type: 'settlement.settled.v1',
  summary: 'Every payment of the plan was made: paid + refund = amounts.',
  subject,
  data: z.strictObject({ ...shipmentOf, paid: amountField, refund: amountField }),
})

const guaranteeFunded = defineEvent({
  type: 'settlement.guarantee.funded.v1',
  summary: 'The agreement holds the guarantee, so that leg 0 can start.',
  subject,
  data: z.strictObject({ ...shipmentOf, guarantee: amountField }),
})

const paymentAcknowledged = defineEvent({
  type: 'settlement.payment.acknowledged.v1',
  summary: 'A party signed what it got off chain in all; the signature is over the EIP-712 Acknowledgement.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    wallet: addressField,
    cumulative: amountField,
    signature: partySignatureField,
  }),
})

const acknowledgementRecorded = defineEvent({
  type: 'settlement.acknowledgement.recorded.v1',
  summary: 'The agreement on chain knows of the acknowledgement.',
  subject,
  data: z.strictObject({ ...shipmentOf, wallet: addressField, cumulative: amountField }),
})

const agreementConcluded = defineEvent({
  type: 'settlement.agreement.concluded.v1',
  summary: 'The agreement is settled on chain: who gets what is fixed, and nothing can be charged any more.',
  subject,
  data: z.strictObject({ ...shipmentOf, settledAtMs: timeMsField }),
})

const guaranteeReleased = defineEvent({
  type: 'settlement.guarantee.released.v1',
  summary: 'What a party can no longer claim of its guarantee went back to the payer.',
  subject,
  data: z.strictObject({ ...shipmentOf, wallet: addressField, released: amountField }),
})

export const SETTLEMENT_EVENTS = [
  planned,
  paymentIntended,
  paymentMade,
  settled,
  guaranteeFunded,
  paymentAcknowledged,
  acknowledgementRecorded,
  agreementConcluded,
  guaranteeReleased,
] as const
