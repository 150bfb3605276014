/**
 * Terms as a person writes them, in JSON: parties by name, amounts in tokens, limits in everyday units. Keys, wallets and chain are not in
 * it. Defaults are documented in this package's README.
 */
import { Refusal } from '@consign/envelope'
import { z } from 'zod'
import { metricName, text } from './clause-fields.ts'
import { schemaMessage } from './parse.ts'
import { parseQuantity } from './quantity.ts'
import { parseTokens } from './tokens.ts'

/** A decimal as text or as a JSON number; what it means is checked where it is used. */
const decimal = z.union([z.string(), z.number()], 'must be a number like 40 or "40.5"')

const positive = (unit: string) =>
  z.number(`must be a number of ${unit}`).positive(`must be more than 0 ${unit}`)
const nonNegative = (unit: string) =>
  z.number(`must be a number of ${unit}`).min(0, `must not be below 0 ${unit}`)
const count = (what: string) => {
  const error = `must be a whole number of ${what}, at least 1`
  return z.number(error).int(error).min(1, error)
}

const tokens = decimal.superRefine((value, context) => refine(context, () => parseTokens(value)))

const draftParty = z.strictObject({
  name: text,
  role: z.enum(['payer', 'payee', 'carrier'], 'must be payer, payee or carrier'),
  amountTokens: tokens.optional(),
  penaltyCapTokens: tokens.optional(),
})

const draftLimit = z
  .strictObject({
    metric: metricName,
    kind: z
      .literal('instantaneous', 'must be instantaneous, the only kind of limit known')
      .default('instantaneous'),
    above: decimal.optional(),
    below: decimal.optional(),
    penaltyTokens: tokens,
    beneficiary: text.optional(),
  })
  .superRefine((limit, context) => {
    if (limit.above === undefined && limit.below === undefined) {
      context.addIssue({ code: 'custom', message: 'must say above, below or both' })
    }
    for (const side of ['above', 'below'] as const) {
      const bound = limit[side]
      if (bound !== undefined) refine(context, () => parseQuantity(limit.metric, bound), [side])
    }
  })

const WINDOW_DEFAULTS = {
  disputeHours: 168,
  contestHours: 72,
  answerHours: 72,
  paymentHours: 336,
  silenceMinutesMax: 60,
  sealEveryHours: 6,
  checkpointEvery: 1,
  offerTtlEnvelopes: 100,
}

const draftWindows = z.strictObject({
  disputeHours: nonNegative('hours').default(WINDOW_DEFAULTS.disputeHours),
  contestHours: positive('hours').default(WINDOW_DEFAULTS.contestHours),
  answerHours: positive('hours').default(WINDOW_DEFAULTS.answerHours),
  paymentHours: nonNegative('hours').default(WINDOW_DEFAULTS.paymentHours),
  silenceMinutesMax: positive('minutes').default(WINDOW_DEFAULTS.silenceMinutesMax),
  sealEveryHours: positive('hours').default(WINDOW_DEFAULTS.sealEveryHours),
  checkpointEvery: count('envelopes').default(WINDOW_DEFAULTS.checkpointEvery),
  offerTtlEnvelopes: count('envelopes').default(WINDOW_DEFAULTS.offerTtlEnvelopes),
})

const draftSchema = z.strictObject(
  {
    parties: z.array(draftParty, 'must be a list of parties'),
    limits: z.array(draftLimit, 'must be a list of limits, which may be empty'),
    deadlineHours: positive('hours').nullable().default(336),
    route: z.strictObject({ origin: text, destination: text }).optional(),
    guaranteePercent: z
      .number('must be a percentage')
      .min(0, 'must be from 0 to 100')
      .max(100, 'must be from 0 to 100')
      .multipleOf(0.01, 'must have at most two decimals')
      .default(0),
    classicalUntil: z.iso.date('must be a date like 2035-01-01').default('2035-01-01'),
    legalRegime: text.default('not stated'),
    penaltyNature: text.default('price reduction'),
    windows: draftWindows.default(WINDOW_DEFAULTS),
  },
  'must be a JSON object with parties and limits',
)

/** What a person writes; whatever has a default may be left out. */
export type TermsDraft = z.input<typeof draftSchema>
/** A draft with every default filled in. */
export type CompleteDraft = z.output<typeof draftSchema>

/** Checks a draft and fills in its defaults. Refusal 'draft.schema', 'draft.parties', 'draft.beneficiary', each naming the field. */
export function parseTermsDraft(json: unknown): CompleteDraft {
  const result = draftSchema.safeParse(json)
  if (!result.success) throw new Refusal('draft.schema', schemaMessage(result.error))
  const draft = result.data
  checkParties(draft)
  checkBeneficiaries(draft)
  return draft
}

function checkParties({ parties }: CompleteDraft): void {
  for (const role of ['payer', 'payee'] as const) {
    const found = parties.filter((party) => party.role === role).length
    if (found !== 1) {
      throw new Refusal('draft.parties', `parties: exactly one must have the role ${role}, ${found} have`)
    }
  }
  const names = new Set<string>()
  parties.forEach(({ name, role, amountTokens, penaltyCapTokens }, i) => {
    if (names.has(name)) throw new Refusal('draft.parties', `parties[${i}].name: "${name}" is taken already`)
    names.add(name)
    if (role === 'payer') {
      if (amountTokens !== undefined || penaltyCapTokens !== undefined) {
        throw new Refusal(
          'draft.parties',
          `parties[${i}]: the payer pays; leave out its amountTokens and penaltyCapTokens`,
        )
      }
    } else if (amountTokens === undefined) {
      throw new Refusal('draft.parties', `parties[${i}].amountTokens: say what ${name} is paid, in tokens`)
    } else if (penaltyCapTokens !== undefined && parseTokens(penaltyCapTokens) > parseTokens(amountTokens)) {
      throw new Refusal('draft.parties', `parties[${i}].penaltyCapTokens: must not be more than amountTokens`)
    }
  })
}

function checkBeneficiaries({ limits, parties }: CompleteDraft): void {
  limits.forEach(({ beneficiary }, i) => {
    if (beneficiary !== undefined && !parties.some(({ name }) => name === beneficiary)) {
      throw new Refusal('draft.beneficiary', `limits[${i}].beneficiary: no party is called "${beneficiary}"`)
    }
  })
}

/** Turns a Refusal of `check` into an issue at this place of the document. */
function refine(context: z.RefinementCtx, check: () => unknown, path: string[] = []): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    context.addIssue({ code: 'custom', message: error.message, path })
  }
}
