import { expect, test } from 'vitest'
import type { MendedRaiden } from '../sdk/mended-raiden.ts'
import { openJournal } from './journal.ts'
import { Payments } from './payments.ts'

const ORDER = {
  secretHash: '0x1',
  secret: '0xsecret',
  identifier: 1n,
  token: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  initiator: '0xA',
  target: '0xB',
  amount: 60n,
}

/** A node that comes back with a payment under way, of which the SDK's memory holds nothing and its database gives this answer. */
async function comeBack(answer: () => Promise<never>) {
  const journal = openJournal(':memory:')
  journal.begin(ORDER, 1_000)
  const log = { warn: () => {}, info: () => {} } as never
  const payments = new Payments({ journal, address: '0xA', log, now: () => 2_000, onConcluded: () => {} })
  const raiden = {
    state: { address: '0xA', transfers: {} },
    database: { get: answer },
  } as unknown as MendedRaiden
  const reconciled = await payments.reconcile(raiden).then(
    () => 'done',
    (error: Error) => error.message,
  )
  return { reconciled, state: journal.find('sent', '0x1')?.state }
}

test('a payment that the SDK never had is over when the node comes back', async () => {
  const missing = Object.assign(new Error('missing'), { status: 404 })
  expect(await comeBack(() => Promise.reject(missing))).toEqual({ reconciled: 'done', state: 'failed' })
})

// Taken for "never had", it would be paid again under another secret.
test('a database that cannot answer leaves it under way', async () => {
  const broken = new Error('corruption')
  expect(await comeBack(() => Promise.reject(broken))).toEqual({ reconciled: 'corruption', state: 'pending' })
})
