/**
 * The clauses of an agreement as a JSON document: hex strings are lower case, token amounts are decimal strings in the token's
 * smallest unit (18 decimals), times are milliseconds, bounds are integers in the metric's fixed unit. docs/formats.md, Terms.
 */
import { MISSING } from '@consign/envelope'
import { z } from 'zod'
import {
  address,
  amount,
  bond,
  bondNotNone,
  box,
  charge,
  duration,
  durationOrNone,
  hex,
  INT32_MAX,
  integer,
  limitId,
  metricName,
  penalty,
  salt,
  text,
  time,
  UINT32_MAX,
  window,
} from './clause-fields.ts'

/** The number of each clause kind, as hashed and as checked on chain. Clauses of a document ascend by it. */
export const CLAUSE_KINDS = {
  general: 1,
  party: 2,
  device: 3,
  'limit.instantaneous': 4,
  deadline: 5,
  route: 6,
  windows: 7,
  'limit.single': 8,
  'limit.cumulative': 9,
  'limit.meanKinetic': 10,
  'limit.geofence': 11,
  tamper: 12,
  silence: 13,
  milestone: 14,
  tender: 15,
  channel: 16,
} as const
export type ClauseKind = keyof typeof CLAUSE_KINDS

export const CLAUSES_MAX = 128 // × about 3 KiB (a party with its ML-DSA key) = 384 KiB, under the 1 MiB of a message
export const RULE_VERSION = 1

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
  partyCount: integer(2, 255),
  amountTotal: amount,
  guaranteeTotal: amount,
  legalRegime: text,
  penaltyNature: text,
})

const partyClause = z.strictObject({
  kind: z.literal('party'),
  salt,
  index: integer(0, 254), // as many as partyCount can say
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

/** What every limit on one metric says. */
const limited = {
  salt,
  limitId,
  metric: metricName,
  side: z.enum(['above', 'below'], 'must be above or below'),
  bound: integer(MISSING + 1, INT32_MAX), // MISSING stands for "not measured" and is never compared
  startUpMs: durationOrNone,
  penalty,
}
const between = z.enum(['hold', 'linear', 'worstCase'], 'must be hold, linear or worstCase')

const instantaneousLimitClause = z.strictObject({ kind: z.literal('limit.instantaneous'), ...limited })

const singleLimitClause = z.strictObject({
  kind: z.literal('limit.single'),
  ...limited,
  durationMs: duration,
  gapMsMax: duration,
  between,
})

const cumulativeLimitClause = z.strictObject({
  kind: z.literal('limit.cumulative'),
  ...limited,
  durationMs: duration,
  gapMsMax: duration,
  between,
  scope: z.enum(['leg', 'shipment'], 'must be leg or shipment'),
})

const meanKineticLimitClause = z.strictObject({
  kind: z.literal('limit.meanKinetic'),
  ...limited,
  metric: z.literal('temperature', 'must be temperature'),
  side: z.literal('above', 'must be above'),
  gapMsMax: duration,
})

const geofenceClause = z.strictObject({
  kind: z.literal('limit.geofence'),
  salt,
  limitId,
  rule: z.enum(['stayInside', 'stayOutside'], 'must be stayInside or stayOutside'),
  ...box,
  durationMs: durationOrNone,
  gapMsMax: duration,
  between: z.enum(['hold', 'worstCase'], 'must be hold or worstCase'),
  penalty,
})

const deadlineClause = z.strictObject({
  kind: z.literal('deadline'),
  salt,
  limitId,
  deliverByMs: time,
  lostAfterMs: z.union([z.literal(0), time], 'must be a time in UTC milliseconds'),
  lossPenalty: charge,
  penalty,
})

const milestoneClause = z.strictObject({
  kind: z.literal('milestone'),
  salt,
  limitId,
  party: address,
  handOverByMs: time,
  penalty,
})

const silenceClause = z.strictObject({
  kind: z.literal('silence'),
  salt,
  limitId,
  silenceMsMax: duration,
  refuteMs: window,
  bondWei: bondNotNone,
  penalty,
})

const tamperClause = z.strictObject({ kind: z.literal('tamper'), salt, limitId, penalty })

const tenderClause = z.strictObject({ kind: z.literal('tender'), salt, ...box, graceMs: durationOrNone })

const routeClause = z.strictObject({
  kind: z.literal('route'),
  salt,
  origin: text,
  destination: text,
})

/** One edge of the payment graph: over it `to`, and whoever is paid through `to`, gets what it is due off chain. */
const channelClause = z.strictObject({ kind: z.literal('channel'), salt, from: address, to: address })

const windowsClause = z.strictObject({
  kind: z.literal('windows'),
  salt,
  disputeMs: durationOrNone,
  contestMs: window,
  answerMs: window,
  paymentMs: window,
  silenceMsMax: duration,
  sealEveryMs: duration,
  checkpointEvery: integer(1, UINT32_MAX),
  offerTtlEnvelopes: integer(1, UINT32_MAX),
  contestBondWei: bond,
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
    singleLimitClause,
    cumulativeLimitClause,
    meanKineticLimitClause,
    geofenceClause,
    tamperClause,
    silenceClause,
    milestoneClause,
    tenderClause,
    channelClause,
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

export type Penalty = z.infer<typeof penalty>
export type GeneralClause = z.infer<typeof generalClause>
export type PartyClause = z.infer<typeof partyClause>
export type DeviceClause = z.infer<typeof deviceClause>
export type InstantaneousLimitClause = z.infer<typeof instantaneousLimitClause>
export type SingleLimitClause = z.infer<typeof singleLimitClause>
export type CumulativeLimitClause = z.infer<typeof cumulativeLimitClause>
export type MeanKineticLimitClause = z.infer<typeof meanKineticLimitClause>
export type GeofenceClause = z.infer<typeof geofenceClause>
export type DeadlineClause = z.infer<typeof deadlineClause>
export type MilestoneClause = z.infer<typeof milestoneClause>
export type SilenceClause = z.infer<typeof silenceClause>
export type TamperClause = z.infer<typeof tamperClause>
export type TenderClause = z.infer<typeof tenderClause>
export type RouteClause = z.infer<typeof routeClause>
export type ChannelClause = z.infer<typeof channelClause>
export type WindowsClause = z.infer<typeof windowsClause>
/** Every limit on one metric. */
export type LimitClause =
  | InstantaneousLimitClause
  | SingleLimitClause
  | CumulativeLimitClause
  | MeanKineticLimitClause
export type Clause = z.infer<typeof clauseSchema>
/** Every clause whose breach has a price; its limitId is its own among them all. */
export type CostlyClause = Extract<Clause, { limitId: number }>
export type Terms = z.infer<typeof termsSchema>
