import type { Channel, Payment } from '@consign/raiden-client'
import { describe, expect, it } from 'vitest'
import { isBalanced, type NodeEvidence, receivedUnder } from './raiden-evidence.ts'

const address = (digit: string) => `0x${digit.repeat(40)}` as const
const channel = (partner: string, totalDeposit: bigint, balance: bigint, totalWithdraw = 0n) =>
  ({ partner: address(partner), totalDeposit, balance, totalWithdraw }) as Channel
const payment = (outcome: Payment['outcome'], amount: bigint, secret = '1'): Payment => ({
  outcome,
  amount,
  secretHash: `0x${secret.repeat(64)}`,
})
const node = (channels: Channel[], payments: Payment[]): NodeEvidence => ({
  name: 'supplier',
  party: address('a'),
  address: address('a'),
  url: '',
  channels,
  payments,
})

describe('the books of a node', () => {
  it('are balanced when its channels gained what it received and lost what it sent', () => {
    expect(isBalanced(node([channel('b', 100n, 60n)], [payment('sent', 40n)]))).toBe(true)
    expect(isBalanced(node([channel('b', 0n, 40n)], [payment('received', 40n)]))).toBe(true)
    expect(isBalanced(node([channel('b', 100n, 50n, 10n)], [payment('sent', 40n)]))).toBe(true)
  })

  it('are balanced by what passes through, and by what failed', () => {
    const passed = [channel('b', 0n, 40n), channel('c', 50n, 10n)]
    expect(isBalanced(node(passed, [payment('failed', 7n)]))).toBe(true)
  })

  it('are not when a channel lost what no payment names', () => {
    expect(isBalanced(node([channel('b', 100n, 59n)], [payment('sent', 40n)]))).toBe(false)
    expect(isBalanced(node([channel('b', 100n, 60n)], []))).toBe(false)
  })
})

it('a payment counts when the receiver itself knows its secret, and no other', () => {
  const { secretHash } = payment('received', 40n, '2')
  const evidence = { nodes: [node([], [payment('received', 40n, '2'), payment('sent', 9n, '3')])] }
  expect(receivedUnder(evidence, address('a'), secretHash)?.amount).toBe(40n)
  expect(receivedUnder(evidence, address('b'), secretHash)).toBeUndefined()
  expect(receivedUnder(evidence, address('a'), payment('sent', 9n, '3').secretHash)).toBeUndefined()
  expect(receivedUnder(evidence, address('a'), undefined)).toBeUndefined()
})
