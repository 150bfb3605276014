import { z } from 'zod'
import { defineEvent } from './define.ts'
import { addressField, hash32Field, hexField } from './fields.ts'

// The journal of one account: the account is the subject, not part of the data.
const subject = null
const keyField = z.string().min(1)
const whatField = z.string().min(1)
const blockField = z.int().nonnegative()
const gasField = z.int().nonnegative()

const intended = defineEvent({
  type: 'chain.intended.v1',
  summary: 'One key stands for one transaction, for ever; written before it is signed.',
  subject,
  data: z.strictObject({
    key: keyField,
    agreement: addressField.optional(),
    to: addressField,
    data: hexField,
    what: whatField,
    gas: gasField.optional(),
  }),
})

const signed = defineEvent({
  type: 'chain.signed.v1',
  summary: 'The very bytes that are broadcast, and again after a crash.',
  subject,
  data: z.strictObject({ key: keyField, nonce: z.int().nonnegative(), hash: hash32Field, raw: hexField }),
})

const mined = defineEvent({
  type: 'chain.mined.v1',
  summary: 'The transaction is in a block; ok tells whether it succeeded.',
  subject,
  data: z.strictObject({
    key: keyField,
    hash: hash32Field,
    blockNumber: blockField,
    gasUsed: gasField,
    ok: z.boolean(),
    agreement: addressField.optional(),
    what: whatField,
    result: z.record(z.string(), z.json()).optional(),
  }),
})

const finalized = defineEvent({
  type: 'chain.finalized.v1',
  summary: 'The block of the transaction cannot be reorganised away.',
  subject,
  data: z.strictObject({ key: keyField, hash: hash32Field, blockNumber: blockField }),
})

const refused = defineEvent({
  type: 'chain.refused.v1',
  summary: 'The contract would revert: nothing was sent and nothing will be.',
  subject,
  data: z.strictObject({
    key: keyField,
    agreement: addressField.optional(),
    what: whatField,
    reason: z.string(),
  }),
})

export const CHAIN_EVENTS = [intended, signed, mined, finalized, refused] as const
