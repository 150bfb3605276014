/**
 * Terms as a person writes them, in JSON: parties by name, amounts in tokens, limits in everyday units. Keys, wallets and chain are not in
 * it. Defaults are documented in this package's README.
 */
import { Refusal } from '@consign/envelope'
import { z } from 'zod'
import { text } from './clause-fields.ts'
import { checkPaidThrough } from './draft-channels.ts'
import {
  checkCost,
  complain,
  costOverTime,
  count,
  draftBox,
  ether,
  nonNegative,
  positive,
  tokens,
} from './draft-fields.ts'
import { checkBox, draftGeofence, draftLimit } from './draft-limits.ts'
import { schemaMessage } from './parse.ts'
import { parseTokens } from './tokens.ts'

/** How a party of a draft is written. */
export type DraftParty = z.output<typeof draftParty>
const draftParty = z.strictObject({
  name: text,
  role: z.enum(['payer', 'payee', 'carrier'], 'must be payer, payee or carrier'),
  amountTokens: tokens.optional(),
  penaltyCapTokens: tokens.optional(),
  /** Name of the party through whose channel it is paid. */
  paidThrough: text.optional(),
})

const NEVER_LOST = 'goods that never come must count as lost some day'

const draftDeadline = z
  .strictObject({
    hours: positive('hours'),
    lostAfterHours: positive('hours', NEVER_LOST).optional(),
    lossPenaltyTokens: tokens.optional(),
    ...costOverTime,
  })
  .superRefine((deadline, context) => {
    const free = deadline.penaltyTokens === undefined && deadline.perStepTokens === undefined
    if (!free || deadline.stepMinutes !== undefined) checkCost(context, deadline, 'stepMinutes')
  })

const draftMilestone = z
  .strictObject({ party: text, hours: positive('hours'), ...costOverTime })
  .superRefine((milestone, context) => checkCost(context, milestone, 'stepMinutes'))

const draftSilence = z
  .strictObject({
    minutesMax: positive('minutes').optional(),
    refuteHours: positive('hours').default(24),
    bondEth: ether.default('0.01'),
    ...costOverTime,
  })
  .superRefine((silence, context) => checkCost(context, silence, 'stepMinutes'))

const draftTamper = z.strictObject({
  penaltyTokens: tokens,
  limitMaxTokens: tokens.optional(),
  beneficiary: text.optional(),
})

const draftTender = z
  .strictObject({ destination: draftBox, graceHours: nonNegative('hours').default(24) })
  .superRefine((tender, context) => checkBox(context, tender.destination, ['destination']))

const WINDOW_DEFAULTS = {
  disputeHours: 168,
  contestHours: 72,
  answerHours: 72,
  paymentHours: 336,
  silenceMinutesMax: 60,
  sealEveryHours: 6,
  checkpointEvery: 1,
  offerTtlEnvelopes: 100,
  contestBondEth: '0.02', // about what an answer of 1,000,000 gas costs at 20 gwei
}

const draftWindows = z.strictObject({
  disputeHours: nonNegative('hours').default(WINDOW_DEFAULTS.disputeHours),
  contestHours: positive('hours').default(WINDOW_DEFAULTS.contestHours),
  answerHours: positive('hours').default(WINDOW_DEFAULTS.answerHours),
  paymentHours: positive('hours').default(WINDOW_DEFAULTS.paymentHours),
  silenceMinutesMax: positive('minutes').default(WINDOW_DEFAULTS.silenceMinutesMax),
  sealEveryHours: positive('hours').default(WINDOW_DEFAULTS.sealEveryHours),
  checkpointEvery: count('envelopes').default(WINDOW_DEFAULTS.checkpointEvery),
  offerTtlEnvelopes: count('envelopes').default(WINDOW_DEFAULTS.offerTtlEnvelopes),
  contestBondEth: ether.default(WINDOW_DEFAULTS.contestBondEth),
})

const DEADLINE_HOURS = 336

const draftSchema = z
  .strictObject(
    {
      parties: z.array(draftParty, 'must be a list of parties'),
      limits: z.array(draftLimit, 'must be a list of limits, which may be empty'),
      geofences: z.array(draftGeofence, 'must be a list of geofences').default([]),
      silence: draftSilence.optional(),
      tamper: draftTamper.optional(),
      deadlineHours: positive('hours', NEVER_LOST).optional(),
      deadline: draftDeadline.optional(),
      milestones: z.array(draftMilestone, 'must be a list of milestones').default([]),
      tender: draftTender.optional(),
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
  .superRefine(({ deadline, deadlineHours }, context) => {
    if (deadline && deadlineHours !== undefined) {
      complain(context, ['deadlineHours'], 'the deadline is given already; remove one of the two')
    }
  })
  // The short form becomes the long one, so that a completed draft can be completed again.
  .transform(({ deadlineHours = DEADLINE_HOURS, ...draft }) => ({
    ...draft,
    deadline: draft.deadline ?? { hours: deadlineHours },
  }))

/** What a person writes; whatever has a default may be left out. */
export type TermsDraft = z.input<typeof draftSchema>
/** A draft with every default filled in. */
export type CompleteDraft = z.output<typeof draftSchema>

/** Checks a draft and fills in its defaults. Refusal 'draft.schema', 'draft.parties', 'draft.beneficiary', 'draft.milestone', 'draft.paidThrough', each naming the field. */
export function parseTermsDraft(json: unknown): CompleteDraft {
  const result = draftSchema.safeParse(json)
  if (!result.success) throw new Refusal('draft.schema', schemaMessage(result.error))
  const draft = result.data
  checkParties(draft)
  checkNames(draft)
  checkPaidThrough(draft.parties)
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

/** Who is named as a beneficiary, and where. */
function beneficiaries(draft: CompleteDraft): [string, string | undefined][] {
  const lists = (['limits', 'geofences', 'milestones'] as const).flatMap((list) =>
    draft[list].map(({ beneficiary }, i): [string, string | undefined] => [`${list}[${i}]`, beneficiary]),
  )
  const singles = (['deadline', 'silence', 'tamper'] as const).map((name): [string, string | undefined] => [
    name,
    draft[name]?.beneficiary,
  ])
  return [...lists, ...singles]
}

function checkNames(draft: CompleteDraft): void {
  for (const [at, beneficiary] of beneficiaries(draft)) {
    if (beneficiary !== undefined && !draft.parties.some(({ name }) => name === beneficiary)) {
      throw new Refusal('draft.beneficiary', `${at}.beneficiary: no party is called "${beneficiary}"`)
    }
  }
  draft.milestones.forEach(({ party }, i) => {
    if (!draft.parties.some(({ name, role }) => name === party && role !== 'payer')) {
      throw new Refusal(
        'draft.milestone',
        `milestones[${i}].party: no party that is paid is called "${party}"`,
      )
    }
  })
}
