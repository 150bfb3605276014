/** Limits and geofences as a person writes them. Which field belongs to which kind is checked here, defaults are filled in by draft-costly. */
import { z } from 'zod'
import { metricName } from './clause-fields.ts'
import {
  checkCost,
  complain,
  costOverTime,
  decimal,
  draftBox,
  nonNegative,
  positive,
  refine,
} from './draft-fields.ts'
import { parseQuantity } from './quantity.ts'

const KINDS = ['instantaneous', 'single', 'cumulative', 'meanKinetic'] as const
type Kind = (typeof KINDS)[number]

/** The fields that only some kinds have. */
const FIELDS: Record<Kind, readonly string[]> = {
  instantaneous: ['step'],
  single: ['minutes', 'gapMinutesMax', 'between', 'stepMinutes'],
  cumulative: ['minutes', 'gapMinutesMax', 'between', 'scope', 'stepMinutes'],
  meanKinetic: ['gapMinutesMax', 'step'],
}
const KIND_FIELDS = ['minutes', 'gapMinutesMax', 'between', 'scope', 'step', 'stepMinutes'] as const

export const draftLimit = z
  .strictObject({
    metric: metricName,
    kind: z.enum(KINDS, `must be ${KINDS.join(', ')}`).default('instantaneous'),
    above: decimal.optional(),
    below: decimal.optional(),
    minutes: positive('minutes').optional(),
    startUpMinutes: nonNegative('minutes').default(0),
    gapMinutesMax: positive('minutes').optional(),
    between: z.enum(['hold', 'linear', 'worstCase'], 'must be hold, linear or worstCase').optional(),
    scope: z.enum(['leg', 'shipment'], 'must be leg or shipment').optional(),
    ...costOverTime,
    step: decimal.optional(),
  })
  .superRefine((limit, context) => {
    const { kind, metric } = limit
    if (limit.above === undefined && limit.below === undefined) {
      complain(context, [], 'must say above, below or both')
    }
    for (const field of ['above', 'below', 'step'] as const) {
      const value = limit[field]
      if (value !== undefined) refine(context, () => parseQuantity(metric, value), [field])
    }
    for (const field of KIND_FIELDS) {
      if (limit[field] === undefined || FIELDS[kind].includes(field)) continue
      complain(context, [field], `does not belong to a limit of kind ${kind}; remove it`)
    }
    if (FIELDS[kind].includes('minutes') && limit.minutes === undefined) {
      complain(context, ['minutes'], `say how many minutes outside break a limit of kind ${kind}`)
    }
    if (kind === 'meanKinetic' && (metric !== 'temperature' || limit.below !== undefined)) {
      complain(context, [], 'a mean kinetic limit is on temperature, above a bound')
    }
    checkCost(context, limit, FIELDS[kind].includes('step') ? 'step' : 'stepMinutes')
  })

export const draftGeofence = z
  .strictObject({
    rule: z.enum(['stayInside', 'stayOutside'], 'must be stayInside or stayOutside'),
    box: draftBox,
    minutes: nonNegative('minutes').default(0),
    gapMinutesMax: positive('minutes').optional(),
    between: z.enum(['hold', 'worstCase'], 'must be hold or worstCase').default('hold'),
    ...costOverTime,
  })
  .superRefine((fence, context) => {
    checkBox(context, fence.box, ['box'])
    checkCost(context, fence, 'stepMinutes')
  })

export function checkBox(
  context: z.RefinementCtx,
  box: z.output<typeof draftBox>,
  path: PropertyKey[],
): void {
  for (const edge of ['south', 'north', 'west', 'east'] as const) {
    const metric = edge === 'south' || edge === 'north' ? 'latitude' : 'longitude'
    refine(context, () => parseQuantity(metric, box[edge]), [...path, edge])
  }
}
