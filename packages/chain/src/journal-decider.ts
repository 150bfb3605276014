/**
 * The transactions of one wallet as an event-sourced journal, subject `chain.<writer>`: pure rules, no clock, no chain.
 *
 *   submit → intended → sign → signed (raw bytes stored BEFORE broadcast) → mine → mined → finalize → finalized
 *                    ↘ refuse → refused (only while nothing was signed)
 *
 * One key is one transaction for ever. A key has one nonce for ever; a replacement is one more signed event at that same nonce, and every
 * hash of it is kept, because any of them may be the one that is mined.
 */
import { Refusal } from '@consign/envelope'
import type { Decider } from '@consign/eventlog'
import type { Hex } from 'viem'
import { KeyedIndex } from './journal-index.ts'

/** What a wallet shall send, and what for, in words. `gas` = limit instead of the estimate. */
export type Intent = { key: string; to: Hex; data: Hex; what: string; agreement?: Hex; gas?: number }

/** What the events of a receipt say, flat; uint256 as decimal strings. */
export type TransactionResult = Record<string, string | number | boolean>

type Signed = { key: string; nonce: number; hash: Hex; raw: Hex }
type Mined = {
  key: string
  hash: Hex
  blockNumber: number
  gasUsed: number
  ok: boolean
  agreement?: Hex
  what: string
  result?: TransactionResult
}
type Finalized = { key: string; hash: Hex; blockNumber: number }
type Refused = { key: string; agreement?: Hex; what: string; reason: string }

export type JournalEvent =
  | { type: 'chain.intended.v1'; data: Intent }
  | { type: 'chain.signed.v1'; data: Signed }
  | { type: 'chain.mined.v1'; data: Mined }
  | { type: 'chain.finalized.v1'; data: Finalized }
  | { type: 'chain.refused.v1'; data: Refused }

/** `chainNonce` = count of transactions that the chain knew of this wallet when the journal was opened. */
export type JournalCommand =
  | { type: 'submit'; intent: Intent }
  | ({ type: 'sign'; chainNonce: number } & Signed)
  | { type: 'mine'; key: string; receipt: Omit<Mined, 'key' | 'agreement' | 'what'> }
  | ({ type: 'finalize' } & Finalized)
  | ({ type: 'refuse' } & Refused)

/** One signed form of a transaction; `raw` is dropped once another form, or this one, is final. */
export type Attempt = { nonce: number; hash: Hex; raw: Hex }

export type Transaction = {
  intent: Omit<Intent, 'data'> & { data?: Hex }
  status: 'intended' | 'signed' | 'mined' | 'finalized' | 'refused'
  attempts: readonly Attempt[]
  mined?: Mined
  reason?: string
}

/** `open` = keys that are neither final nor refused, in the order of their intents; `blockSeen` = highest block that any was mined in. */
export type Journal = {
  nextNonce: number
  finalNonces: number
  blockSeen: number
  transactions: KeyedIndex<Transaction>
  open: readonly string[]
}

export const journalDecider: Decider<JournalCommand, JournalEvent, Journal> = {
  initial: { nextNonce: 0, finalNonces: 0, blockSeen: 0, transactions: KeyedIndex.empty(), open: [] },

  decide(command, journal) {
    switch (command.type) {
      case 'submit':
        return journal.transactions.has(command.intent.key)
          ? []
          : [{ type: 'chain.intended.v1', data: command.intent }]
      case 'sign':
        return sign(command, journal)
      case 'mine':
        return mine(command, journal)
      case 'finalize':
        return finalize(command, journal)
      case 'refuse':
        return refuse(command, journal)
      default:
        return unreachable(command)
    }
  },

  evolve(journal, event) {
    switch (event.type) {
      case 'chain.intended.v1':
        return {
          ...withTransaction(journal, event.data.key, {
            intent: event.data,
            status: 'intended',
            attempts: [],
          }),
          open: [...journal.open, event.data.key],
        }
      case 'chain.signed.v1': {
        const { key, nonce, hash, raw } = event.data
        const before = transactionOf(journal, key)
        const after = {
          ...before,
          status: 'signed' as const,
          attempts: [...before.attempts, { nonce, hash, raw }],
        }
        return { ...withTransaction(journal, key, after), nextNonce: Math.max(journal.nextNonce, nonce + 1) }
      }
      case 'chain.mined.v1': {
        const before = transactionOf(journal, event.data.key)
        const after = { ...before, status: 'mined' as const, mined: event.data }
        const blockSeen = Math.max(journal.blockSeen, event.data.blockNumber)
        return { ...withTransaction(journal, event.data.key, after), blockSeen }
      }
      case 'chain.finalized.v1':
        return evolveFinalized(journal, event.data)
      case 'chain.refused.v1': {
        const { key, reason, what, agreement } = event.data
        const intent = journal.transactions.get(key)?.intent ?? bareIntent(key, what, agreement)
        const after = { intent: withoutData(intent), status: 'refused' as const, attempts: [], reason }
        return closed(withTransaction(journal, key, after), key)
      }
      default:
        return unreachable(event)
    }
  },
}

/** Whether a key needs nothing more before what waits for it may go: mined (well or reverted), final or refused. */
export function isSettled(journal: Journal, key: string): boolean {
  const status = journal.transactions.get(key)?.status
  return status === 'mined' || status === 'finalized' || status === 'refused'
}

function sign(command: JournalCommand & { type: 'sign' }, journal: Journal): JournalEvent[] {
  const { key, nonce, hash, raw, chainNonce } = command
  const transaction = transactionOf(journal, key)
  const signed: JournalEvent = { type: 'chain.signed.v1', data: { key, nonce, hash, raw } }
  if (transaction.status === 'intended') {
    const due = Math.max(journal.nextNonce, chainNonce)
    if (nonce !== due)
      throw new Refusal('journal.nonce', `${key}: the next nonce is ${due}, not ${nonce}; sign again`)
    return [signed]
  }
  const used = transaction.attempts[0]?.nonce
  if (transaction.status === 'signed' && nonce === used)
    return transaction.attempts.some((attempt) => attempt.hash === hash) ? [] : [signed]
  throw new Refusal(
    'journal.signed',
    `${key} is ${transaction.status} with nonce ${used}; it is not signed again`,
  )
}

function mine({ key, receipt }: JournalCommand & { type: 'mine' }, journal: Journal): JournalEvent[] {
  const { intent, attempts, status, mined } = transactionOf(journal, key)
  if (status === 'finalized') return []
  if (!attempts.some((attempt) => attempt.hash === receipt.hash))
    throw new Refusal('journal.hash', `${key}: ${receipt.hash} is none of its signed transactions`)
  // A second block for the same key is a reorganisation: it is told again, since what the receipt says may differ.
  if (mined?.hash === receipt.hash && mined.blockNumber === receipt.blockNumber && mined.ok === receipt.ok)
    return []
  const agreement = intent.agreement === undefined ? {} : { agreement: intent.agreement }
  return [{ type: 'chain.mined.v1', data: { key, ...receipt, ...agreement, what: intent.what } }]
}

function finalize(command: JournalCommand & { type: 'finalize' }, journal: Journal): JournalEvent[] {
  const { key, hash, blockNumber } = command
  const { status, mined } = transactionOf(journal, key)
  if (status === 'finalized') return []
  if (mined?.hash !== hash || mined.blockNumber !== blockNumber)
    throw new Refusal('journal.notMined', `${key}: ${hash} was not recorded as mined in block ${blockNumber}`)
  return [{ type: 'chain.finalized.v1', data: { key, hash, blockNumber } }]
}

function refuse(command: JournalCommand & { type: 'refuse' }, journal: Journal): JournalEvent[] {
  const { type: _, ...data } = command
  const status = journal.transactions.get(data.key)?.status
  if (status === 'refused') return []
  if (status === undefined || status === 'intended') return [{ type: 'chain.refused.v1', data }]
  throw new Refusal('journal.signed', `${data.key} is ${status}; what was signed cannot be refused any more`)
}

function evolveFinalized(journal: Journal, { key }: Finalized): Journal {
  const before = transactionOf(journal, key)
  const attempts = before.attempts.map((attempt) => ({ ...attempt, raw: '0x' as const }))
  const after = { ...before, intent: withoutData(before.intent), status: 'finalized' as const, attempts }
  const finalNonces = Math.max(journal.finalNonces, (attempts[0]?.nonce ?? -1) + 1)
  return { ...closed(withTransaction(journal, key, after), key), finalNonces }
}

function transactionOf(journal: Journal, key: string): Transaction {
  const transaction = journal.transactions.get(key)
  if (transaction === undefined)
    throw new Refusal('journal.unknown', `No transaction was submitted under the key ${key}; submit it first`)
  return transaction
}

function withTransaction(journal: Journal, key: string, transaction: Transaction): Journal {
  return { ...journal, transactions: journal.transactions.with(key, transaction) }
}

function closed(journal: Journal, key: string): Journal {
  return { ...journal, open: journal.open.filter((other) => other !== key) }
}

function bareIntent(key: string, what: string, agreement: Hex | undefined): Transaction['intent'] {
  const none = { key, to: '0x0000000000000000000000000000000000000000' as const, what }
  return agreement === undefined ? none : { ...none, agreement }
}

function withoutData(intent: Transaction['intent']): Transaction['intent'] {
  const { data: _, ...rest } = intent
  return rest
}

function unreachable(never: never): never {
  throw new Error(`Unknown journal entry: ${JSON.stringify(never)}`)
}
