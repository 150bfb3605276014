import type { Terms } from '@consign/terms'
import { z } from 'zod'
import { defineEvent } from './define.ts'
import {
  addressField,
  amountField,
  countField,
  deviceKeysField,
  hash32Field,
  hexField,
  partySignatureField,
  shipmentField,
  timeMsField,
} from './fields.ts'
import { subjects } from './subjects.ts'

const subject = (data: { agreement: `0x${string}` }) => subjects.custody(data.agreement)
const shipmentOf = { agreement: addressField, shipment: shipmentField }
const legOf = { ...shipmentOf, leg: countField }
// The document is checked by parseTerms where it comes in; here it is what both sides signed.
const termsField = z.custom<Terms>((value) => typeof value === 'object' && value !== null, 'must be terms')

const agreementSigned = defineEvent({
  type: 'custody.agreement.signed.v1',
  summary: 'Payer and payee signed the terms.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    terms: termsField,
    termsHash: hash32Field,
    payerSignature: partySignatureField,
    payeeSignature: partySignatureField,
  }),
})

const packed = defineEvent({
  type: 'custody.packed.v1',
  summary: 'The package is closed and leg 0 begins; keys are the signed leg keys.',
  subject,
  data: z.strictObject({
    ...shipmentOf,
    leg: z.literal(0),
    custodian: addressField,
    keys: hexField,
    keysHash: hash32Field,
  }),
})

const offered = defineEvent({
  type: 'custody.offered.v1',
  summary: 'The device offers custody to whoever accepts before envelope m + ttlEnvelopes.',
  subject,
  data: z.strictObject({
    ...legOf,
    offer: hexField,
    offerDigest: hash32Field,
    m: countField,
    ttlEnvelopes: countField,
    nextKeys: hexField,
  }),
})

const accepted = defineEvent({
  type: 'custody.accepted.v1',
  summary: 'A party accepted an offer; custody has not moved yet. leg is the one that would end.',
  subject,
  data: z.strictObject({
    ...legOf,
    party: addressField,
    accept: hexField,
    acceptDigest: hash32Field,
    offerDigest: hash32Field,
  }),
})

const transferred = defineEvent({
  type: 'custody.transferred.v1',
  summary: 'The device cut the leg: custody is with `to`; leg is the one that ended, with n envelopes.',
  subject,
  data: z.strictObject({
    ...legOf,
    n: countField,
    head: hash32Field,
    root: hash32Field,
    cut: hexField,
    cutDigest: hash32Field,
    accept: hexField,
    offer: hexField,
    from: addressField,
    to: addressField,
    nextKeysHash: hash32Field,
    nextKeys: hexField,
  }),
})

const transferredManually = defineEvent({
  type: 'custody.transferred.manually.v1',
  summary:
    'Both custodians signed that the goods changed hands without the device: leg has ended with n envelopes, custody is with `to`.',
  subject,
  data: z.strictObject({
    ...legOf,
    n: countField,
    from: addressField,
    to: addressField,
    timeMs: timeMsField,
    amount: amountField,
    penaltyMax: amountField,
    reasonsHash: hash32Field,
    nextKeysHash: hash32Field,
    cutDigest: hash32Field,
    fromSignature: partySignatureField,
    toSignature: partySignatureField,
    // Absent when the goods go on unmeasured.
    replacement: z.strictObject({ device: deviceKeysField, nextKeys: hexField }).optional(),
  }),
})

const transferredOnChain = defineEvent({
  type: 'custody.transferred.onchain.v1',
  summary:
    'The chain moved custody by what nobody had shown here: a manual cut, or a tender that the payer let pass. leg has ended with n envelopes, custody is with `to`.',
  subject,
  data: z.strictObject({
    ...legOf,
    n: countField,
    from: addressField,
    to: addressField,
    by: z.enum(['manualCut', 'tender']),
    cutDigest: hash32Field,
    /** Of a manual cut: of the device that goes on, which is told by custody.transferred.manually once somebody shows it. */
    nextKeysHash: hash32Field.optional(),
    txHash: hash32Field,
  }),
})

const sealed = defineEvent({
  type: 'custody.sealed.v1',
  summary: 'The device signed size and root of the leg so far with SLH-DSA.',
  subject,
  data: z.strictObject({ ...legOf, n: countField, root: hash32Field, head: hash32Field, seal: hexField }),
})

const delivered = defineEvent({
  type: 'custody.delivered.v1',
  summary: 'The payer has the goods; leg is the last one.',
  subject,
  data: z.strictObject({ ...legOf, to: addressField }),
})

const tenderRefused = defineEvent({
  type: 'custody.tender.refused.v1',
  summary:
    'The payer signed why it does not take goods that were offered, after envelope m - 1, at their destination; leg goes on.',
  subject,
  data: z.strictObject({
    ...legOf,
    m: countField,
    reasons: z.string().min(1),
    reasonsHash: hash32Field,
    refusalDigest: hash32Field,
    signature: partySignatureField,
  }),
})

const windowClosed = defineEvent({
  type: 'custody.window.closed.v1',
  summary:
    'The dispute window after delivery has passed, at dueMs: what has not come by now is assessed without.',
  subject,
  data: z.strictObject({ ...shipmentOf, dueMs: timeMsField }),
})

const tampered = defineEvent({
  type: 'custody.tampered.v1',
  summary: 'Signed evidence that the device contradicted itself.',
  subject,
  data: z.strictObject({ ...legOf, evidence: z.array(hexField), reason: z.string() }),
})

export const CUSTODY_EVENTS = [
  agreementSigned,
  packed,
  offered,
  accepted,
  transferred,
  transferredManually,
  transferredOnChain,
  sealed,
  delivered,
  tenderRefused,
  windowClosed,
  tampered,
] as const
