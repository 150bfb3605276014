import { z } from 'zod'
import { defineEvent } from './define.ts'
import { addressField, amountField, countField, hash32Field, limitIdField, timeMsField } from './fields.ts'
import { subjects } from './subjects.ts'

// What a contract says stands beside the journals of wallets: an agreement's address is no wallet's.
const subject = (data: { agreement: `0x${string}` }) => subjects.chain(data.agreement)
const loggedAt = {
  agreement: addressField,
  txHash: hash32Field,
  blockNumber: z.int().nonnegative(),
  /** Place among the events of its block. */
  logIndex: z.int().nonnegative(),
}

const custodyMoved = defineEvent({
  type: 'chain.custody.moved.v1',
  summary:
    'By a final block of the chain leg has ended with n envelopes and custody is with `to`, whoever recorded it.',
  subject,
  data: z.strictObject({
    ...loggedAt,
    leg: countField,
    n: countField,
    to: addressField,
    /** 0 when a tender that the payer let pass ended the leg. */
    cutDigest: hash32Field,
    /** What both custodians signed, where they cut by hand and the transaction shows it. */
    manualCut: z
      .strictObject({
        timeMs: timeMsField,
        nextKeysHash: hash32Field,
        reasonsHash: hash32Field,
      })
      .optional(),
  }),
})

const caseCharged = defineEvent({
  type: 'chain.case.charged.v1',
  summary:
    'By a final block of the chain a custodian is charged for a case, whoever proved it; the last such event of a case counts.',
  subject,
  data: z.strictObject({
    ...loggedAt,
    caseId: hash32Field,
    leg: countField,
    custodian: addressField,
    limitId: limitIdField,
    /** Before the caps of clause and party. */
    penalty: amountField,
    /** Silence that was claimed: charged unless it is refuted in time. */
    isClaim: z.literal(true).optional(),
  }),
})

const caseDropped = defineEvent({
  type: 'chain.case.dropped.v1',
  summary:
    'By a final block of the chain a case is not charged: nobody answered its contest, or its silence was refuted.',
  subject,
  data: z.strictObject({ ...loggedAt, caseId: hash32Field, because: z.enum(['contest', 'refutation']) }),
})

const happened = defineEvent({
  type: 'chain.happened.v1',
  summary: 'A final block of the chain holds this other event of an agreement, whoever caused it.',
  subject,
  data: z.strictObject({
    ...loggedAt,
    name: z.string().regex(/^[A-Z][A-Za-z]+$/, 'must be the name of an event of the contracts'),
    /** As `result` of a mined transaction: integers of up to 64 bits are numbers, larger ones decimal strings. */
    args: z.record(z.string(), z.json()),
  }),
})

/** What the contract of an agreement says for good, by whomever it was caused. */
export const AGREEMENT_CHAIN_EVENTS = [custodyMoved, caseCharged, caseDropped, happened] as const
