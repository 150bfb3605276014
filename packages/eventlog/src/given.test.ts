import { Refusal } from '@consign/envelope'
import { expect, test } from 'vitest'
import type { Decider } from './decider.ts'
import { given } from './given.ts'

type Opened = { type: 'opened'; data: { by: string } }
const door: Decider<string, Opened, string | undefined> = {
  initial: undefined,
  decide: (by, openedBy) => {
    if (openedBy === by) return []
    if (openedBy) throw new Refusal('door.open', `${openedBy} has opened it`)
    return [{ type: 'opened', data: { by } }]
  },
  evolve: (_, { data }) => data.by,
}
const opened: Opened = { type: 'opened', data: { by: 'x' } }

test('passes when the decision is the expected one', () => {
  given(door, []).when('x').then([opened])
  given(door, [opened]).when('x').thenNothing()
  given(door, [opened]).when('y').thenRefused('door.open')
})

test('fails when it is another one', () => {
  expect(() => given(door, []).when('y').then([opened])).toThrow()
  expect(() => given(door, []).when('x').thenNothing()).toThrow()
  expect(() => given(door, [opened]).when('y').thenRefused('door.locked')).toThrow()
  expect(() => given(door, []).when('x').thenRefused('door.open')).toThrow('expected a refusal')
})
