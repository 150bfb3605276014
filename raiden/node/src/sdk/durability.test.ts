// What the SDK's persister does (raiden-ts 3.1.1, dist/persister.js), call by call: `allDocs({ keys })`, then `bulkDocs` of the same documents.
import { expect, test } from 'vitest'
import { trackDurability } from './durability.ts'
import type { Action, State } from './raiden-ts.ts'

function harness() {
  const writes: ((results: object[]) => void)[] = []
  const db = {
    allDocs: async (_options?: object) => ({ rows: [] }) as unknown,
    bulkDocs: (_docs: { _id?: string }[]) => new Promise<object[]>((resolve) => writes.push(resolve)),
  }
  const durability = trackDurability(db)
  const reduce = durability.counting((state, action: Action) =>
    action.type === 'none' ? state! : ({} as State),
  )
  let state = {} as State
  const change = (type = 'change') => {
    state = reduce(state, { type })
  }
  /** Resolves to whether the promise has resolved by now. */
  const isDone = async (promise: Promise<unknown>) =>
    Promise.race([promise.then(() => true), new Promise((resolve) => setTimeout(resolve, 0, false))])
  const take = (...keys: string[]) => db.allDocs({ keys })
  const write = (...ids: string[]) => db.bulkDocs(ids.map((_id) => ({ _id })))
  return { db, durability, change, isDone, take, write, writes }
}

test('with no change there is nothing to wait for', async () => {
  const { durability, change, isDone } = harness()
  change('none')
  expect(await isDone(durability.flushed())).toBe(true)
})

test('waits until the write that took the change has succeeded', async () => {
  const { durability, change, isDone, take, write, writes } = harness()
  change()
  const flushed = durability.flushed()
  expect(await isDone(flushed)).toBe(false)
  await take('state.a')
  const writing = write('state.a')
  expect(await isDone(flushed)).toBe(false)
  writes[0]!([{ ok: true }])
  await writing
  expect(await isDone(flushed)).toBe(true)
  expect(durability.isBehind()).toBe(false)
})

test('a change after the persister took its documents waits for the next write', async () => {
  const { durability, change, isDone, take, write, writes } = harness()
  change()
  await take('state.a')
  change()
  const flushed = durability.flushed()
  const writing = write('state.a')
  writes[0]!([{ ok: true }])
  await writing
  expect(await isDone(flushed)).toBe(false)
  expect(durability.isBehind()).toBe(true)
  await take('state.b')
  const next = write('state.b')
  writes[1]!([{ ok: true }])
  await next
  expect(await isDone(flushed)).toBe(true)
})

test('what was changed earlier is waited for alone', async () => {
  const { durability, change, isDone, take, write, writes } = harness()
  change()
  const then = durability.now()
  await take('state.a')
  const writing = write('state.a')
  change()
  writes[0]!([{ ok: true }])
  await writing
  expect(await isDone(durability.flushed(then))).toBe(true)
  expect(await isDone(durability.flushed())).toBe(false)
})

test('a write that was refused in part does not count', async () => {
  const { durability, change, isDone, take, write, writes } = harness()
  change()
  const flushed = durability.flushed()
  await take('state.a', 'state.b')
  const writing = write('state.a', 'state.b')
  writes[0]!([{ ok: true }, { error: true, id: 'state.b' }])
  await writing
  expect(await isDone(flushed)).toBe(false)
})

test("other reads and writes are not taken for the persister's", async () => {
  const { db, durability, change, isDone, take, write, writes } = harness()
  change()
  const flushed = durability.flushed()
  await db.allDocs({ keys: ['state.a'], include_docs: true })
  const stray = write('state.a')
  writes[0]!([{ ok: true }])
  await stray
  await take('state.a')
  const other = write('other')
  writes[1]!([{ ok: true }])
  await other
  expect(await isDone(flushed)).toBe(false)
})

test('when the SDK has ended nobody waits any more', async () => {
  const { durability, change, isDone } = harness()
  change()
  const flushed = durability.flushed()
  durability.end()
  expect(await isDone(flushed)).toBe(true)
})
