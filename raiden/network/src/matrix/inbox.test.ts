import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { expect, it } from 'vitest'
import { openStore } from '../store.ts'
import { Inbox } from './inbox.ts'

const SUPPLIER: Address = '0xb'
const SHIPPER: Address = '0xc'
const NEVER = new AbortController().signal

const message = (txn: string) => ({
  sender: '@0xa:here',
  txn,
  type: 'm.room.message',
  content: { body: txn },
})
const bodies = (taken: { events: object[] }) =>
  taken.events.map((event) => (event as { content: { body: string } }).content.body)

it('gives messages in their order, again until they are acknowledged, and then no more', () => {
  const inbox = new Inbox(openStore(), 0)
  for (const txn of ['1', '2']) inbox.deliver(SUPPLIER, message(txn))
  const first = inbox.take(SUPPLIER, 0)
  expect(bodies(first)).toEqual(['1', '2'])
  expect(bodies(inbox.take(SUPPLIER, 0))).toEqual(['1', '2'])
  inbox.deliver(SUPPLIER, message('3'))
  expect(bodies(inbox.take(SUPPLIER, first.nextSince))).toEqual(['3'])
  expect(inbox.take(SHIPPER, 0)).toEqual({ nextSince: 0, events: [] })
})

it('the same transaction of a sender is one message', () => {
  const inbox = new Inbox(openStore(), 0)
  inbox.deliver(SUPPLIER, message('1'))
  inbox.deliver(SUPPLIER, message('1'))
  inbox.deliver(SUPPLIER, { ...message('1'), sender: '@0xd:here' })
  expect(inbox.take(SUPPLIER, 0).events).toHaveLength(2)
})

it('gives a hundred at a time, and keeps the newest of too many', () => {
  const inbox = new Inbox(openStore(), 0)
  for (let index = 0; index < 300; index++) inbox.deliver(SUPPLIER, message(String(index)))
  const received: string[] = []
  for (let since = 0, taken = inbox.take(SUPPLIER, since); taken.events.length > 0; ) {
    expect(taken.events.length).toBeLessThanOrEqual(100)
    received.push(...bodies(taken))
    since = taken.nextSince
    taken = inbox.take(SUPPLIER, since)
  }
  expect(received).toEqual(Array.from({ length: 256 }, (_, index) => String(index + 44)))
})

it('what was not acknowledged is there after a restart, before what comes then', () => {
  const dir = mkdtempSync(join(tmpdir(), 'consign-network-'))
  const store = openStore(dir)
  new Inbox(store, 5).deliver(SUPPLIER, message('1'))
  store.db.close()
  const again = openStore(dir)
  const inbox = new Inbox(again, 5)
  inbox.deliver(SUPPLIER, message('2'))
  expect(bodies(inbox.take(SUPPLIER, 0))).toEqual(['1', '2'])
  again.db.close()
  rmSync(dir, { recursive: true })
})

it('a client that remembers a lost server gets the messages of the new one', () => {
  const before = new Inbox(openStore(), 1000)
  before.deliver(SUPPLIER, message('1'))
  const { nextSince } = before.take(SUPPLIER, 0)
  const after = new Inbox(openStore(), 1001)
  after.deliver(SUPPLIER, message('2'))
  expect(bodies(after.take(SUPPLIER, nextSince))).toEqual(['2'])
})

it('wakes who waits when a message comes, when the time is over, and when the waiting ends', async () => {
  const inbox = new Inbox(openStore(), 0)
  const waiting = inbox.wait(SUPPLIER, 600_000, NEVER)
  inbox.deliver(SUPPLIER, message('1'))
  await waiting
  await inbox.wait(SUPPLIER, 1, NEVER)
  const gone = new AbortController()
  const interrupted = inbox.wait(SUPPLIER, 600_000, gone.signal)
  gone.abort()
  await interrupted
  await inbox.wait(SUPPLIER, 600_000, gone.signal)
})

it('lets the oldest of too many go', async () => {
  const inbox = new Inbox(openStore(), 0)
  const end = new AbortController()
  const waiting = Array.from({ length: 5 }, () => inbox.wait(SUPPLIER, 600_000, end.signal))
  await waiting[0]
  end.abort()
  await Promise.all(waiting)
})
