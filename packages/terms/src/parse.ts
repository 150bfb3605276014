/**
 * `unknown → Terms`: shape first, then whether the clauses agree with each other. Every refusal names the field.
 * Codes: terms.schema, terms.order, terms.duplicate, terms.missing, terms.parties, terms.amount, terms.sscc, terms.device,
 * terms.contradictory.
 */
import { deviceId, Refusal } from '@consign/envelope'
import { hexToBytes } from 'viem'
import type { z } from 'zod'
import { UINT128_MAX } from './clause-fields.ts'
import {
  CLAUSE_KINDS,
  type Clause,
  type ClauseKind,
  type DeviceClause,
  type InstantaneousLimitClause,
  type PartyClause,
  type Terms,
  termsSchema,
} from './clauses.ts'
import { formatBound } from './quantity.ts'
import { isSscc } from './sscc.ts'

type Placed<C extends Clause = Clause> = { clause: C; at: string }

/** Checks a terms document as its signers, services and the device must see it. Returns it unchanged, typed. */
export function parseTerms(json: unknown): Terms {
  const result = termsSchema.safeParse(json)
  if (!result.success) throw new Refusal('terms.schema', schemaMessage(result.error))
  const terms = result.data
  const placed = terms.clauses.map((clause, i) => ({ clause, at: `clauses[${i}]` }))
  checkOrder(placed)
  checkSalts(placed)
  checkSingles(placed)
  checkParties(ofKind(placed, 'party'))
  checkShipment(placed)
  for (const each of ofKind(placed, 'device')) checkDevice(each)
  checkLimits(ofKind(placed, 'limit.instantaneous'))
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

function ofKind<K extends ClauseKind>(placed: Placed[], kind: K): Placed<Extract<Clause, { kind: K }>>[] {
  return placed.filter((each): each is Placed<Extract<Clause, { kind: K }>> => each.clause.kind === kind)
}

/** The number within its kind by which clauses of that kind ascend. */
function rank(clause: Clause): number {
  if (clause.kind === 'party') return clause.index
  if (clause.kind === 'limit.instantaneous') return clause.limitId
  return 0
}

const RANK_FIELDS: Partial<Record<ClauseKind, string>> = {
  party: 'index',
  'limit.instantaneous': 'limitId',
}

function checkOrder(placed: Placed[]): void {
  let before: Clause | undefined
  for (const { clause, at } of placed) {
    if (before !== undefined) {
      const kinds = CLAUSE_KINDS[clause.kind] - CLAUSE_KINDS[before.kind]
      if (kinds < 0) {
        throw new Refusal('terms.order', `${at}.kind: ${clause.kind} must stand before ${before.kind}`)
      }
      const field = RANK_FIELDS[clause.kind]
      if (kinds === 0 && field !== undefined) checkAscending(at, field, rank(before), rank(clause))
    }
    before = clause
  }
}

function checkAscending(at: string, field: string, before: number, value: number): void {
  if (value === before) throw new Refusal('terms.duplicate', `${at}.${field}: ${value} is taken already`)
  if (value < before) throw new Refusal('terms.order', `${at}.${field}: ${value} must stand before ${before}`)
}

/** Refuses two clauses with the same value; `what` says whose value it is. */
function checkUnique<C extends Clause>(placed: Placed<C>[], field: keyof C & string, what: string): void {
  const seen = new Map<unknown, string>()
  for (const { clause, at } of placed) {
    const first = seen.get(clause[field])
    if (first !== undefined) {
      throw new Refusal(
        'terms.duplicate',
        `${at}.${field}: the same ${what} as in ${first}; each must differ`,
      )
    }
    seen.set(clause[field], at)
  }
}

// Equal salts would let a disclosed clause be used to guess another one.
function checkSalts(placed: Placed[]): void {
  checkUnique(placed, 'salt', 'salt')
}

function checkSingles(placed: Placed[]): void {
  for (const kind of ['general', 'device', 'deadline', 'route', 'windows'] as const) {
    const [first, second] = ofKind<ClauseKind>(placed, kind)
    if (second) throw new Refusal('terms.duplicate', `${second.at}.kind: terms hold only one ${kind} clause`)
    if (!first && kind !== 'deadline' && kind !== 'route') {
      throw new Refusal('terms.missing', `clauses: a ${kind} clause is missing; add one`)
    }
  }
}

function checkParties(placed: Placed<PartyClause>[]): void {
  for (const role of ['payer', 'payee'] as const) {
    const [first, second] = placed.filter(({ clause }) => clause.role === role)
    if (!first) throw new Refusal('terms.parties', `clauses: a party with role ${role} is missing; add one`)
    if (second) throw new Refusal('terms.parties', `${second.at}.role: terms have only one ${role}`)
  }
  checkUnique(placed, 'name', 'name')
  checkUnique(placed, 'wallet', 'wallet')
  checkUnique(placed, 'mlDsaKey', 'ML-DSA key')
  checkUnique(placed, 'slhDsaKey', 'SLH-DSA key')
  checkAmounts(placed)
}

function checkAmounts(placed: Placed<PartyClause>[]): void {
  let total = 0n
  for (const { clause, at } of placed) {
    if (clause.role === 'payer' && clause.amount !== '0') {
      throw new Refusal('terms.amount', `${at}.amount: must be 0, as the payer pays and is not paid`)
    }
    if (BigInt(clause.penaltyCap) > BigInt(clause.amount)) {
      throw new Refusal(
        'terms.amount',
        `${at}.penaltyCap: must not be more than the party's amount ${clause.amount}`,
      )
    }
    total += BigInt(clause.amount)
    if (total > UINT128_MAX)
      throw new Refusal('terms.amount', `${at}.amount: all amounts together reach 2^128`)
  }
}

function checkShipment(placed: Placed[]): void {
  for (const { clause, at } of ofKind(placed, 'general')) {
    if (!isSscc(clause.shipment)) {
      throw new Refusal(
        'terms.sscc',
        `${at}.shipment: the last digit of ${clause.shipment} is not its check digit`,
      )
    }
  }
}

function checkDevice({ clause, at }: Placed<DeviceClause>): void {
  const expected = deviceId({
    p256: hexToBytes(clause.p256),
    mlDsa: hexToBytes(clause.mlDsaKey),
    slhDsa: hexToBytes(clause.slhDsaKey),
  })
  if (clause.deviceId !== `0x${expected}`) {
    throw new Refusal(
      'terms.device',
      `${at}.deviceId: does not belong to the device's keys, which give 0x${expected}`,
    )
  }
}

function checkLimits(placed: Placed<InstantaneousLimitClause>[]): void {
  const seen = new Map<string, Placed<InstantaneousLimitClause>>()
  for (const each of placed) {
    const { metric, side, bound } = each.clause
    if (seen.has(`${metric} ${side}`)) {
      throw new Refusal(
        'terms.contradictory',
        `${each.at}.side: ${metric} already has a limit ${side} some value; keep one of them`,
      )
    }
    seen.set(`${metric} ${side}`, each)
    const other = seen.get(`${metric} ${side === 'above' ? 'below' : 'above'}`)?.clause
    if (!other) continue
    const [above, below] = side === 'above' ? [bound, other.bound] : [other.bound, bound]
    if (above < below) {
      throw new Refusal(
        'terms.contradictory',
        `${each.at}.bound: ${metric} may not be above ${formatBound(metric, above)} nor below ` +
          `${formatBound(metric, below)}, so no value is permitted; change one bound`,
      )
    }
  }
}
