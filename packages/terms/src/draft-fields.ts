/** The shapes of which drafts are made: everyday units, numbers as JSON numbers or as text, taken exactly. */
import { Refusal } from '@consign/envelope'
import { z } from 'zod'
import { text } from './clause-fields.ts'
import { parseEther, parseTokens } from './tokens.ts'

/** A decimal as text or as a JSON number; what it means is checked where it is used. */
export const decimal = z.union([z.string(), z.number()], 'must be a number like 40 or "40.5"')

/** Units in which a draft counts time. */
const UNIT_MS = { hours: 3_600_000, minutes: 60_000 }
type TimeUnit = keyof typeof UNIT_MS

/** Of a time that a draft was taken with: it is whole. */
export const millisecondsOf = (value: number, unit: TimeUnit): number => Math.round(value * UNIT_MS[unit])

/** `why`: what speaks against leaving it open, where a draft may be thought to allow that. */
const timeIn = (unit: TimeUnit, why?: string) =>
  z
    .number(`must be a number of ${unit}${why ? `: ${why}` : ''}`)
    .refine(
      (value) => isCounted(value, unit),
      'is finer than time is counted: no whole number of milliseconds',
    )

export const positive = (unit: TimeUnit, why?: string) =>
  timeIn(unit, why).positive(`must be more than 0 ${unit}`)

export const nonNegative = (unit: TimeUnit) => timeIn(unit).min(0, `must not be below 0 ${unit}`)

/** A third of an hour is whole, though a JSON number cannot say it exactly: what the number itself rounds is forgiven. */
function isCounted(value: number, unit: TimeUnit): boolean {
  const ms = millisecondsOf(value, unit)
  return Math.abs(value * UNIT_MS[unit] - ms) <= 4 * Number.EPSILON * Math.abs(ms)
}

export const count = (what: string) => {
  const error = `must be a whole number of ${what}, at least 1`
  return z.number(error).int(error).min(1, error)
}

export const tokens = decimal.superRefine((value, context) => refine(context, () => parseTokens(value)))
export const ether = decimal.superRefine((value, context) => refine(context, () => parseEther(value)))

/** A box on the map, in degrees. */
export const draftBox = z.strictObject(
  { south: decimal, north: decimal, west: decimal, east: decimal },
  'must be a box { south, north, west, east } in degrees',
)

/** What a breach costs, and to whom. */
export const cost = {
  penaltyTokens: tokens.optional(),
  perStepTokens: tokens.optional(),
  caseMaxTokens: tokens.optional(),
  limitMaxTokens: tokens.optional(),
  beneficiary: text.optional(),
}
/** The same, where each further step is a time. */
export const costOverTime = { ...cost, stepMinutes: positive('minutes').optional() }

type Cost = {
  penaltyTokens?: unknown
  perStepTokens?: unknown
  step?: unknown
  stepMinutes?: unknown
}

/** Refuses a schedule that names no cost, or one half of a step. `stepField` is how the step is called here. */
export function checkCost(context: z.RefinementCtx, of: Cost, stepField: 'step' | 'stepMinutes'): void {
  const steps = of[stepField] !== undefined
  if (of.perStepTokens === undefined && of.penaltyTokens === undefined) {
    complain(context, ['penaltyTokens'], 'say what a breach costs: penaltyTokens, perStepTokens or both')
  }
  if (of.perStepTokens !== undefined && !steps) {
    complain(context, [stepField], `say how large a step is that costs perStepTokens`)
  }
  if (steps && of.perStepTokens === undefined) {
    complain(context, ['perStepTokens'], `say what each ${stepField} costs, or leave ${stepField} out`)
  }
}

export function complain(context: z.RefinementCtx, path: PropertyKey[], message: string): void {
  context.addIssue({ code: 'custom', message, path })
}

/** Turns a Refusal of `check` into an issue at this place of the document. */
export function refine(context: z.RefinementCtx, check: () => unknown, path: PropertyKey[] = []): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    complain(context, path, error.message)
  }
}
