import { expect, test } from 'vitest'
import { openJournal, type Payment } from './journal.ts'

const TOKEN = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
const order = (n: number) => ({
  secretHash: `0x${n}`,
  secret: `0xsecret${n}`,
  identifier: BigInt(n) + 2n ** 63n,
  token: TOKEN,
  initiator: '0xA',
  target: '0xB',
  amount: 2n ** 255n,
})
const ended = (n: number, more: Partial<Payment> = {}): Payment => ({
  ...order(n),
  direction: 'sent',
  state: 'succeeded',
  isLocked: true,
  changedMs: 1_000 + n,
  ...more,
})

test('keeps an order as it was given, amounts beyond a double and all', () => {
  const journal = openJournal(':memory:')
  expect(journal.isEmpty()).toBe(true)
  journal.begin(order(1), 1_000)
  const pending = { ...order(1), direction: 'sent', state: 'pending', isLocked: false, changedMs: 1_000 }
  expect(journal.find('sent', '0x1')).toEqual(pending)
  expect(journal.find('received', '0x1')).toBeUndefined()
  expect(journal.pending()).toEqual([pending])
  expect(journal.events({})).toEqual([])
  expect(journal.isEmpty()).toBe(false)
})

test('the first end of a payment is its end, with one event', () => {
  const journal = openJournal(':memory:')
  journal.begin(order(1), 1_000)
  expect(journal.conclude(ended(1))).toBe(true)
  expect(journal.conclude(ended(1, { state: 'failed', code: 'raiden.x', reason: 'late' }))).toBe(false)
  expect(journal.find('sent', '0x1')).toEqual(ended(1))
  expect(journal.events({})).toHaveLength(1)
})

test('a failure that is tried again stays in the history', () => {
  const journal = openJournal(':memory:')
  journal.begin(order(1), 1_000)
  journal.conclude(ended(1, { state: 'failed', isLocked: false, code: 'raiden.x', reason: 'no route' }))
  journal.begin(order(1), 2_000)
  journal.conclude(ended(1))
  expect(journal.events({}).map(({ state, reason }) => [state, reason])).toEqual([
    ['failed', 'no route'],
    ['succeeded', undefined],
  ])
})

test('sent and received under one secret are two', () => {
  const journal = openJournal(':memory:')
  expect(journal.conclude(ended(1))).toBe(true)
  expect(journal.conclude(ended(1, { direction: 'received' }))).toBe(true)
  expect(journal.events({})).toHaveLength(2)
})

test('an identifier is in use while its payment is under way or done, not when it failed', () => {
  const journal = openJournal(':memory:')
  journal.begin(order(1), 1_000)
  expect(journal.findByIdentifier(order(1).identifier)?.secretHash).toBe('0x1')
  journal.conclude(ended(1, { state: 'failed' }))
  expect(journal.findByIdentifier(order(1).identifier)).toBeUndefined()
})

test('lists events by token and partner, in pages, in the order of their ends', () => {
  const journal = openJournal(':memory:')
  for (const n of [3, 1, 2]) journal.conclude(ended(n, n === 2 ? { target: '0xC' } : {}))
  journal.conclude(ended(4, { token: '0xother' }))
  const hashes = (filter: object) => journal.events(filter).map(({ secretHash }) => secretHash)
  expect(hashes({})).toEqual(['0x3', '0x1', '0x2', '0x4'])
  expect(hashes({ token: TOKEN })).toEqual(['0x3', '0x1', '0x2'])
  expect(hashes({ token: TOKEN, partner: '0xB' })).toEqual(['0x3', '0x1'])
  expect(hashes({ partner: '0xA', limit: 2 })).toEqual(['0x3', '0x1'])
  expect(hashes({ limit: 2, offset: 3 })).toEqual(['0x4'])
  expect(hashes({ offset: 2 })).toEqual(['0x2', '0x4'])
})

test('knows which payments have left the node', () => {
  const journal = openJournal(':memory:')
  journal.begin(order(1), 1_000)
  journal.markLocked('0x1')
  expect(journal.find('sent', '0x1')?.isLocked).toBe(true)
})
