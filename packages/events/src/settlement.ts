import type { PayoutPlan } from '@consign/terms'
import { z } from 'zod'
import { defineEvent } from './define.ts'
import { addressField, amountField, hash32Field, partySignatureField, shipmentField } from './fields.ts'
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
  data: z.strictObject({
    ...shipmentOf,
    plan: planField,
    /** What of the plan is left to the guarantees: each is claimed on chain for its wallet, and pays the rest of its due. */
    guaranteed: z.array(z.strictObject({ wallet: addressField, amount: amountField })).optional(),
  }),
})

const paymentIntended = defineEvent({
  type: 'settlement.payment.intended.v1',
  summary:
    'A payment will be made; written before any effect on the outside. By `via` guarantee it is claimed from the contract.',
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

const acknowledged = defineEvent({
  type: 'settlement.acknowledged.v1',
  summary: 'A party has signed how much it got off chain in all; its guarantee covers so much less.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    party: addressField,
    cumulative: amountField,
    /** Over the EIP-712 Acknowledgement; the contract takes the wallet's. */
    signature: partySignatureField,
  }),
})

const concluded = defineEvent({
  type: 'settlement.concluded.v1',
  summary:
    'The chain has fixed who is due what, and of the guarantees all is paid or back that can be by now.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    /** Of payee and carriers in order of the terms; the dues and the refund are the amounts. */
    dues: z.array(z.strictObject({ wallet: addressField, due: amountField })),
    refund: amountField,
    /** Whether the dues are what the plan says of all that can be proven on chain. */
    asPlanned: z.boolean(),
    /** What guarantees have paid, and what of them went back to the payer. */
    claimed: amountField,
    released: amountField,
  }),
})

export const SETTLEMENT_EVENTS = [
  planned,
  paymentIntended,
  paymentMade,
  settled,
  acknowledged,
  concluded,
] as const
