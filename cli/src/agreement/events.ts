/** What an agreement's events say, in plain words. */
import { formatBound, limitById, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { ChainEvent } from '../transact.ts'
import { durationWritten, etherWritten, secondsWritten, timeWritten, tokensWritten } from '../written.ts'
import { nameOf } from './agreement.ts'

type Told = (args: Record<string, unknown>, terms: Terms) => string

const who = (terms: Terms, wallet: unknown): string => nameOf(terms, wallet as Hex)
const tokens = (units: unknown): string => tokensWritten(units as bigint)

/** By the name of the event. */
export const TOLD: Record<string, Told> = {
  Started: (a, terms) => `leg 0 began in the custody of ${who(terms, a.custodian)}`,
  CustodyTransferred: (a, terms) =>
    `leg ${a.leg} ended after ${a.n} envelopes; ${who(terms, a.to)} has the goods`,
  Tendered: (a) => `leg ${a.leg} was tendered at ${timeWritten(Number(a.tenderedMs))}`,
  TenderRefused: (a) => `the tender of leg ${a.leg} was refused, for reasons with the hash ${a.reasonsHash}`,
  Delivered: () => 'the goods are delivered',
  ClosedUndelivered: (a) => `closed without delivery in leg ${a.leg}`,
  ViolationProven: (a, terms) =>
    `case ${a.caseId}: ${who(terms, a.custodian)} is charged ${tokens(a.penalty)} for ${breachOf(terms, a)}`,
  ScanAdvanced: (a) =>
    `the scan of limit ${a.limitId} goes on at envelope ${a.nextSeq}; ${durationWritten(a.outsideMs as bigint)} counted`,
  SilenceClaimed: (a) =>
    `case ${a.caseId}: silence after envelope ${a.afterSeq} of leg ${a.leg}, refutable until ${secondsWritten(a.refutableUntil as bigint)}`,
  SilenceRefuted: (a, terms) => `case ${a.caseId} is refuted by ${who(terms, a.by)}`,
  ForkReported: (a) => `leg ${a.leg} is forked from envelope ${a.seq}`,
  CaseContested: (a) =>
    `case ${a.caseId} is contested; answer until ${secondsWritten(a.answerableUntil as bigint)}`,
  CaseUpheld: (a, terms) => `case ${a.caseId} is upheld, by ${who(terms, a.by)}`,
  ClaimStood: (a) => `case ${a.caseId} stands: nobody refuted it in time`,
  CaseVoided: (a) => `case ${a.caseId} is void`,
  LegConfirmed: (a) => `leg ${a.leg} stands without trust in classical signatures`,
  LegSealed: (a) => `the seal over ${a.n} envelopes of leg ${a.leg} is on chain`,
  Funded: (a, terms) => `${who(terms, a.by)} paid in the guarantee of ${tokens(a.guaranteeTotal)}`,
  Acknowledged: (a, terms) => `${who(terms, a.party)} got ${tokens(a.cumulative)} off chain in all`,
  PayoutFixed: (a, terms) =>
    payout(a as Record<'agreed' | 'charged' | 'uncollected' | 'awarded', bigint>, who(terms, a.party)),
  Settled: (a) => `settled: of ${tokens(a.amountTotal)} the payer keeps ${tokens(a.refund)}`,
  CreditWithdrawn: (a, terms) => `${who(terms, a.account)} took out ${etherWritten(a.amountWei as bigint)}`,
  GuaranteeClaimed: (a, terms) => `${who(terms, a.party)} was paid ${tokens(a.amount)} from its guarantee`,
  GuaranteeReleased: (a, terms) =>
    `${tokens(a.amount)} of the guarantee of ${who(terms, a.party)} went back to the payer`,
}

/** One line for each event that says something to a person. */
export function describeEvents(events: readonly ChainEvent[], terms: Terms): string[] {
  return events.flatMap(({ name, args }) => {
    const told = TOLD[name]
    return told ? [`  ${told(args, terms)}`] : []
  })
}

function payout(
  { agreed, charged, uncollected, awarded }: Record<'agreed' | 'charged' | 'uncollected' | 'awarded', bigint>,
  name: string,
): string {
  const rest = uncollected > 0n ? `, ${tokens(uncollected)} not collected` : ''
  return `${name} is due ${tokens(agreed - charged + awarded)}: ${tokens(agreed)} agreed, ${tokens(charged)} charged, ${tokens(awarded)} awarded${rest}`
}

function breachOf(terms: Terms, { limitId, extent }: Record<string, unknown>): string {
  const limit = limitById(terms, Number(limitId))
  if (limit?.kind === 'limit.instantaneous')
    return `${limit.metric} of ${formatBound(limit.metric, Number(extent))}`
  const what = limit ? `of ${limit.metric} outside the limit` : `of breach of clause ${limitId}`
  return `${durationWritten(extent as bigint)} ${what}`
}
