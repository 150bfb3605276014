/**
 * The clauses of an agreement as a JSON document: hex strings are lower case, token amounts are decimal strings in the token's
 * smallest unit (18 decimals), times are milliseconds, bounds are integers in the metric's fixed unit. docs/formats.md, Terms.
 */
import { METRICS, type MetricName, MISSING } from '@consign/envelope'
import type { Hex } from 'viem'
import { z } from 'zod'

/** The number of each clause kind, as hashed and as checked on chain. Clauses of a document ascend by it. */
export const CLAUSE_KINDS = {
  general: 1,
  party: 2,
  device: 3,
  'limit.instantaneous': 4,
  deadline: 5,
  route: 6,
  windows: 7,
} as const
export type ClauseKind = keyof typeof CLAUSE_KINDS

export const CLAUSES_MAX = 128 // × about 3 KiB (a party with its ML-DSA key) = 384 KiB, under the 1 MiB of a message
export const RULE_VERSION = 1
export const UINT256_MAX = 2n ** 256n - 1n

const INT32_MAX = 2 ** 31 - 1
const UINT32_MAX = 2 ** 32 - 1
const TIME_MS_MIN = Date.UTC(2020, 0, 1) // below it is a time in seconds or a mistake
const TIME_MS_MAX = Date.UTC(10000, 0, 1) - 1
const WINDOW_MS_MAX = 10 * 366 * 86_400_000 // ten years

const ZERO_ADDRESS = `0x${'0'.repeat(40)}`

const isHex = (value: unknown, bytes: number): value is Hex =>
  typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-f]*$/.test(value)

const hex = (bytes: number) =>
  z.custom<Hex>((value) => isHex(value, bytes), `must be 0x and ${2 * bytes} lower case hex digits`)

const address = hex(20).refine((value) => value !== ZERO_ADDRESS, 'must not be the zero address')

const integer = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.number(error).int(error).min(min, error).max(max, error)
}

const amount = z
  .string('must be a decimal string')
  .regex(/^(0|[1-9][0-9]{0,77})$/, 'must be a decimal string without sign, point or leading zeros')
  .refine((value) => !/^[0-9]{1,78}$/.test(value) || BigInt(value) <= UINT256_MAX, 'must be below 2^256')

const TEXT_ERROR = 'must be 1 to 200 printable characters without blanks around them'
/** No control, format or unassigned characters: nothing that renders as something else than it hashes. */
export const text = z
  .string(TEXT_ERROR)
  .min(1, TEXT_ERROR)
  .max(200, TEXT_ERROR)
  .regex(/^[^\p{C}]*$/u, TEXT_ERROR)
  .refine((value) => value === value.trim(), TEXT_ERROR)

const METRIC_NAMES = METRICS.map((metric) => metric.name) as [MetricName, ...MetricName[]]
export const metricName = z.enum(METRIC_NAMES, `must be a known metric: ${METRIC_NAMES.join(', ')}`)

const salt = hex(32)
const time = integer(TIME_MS_MIN, TIME_MS_MAX)

const generalClause = z.strictObject({
  kind: z.literal('general'),
  salt,
  ruleVersion: z.literal(RULE_VERSION, `must be ${RULE_VERSION}, the only rule version known`),
  chainId: integer(1, Number.MAX_SAFE_INTEGER),
  shipment: z.string('must be an SSCC').regex(/^[0-9]{18}$/, 'must be an SSCC of 18 digits'),
  token: address,
  anchorWriter: address,
  classicalUntilMs: time,
  guaranteeBps: integer(0, 10_000),
  legalRegime: text,
  penaltyNature: text,
})

const partyClause = z.strictObject({
  kind: z.literal('party'),
  salt,
  index: integer(0, 255),
  role: z.enum(['payer', 'payee', 'carrier'], 'must be payer, payee or carrier'),
  name: text,
  wallet: address,
  mlDsaKey: hex(1312),
  slhDsaKey: hex(32),
  amount,
  penaltyCap: amount,
})

const deviceClause = z.strictObject({
  kind: z.literal('device'),
  salt,
  deviceId: hex(32),
  p256: hex(64),
  mlDsaKey: hex(1312),
  slhDsaKey: hex(32),
  provisioner: address,
  keystore: z.enum(['file', 'secureElement'], 'must be file or secureElement'),
})

const instantaneousLimitClause = z.strictObject({
  kind: z.literal('limit.instantaneous'),
  salt,
  limitId: integer(0, 65_535),
  metric: metricName,
  side: z.enum(['above', 'below'], 'must be above or below'),
  bound: integer(MISSING + 1, INT32_MAX), // MISSING stands for "not measured" and is never compared
  penalty: amount,
  beneficiary: address,
})

const deadlineClause = z.strictObject({ kind: z.literal('deadline'), salt, deliverByMs: time })

const routeClause = z.strictObject({
  kind: z.literal('route'),
  salt,
  origin: text,
  destination: text,
})

const windowsClause = z.strictObject({
  kind: z.literal('windows'),
  salt,
  disputeMs: integer(0, WINDOW_MS_MAX),
  silenceMsMax: integer(1, WINDOW_MS_MAX),
  sealEveryMs: integer(1, WINDOW_MS_MAX),
  tenderGraceMs: integer(0, WINDOW_MS_MAX),
  checkpointEvery: integer(1, UINT32_MAX),
  offerTtlEnvelopes: integer(1, UINT32_MAX),
})

const clauseSchema = z.discriminatedUnion(
  'kind',
  [
    generalClause,
    partyClause,
    deviceClause,
    instantaneousLimitClause,
    deadlineClause,
    routeClause,
    windowsClause,
  ],
  `must have a known kind: ${Object.keys(CLAUSE_KINDS).join(', ')}`,
)

/** The shape alone; `parseTerms` also checks that the clauses agree with each other. */
export const termsSchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version known'),
  clauses: z
    .array(clauseSchema, 'must be a list of clauses')
    .min(1, 'must hold at least one clause')
    .max(CLAUSES_MAX, `must hold at most ${CLAUSES_MAX} clauses`),
})

export type GeneralClause = z.infer<typeof generalClause>
export type PartyClause = z.infer<typeof partyClause>
export type DeviceClause = z.infer<typeof deviceClause>
export type InstantaneousLimitClause = z.infer<typeof instantaneousLimitClause>
export type DeadlineClause = z.infer<typeof deadlineClause>
export type RouteClause = z.infer<typeof routeClause>
export type WindowsClause = z.infer<typeof windowsClause>
/** Every kind of limit; limits over time join here. */
export type LimitClause = InstantaneousLimitClause
export type Clause = z.infer<typeof clauseSchema>
export type Terms = z.infer<typeof termsSchema>
