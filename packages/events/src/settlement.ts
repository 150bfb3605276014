import type { PayoutPlan } from '@consign/terms'
import { z } from 'zod'
import { defineEvent } from './define.ts'
import {
  addressField,
  amountField,
  countField,
  hash32Field,
  limitIdField,
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

const reserved = defineEvent({
  type: 'settlement.reserved.v1',
  summary:
    'The payer can pay all that is agreed: its own channels have it, or its wallet. What a party in the middle passes on is for that party to hold ready, and to say. Leg 0 starts only after it.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    /** What flows from the payer over each of its channels, directly or mediated. */
    channels: z.array(z.strictObject({ partner: addressField, amount: amountField, via: z.string().min(1) })),
  }),
})

const mediatorReserved = defineEvent({
  type: 'settlement.mediator.reserved.v1',
  summary:
    'A party in the middle can pass on all that is agreed: its channels have it. What it has not said is paid over them as far as they go, and else diverted.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    mediator: addressField,
    /** What flows from it over each of its channels. */
    channels: z.array(z.strictObject({ partner: addressField, amount: amountField, via: z.string().min(1) })),
  }),
})

const planned = defineEvent({
  type: 'settlement.planned.v1',
  summary:
    'Who gets what; follows from terms and violations alone. Of goods that never came: what the contract has fixed.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    plan: planField,
    /** The agreement was closed on chain without delivery. */
    undelivered: z.literal(true).optional(),
    /** What of the plan is left to the guarantees: each is claimed on chain for its wallet, and pays the rest of its due. */
    guaranteed: z.array(z.strictObject({ wallet: addressField, amount: amountField })).optional(),
    /** How the chain differed from what services judged, where it did: the plan follows it. */
    byChain: z
      .strictObject({
        /** Charged there and not here, or there for more. */
        charged: z.array(
          z.strictObject({
            caseId: hash32Field,
            limitId: limitIdField,
            custodian: addressField,
            penalty: amountField,
          }),
        ),
        /** Nobody answered their contest: charged nowhere. */
        dropped: z.array(hash32Field),
        /** Charged here for more than there, as their proof was refused; 0 for not at all. */
        less: z.array(z.strictObject({ caseId: hash32Field, penalty: amountField })),
      })
      .optional(),
    /** What is paid off chain is paid in slices of this part of it, in ten-thousandths. */
    sliceBps: z.int().min(1).max(10_000),
  }),
})

const paymentIntended = defineEvent({
  type: 'settlement.payment.intended.v1',
  summary:
    'A payment will be made; written before any effect on the outside. By `via` guarantee it is claimed from the contract.',
  subject,
  data: z.strictObject({
    ...paymentOf,
    party: z.string().min(1),
    /** Number of the slice, from 0; what a guarantee pays is none. */
    slice: countField.optional(),
  }),
})

const paymentAttempted = defineEvent({
  type: 'settlement.payment.attempted.v1',
  summary: 'A channel will be asked to pay; written before it is asked, with what the channels held then.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    paymentId: z.string().min(1),
    /** From 0; the next one only when this one is over. */
    attempt: countField,
    /** SHA-256 of the secret that locks it: under one hash the receiver is paid once. */
    secretHash: hash32Field,
    /** All of the payer's channels in this token, by number: what it could pay over each, and what it had put in less what it had taken out. */
    channels: z.array(
      z.strictObject({ identifier: amountField, balance: amountField, deposited: amountField }),
    ),
    atMs: timeMsField,
  }),
})

const paymentRefused = defineEvent({
  type: 'settlement.payment.refused.v1',
  summary: 'A payment was not made and nothing of it is under way; it may be made later.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    paymentId: z.string().min(1),
    /** How many attempts are over with it. */
    attempts: countField,
    code: z.string().min(1),
    reason: z.string().min(1),
    atMs: timeMsField,
  }),
})

const paymentDiverted = defineEvent({
  type: 'settlement.payment.diverted.v1',
  summary:
    'A payment that its channel refused for too long will never be made there: its wallet gets the rest from its guarantee, or on chain.',
  subject,
  data: z.strictObject({
    ...paymentOf,
    code: z.string().min(1),
    reason: z.string().min(1),
    /** Where the rest comes from first. */
    to: z.enum(['guarantee', 'onchain']),
  }),
})

const paymentMade = defineEvent({
  type: 'settlement.payment.made.v1',
  summary:
    'The payment with this id was made, once: by a transaction, or over channels under the hash of its secret.',
  subject,
  data: z
    .strictObject({ ...paymentOf, txHash: hash32Field.optional(), secretHash: hash32Field.optional() })
    .refine(
      ({ txHash, secretHash }) => (txHash === undefined) !== (secretHash === undefined),
      'must have either txHash or secretHash',
    ),
})

const paymentLapsed = defineEvent({
  type: 'settlement.payment.lapsed.v1',
  summary:
    'What was left to a guarantee will never be paid: the contract owes it no more, by what its wallet has acknowledged there or what was fixed.',
  subject,
  data: z.strictObject({ ...paymentOf, code: z.string().min(1), reason: z.string().min(1) }),
})

const overpaid = defineEvent({
  type: 'settlement.overpaid.v1',
  summary:
    'A wallet has got more than its due, as it had its guarantee paid out while a slice was paid: by one slice at most. Nothing more is paid to it.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    wallet: addressField,
    due: amountField,
    /** Off chain, and out of its guarantee. */
    paid: amountField,
    claimed: amountField,
    /** paid + claimed - due. */
    excess: amountField,
  }),
})

const settled = defineEvent({
  type: 'settlement.settled.v1',
  summary:
    'Nothing of the plan is to be paid any more: paid + lapsed + refund = amounts + overpaid; what is absent is 0.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    paid: amountField,
    refund: amountField,
    lapsed: amountField.optional(),
    overpaid: amountField.optional(),
  }),
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
  reserved,
  mediatorReserved,
  planned,
  paymentIntended,
  paymentAttempted,
  paymentRefused,
  paymentDiverted,
  paymentMade,
  paymentLapsed,
  overpaid,
  settled,
  acknowledged,
  concluded,
] as const
