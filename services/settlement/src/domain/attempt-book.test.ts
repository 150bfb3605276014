import type { ConsignEvent } from '@consign/events'
import { beforeEach, expect, it } from 'vitest'
import { AttemptBook } from './attempt-book.ts'

let book: AttemptBook
const take = (type: string, ...ids: string[]) => {
  for (const paymentId of ids)
    book.take({
      id: '1',
      type: `settlement.payment.${type}.v1`,
      time: 1,
      data: { paymentId, amount: '7' },
    } as unknown as ConsignEvent)
}

beforeEach(() => {
  book = new AttemptBook()
  take('intended', 'a', 'b', 'c')
})

const paidSince = (paymentId: string) => book.since(paymentId).paid

it('explains by what was begun after an attempt, and made', () => {
  take('attempted', 'a', 'b', 'c')
  expect(paidSince('a')).toBe(0n)
  take('made', 'b')
  expect(paidSince('a')).toBe(7n)
  take('made', 'c')
  expect(paidSince('a')).toBe(14n)
})

it('explains by what was open when it began, which may have moved after it', () => {
  take('attempted', 'b', 'a')
  expect(paidSince('a')).toBe(0n)
  take('made', 'b')
  expect(paidSince('a')).toBe(7n)
})

it('does not explain by what had moved when it began', () => {
  take('attempted', 'b')
  book.moved('b')
  take('attempted', 'a', 'c')
  take('made', 'b')
  expect(paidSince('a')).toBe(0n)
  take('attempted', 'c')
  take('made', 'c')
  expect(paidSince('a')).toBe(7n)
})

it('counts from the last attempt', () => {
  take('attempted', 'a', 'b')
  take('made', 'b')
  take('refused', 'a')
  take('attempted', 'a')
  expect(paidSince('a')).toBe(0n)
})

it('knows whether others are open', () => {
  take('attempted', 'a')
  expect(book.since('a').othersOpen).toBe(false)
  take('attempted', 'b')
  expect(book.since('a').othersOpen).toBe(true)
  take('refused', 'b')
  expect(book.since('a').othersOpen).toBe(false)
})

it('knows nothing of what is not attempted, such as transfers', () => {
  take('attempted', 'a')
  take('made', 'b')
  expect(paidSince('a')).toBe(0n)
  expect(paidSince('c')).toBe(0n)
})
