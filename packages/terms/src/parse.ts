/**
 * `unknown → Terms`: shape first, then whether the clauses agree with each other. Every refusal names the field and the reason.
 * Codes: terms.schema, .order, .duplicate, .missing, .parties, .amount, .sscc, .device here; .penalty, .beneficiary, .bound, .box,
 * .contradictory, .unreachable, .time, .windows, .milestone, .channel in the check-*.ts beside.
 */
import { deviceId, Refusal } from '@consign/envelope'
import { hexToBytes } from 'viem'
import type { z } from 'zod'
import { checkChannels } from './check-channels.ts'
import { checkFences } from './check-fences.ts'
import { checkLimits } from './check-limits.ts'
import { checkChargeable, checkPenalties } from './check-penalties.ts'
import { checkTimes } from './check-times.ts'
import { UINT128_MAX } from './clause-fields.ts'
import {
  type Clause,
  type ClauseKind,
  type CostlyClause,
  type DeviceClause,
  type GeneralClause,
  type LimitClause,
  type PartyClause,
  type Terms,
  termsSchema,
} from './clauses.ts'
import { guaranteeOf } from './guarantee.ts'
import { inDocumentOrder, rank, rankField } from './order.ts'
import { ofKind, type Placed, placed, refuse } from './placed.ts'
import { isSscc } from './sscc.ts'

/** `agreedAtMs`: when the terms begin, UTC milliseconds, so that what can never come to pass before the deadline is refused too. */
export type ParseOptions = { agreedAtMs?: number }

/** Checks a terms document as its signers, services and the device must see it. Returns it unchanged, typed. */
export function parseTerms(json: unknown, { agreedAtMs }: ParseOptions = {}): Terms {
  const result = termsSchema.safeParse(json)
  if (!result.success) throw new Refusal('terms.schema', schemaMessage(result.error))
  const terms = result.data
  const all = placed(terms.clauses)
  const costly = all.filter((each): each is Placed<CostlyClause> => 'limitId' in each.clause)
  const parties = ofKind(all, 'party')
  checkOrder(all)
  checkUnique(all, 'salt', 'salt') // equal salts would let a disclosed clause be used to guess another one
  checkUnique(costly, 'limitId', 'limitId')
  checkSingles(all)
  checkParties(parties)
  for (const general of ofKind(all, 'general')) {
    checkShipment(general)
    checkTotals(general, parties)
  }
  for (const device of ofKind(all, 'device')) checkDevice(device)
  checkPenalties(costly, parties)
  checkLimits(costly.filter((each): each is Placed<LimitClause> => 'metric' in each.clause))
  checkFences(ofKind(all, 'limit.geofence'), ofKind(all, 'tender')[0])
  checkTimes(all, agreedAtMs)
  checkChargeable(costly, parties)
  checkChannels(ofKind(all, 'channel'), parties)
  return terms
}

/** The first thing wrong, as `path: what to do`. */
export function schemaMessage(error: z.ZodError): string {
  const issue = error.issues[0]
  if (!issue) return 'the document does not have the expected shape'
  const path = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  const what =
    issue.code === 'unrecognized_keys'
      ? `unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}; remove or rename it`
      : issue.message
  return path === '' ? what : `${path}: ${what}`
}

function checkOrder(all: Placed[]): void {
  all.slice(1).forEach(({ clause, at }, i) => {
    const before = (all[i] as Placed).clause
    if (inDocumentOrder(before, clause) <= 0) return
    if (clause.kind !== before.kind)
      refuse('order', `${at}.kind`, `${clause.kind} must stand before ${before.kind}`)
    refuse('order', `${at}.${rankField(clause)}`, `${rank(clause)} must stand before ${rank(before)}`)
  })
}

/** Refuses two clauses with the same value; `what` says whose value it is. */
function checkUnique<C extends Clause>(placed: Placed<C>[], field: keyof C & string, what: string): void {
  const seen = new Map<unknown, string>()
  for (const { clause, at } of placed) {
    const first = seen.get(clause[field])
    if (first !== undefined) {
      refuse('duplicate', `${at}.${field}`, `the same ${what} as in ${first}; each must differ`)
    }
    seen.set(clause[field], at)
  }
}

const REQUIRED: ClauseKind[] = ['general', 'device', 'deadline', 'windows']
const SINGLE: ClauseKind[] = [...REQUIRED, 'route', 'tamper', 'silence', 'tender']

function checkSingles(all: Placed[]): void {
  for (const kind of SINGLE) {
    const [first, second] = ofKind<ClauseKind>(all, kind)
    if (second) refuse('duplicate', `${second.at}.kind`, `terms hold only one ${kind} clause`)
    if (!first && REQUIRED.includes(kind))
      refuse('missing', 'clauses', `a ${kind} clause is missing; add one`)
  }
}

const ROLE_INDEX = { payer: 0, payee: 1 } as const

function checkParties(parties: Placed<PartyClause>[]): void {
  for (const role of ['payer', 'payee'] as const) {
    const [first, second] = parties.filter(({ clause }) => clause.role === role)
    if (!first) refuse('parties', 'clauses', `a party with role ${role} is missing; add one`)
    if (second) refuse('parties', `${second.at}.role`, `terms have only one ${role}`)
    if (first.clause.index !== ROLE_INDEX[role]) {
      refuse('parties', `${first.at}.index`, `must be ${ROLE_INDEX[role]}, the index of the ${role}`)
    }
  }
  checkUnique(parties, 'index', 'index')
  parties.forEach(({ clause, at }, i) => {
    if (clause.index !== i)
      refuse('parties', `${at}.index`, `must be ${i}: indexes go up from 0 without holes`)
  })
  checkUnique(parties, 'name', 'name')
  checkUnique(parties, 'wallet', 'wallet')
  checkUnique(parties, 'mlDsaKey', 'ML-DSA key')
  checkUnique(parties, 'slhDsaKey', 'SLH-DSA key')
  for (const { clause, at } of parties) checkAmount(clause, at)
}

function checkAmount({ role, amount, penaltyCap }: PartyClause, at: string): void {
  if (role === 'payer' && amount !== '0') {
    refuse('amount', `${at}.amount`, 'must be 0, as the payer pays and is not paid')
  }
  if (BigInt(penaltyCap) > BigInt(amount)) {
    refuse('amount', `${at}.penaltyCap`, `must not be more than the party's amount ${amount}`)
  }
}

/** The chain sees the parties one by one: what the general clause says of them together must be so. */
function checkTotals({ clause, at }: Placed<GeneralClause>, parties: Placed<PartyClause>[]): void {
  const amounts = parties.map((party) => BigInt(party.clause.amount))
  const sum = (values: bigint[]): bigint => values.reduce((all, value) => all + value, 0n)
  const amountTotal = sum(amounts)
  const guaranteeTotal = sum(amounts.map((amount) => guaranteeOf(amount, clause.guaranteeBps)))
  if (amountTotal > UINT128_MAX) refuse('amount', `${at}.amountTotal`, 'all amounts together reach 2^128')
  if (clause.partyCount !== parties.length) {
    refuse('parties', `${at}.partyCount`, `must be ${parties.length}, as many as there are`)
  }
  if (clause.amountTotal !== String(amountTotal)) {
    refuse('amount', `${at}.amountTotal`, `must be ${amountTotal}, the sum of the parties' amounts`)
  }
  if (clause.guaranteeTotal !== String(guaranteeTotal)) {
    refuse(
      'amount',
      `${at}.guaranteeTotal`,
      `must be ${guaranteeTotal}, the sum of the parties' guarantees, each rounded down`,
    )
  }
}

function checkShipment({ clause, at }: Placed<GeneralClause>): void {
  if (isSscc(clause.shipment)) return
  refuse('sscc', `${at}.shipment`, `the last digit of ${clause.shipment} is not its check digit`)
}

function checkDevice({ clause, at }: Placed<DeviceClause>): void {
  const expected = deviceId({
    p256: hexToBytes(clause.p256),
    mlDsa: hexToBytes(clause.mlDsaKey),
    slhDsa: hexToBytes(clause.slhDsaKey),
  })
  if (clause.deviceId !== `0x${expected}`) {
    refuse('device', `${at}.deviceId`, `does not belong to the device's keys, which give 0x${expected}`)
  }
}
