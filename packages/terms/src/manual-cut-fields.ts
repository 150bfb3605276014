/** How a manual cut with its signatures is written in JSON: what `consign agreement manual-cut --json` prints, and services and devices read. */
import { z } from 'zod'
import { address, hex, integer, UINT32_MAX } from './clause-fields.ts'
import type { ManualCut } from './typed-data.ts'

/** Decimal text, as what was signed may have more digits than a number of JSON. */
const whole = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,77})$/, 'must be a whole number in decimal digits, as text')
  .transform(BigInt)
const bytes = z.templateLiteral(['0x', z.string().regex(/^(?:[0-9a-f]{2})*$/)])
const uint32 = integer(0, UINT32_MAX)

const manualCut: z.ZodType<ManualCut> = z.strictObject({
  termsHash: hex(32),
  leg: uint32,
  n: uint32,
  timeMs: whole.refine((ms) => ms <= BigInt(Number.MAX_SAFE_INTEGER), 'must be ms since 1970'),
  to: address,
  nextKeysHash: hex(32),
  amount: whole,
  penaltyMax: whole,
  reasonsHash: hex(32),
})

const signature = z.strictObject({ ecdsa: bytes, mlDsa: bytes }, 'is missing: both custodians sign')

/** Fields of a JSON object that holds one; for a zod object of whoever reads it. */
export const SIGNED_MANUAL_CUT = { manualCut, fromSignature: signature, toSignature: signature } as const
