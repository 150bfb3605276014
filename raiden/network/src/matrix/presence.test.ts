import { privateKeyToAccount } from 'viem/accounts'
import { beforeEach, expect, it } from 'vitest'
import { openStore } from '../store.ts'
import { Accounts } from './accounts.ts'
import { Presence } from './presence.ts'

const wallet = privateKeyToAccount(`0x${'01'.repeat(32)}`)
const node = wallet.address.toLowerCase() as typeof wallet.address
const SERVER = '127.0.0.1:8008'

let accounts: Accounts
let presence: Presence
let nowMs: number
const start = () => new Presence(accounts, () => nowMs)

beforeEach(async () => {
  nowMs = 0
  accounts = new Accounts(openStore(), () => SERVER)
  await accounts.logIn(node, await wallet.signMessage({ message: SERVER }))
  presence = start()
})

it('a node is online from its first sync, and between two of them', () => {
  expect(presence.isOnline(node)).toBe(false)
  const ended = presence.syncing(node)
  nowMs = 60_000
  expect(presence.isOnline(node)).toBe(true)
  ended()
  nowMs += 14_999
  expect(presence.isOnline(node)).toBe(true)
})

it('a node that is gone is offline: at once when it says so, after 15 s when it was killed', () => {
  const ended = presence.syncing(node)
  accounts.setOnline(node, false)
  expect(presence.isOnline(node)).toBe(false)
  accounts.setOnline(node, true)
  ended()
  nowMs += 15_000
  expect(presence.isOnline(node)).toBe(false)
})

it('of two syncs the end of one is not the end of the other', () => {
  const first = presence.syncing(node)
  presence.syncing(node)
  first()
  nowMs += 15_000
  expect(presence.isOnline(node)).toBe(true)
})

it('who was online when the server ended has 15 s to come back', () => {
  presence.syncing(node)
  const restarted = start()
  nowMs += 14_999
  expect(restarted.isOnline(node)).toBe(true)
  nowMs += 1
  expect(restarted.isOnline(node)).toBe(false)
  accounts.setOnline(node, false)
  expect(start().isOnline(node)).toBe(false)
})
