import { expect, test } from 'vitest'
import { stepper } from './step.ts'

function killsAt(killAt: string | undefined, names: readonly string[]): number[] {
  const kills: number[] = []
  let at = 0
  const step = stepper(killAt, () => kills.push(at))
  for (at = 0; at < names.length; at++) step(names[at] ?? '')
  return kills
}

const walk = ['ingest.verified', 'ingest.stored', 'ingest.verified', 'ingest.stored', 'ingest.verified']

test('kills at the named step, the first time or the one asked for', () => {
  expect(killsAt('ingest.stored', walk)).toEqual([1])
  expect(killsAt('ingest.verified#3', walk)).toEqual([4])
  expect(killsAt('ingest.verified#4', walk)).toEqual([])
  expect(killsAt('ingest', walk)).toEqual([])
  expect(killsAt(undefined, walk)).toEqual([])
  expect(killsAt('', walk)).toEqual([])
})

test.each(['x#0', 'x#', 'x#two', 'x#1.5'])('refuses %s', (killAt) => {
  expect(() => stepper(killAt, () => {})).toThrow(/CONSIGN_KILL_AT/)
})
