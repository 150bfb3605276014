import { deepStrictEqual, fail } from 'node:assert/strict'
import { Refusal } from '@consign/envelope'
import type { Decider, Fact } from './decider.ts'

/** `given(decider, facts).when(command).then(facts)`, or `.thenNothing()`, or `.thenRefused(code)`: tests of a decider. */
export function given<C, E extends Fact, S>(decider: Decider<C, E, S>, facts: readonly NoInfer<E>[]) {
  return {
    when(command: C) {
      const decide = () => decider.decide(command, facts.reduce(decider.evolve, decider.initial))
      return {
        // biome-ignore lint/suspicious/noThenProperty: given, when, then is the wording; nobody awaits this object
        then(expected: readonly NoInfer<E>[]): void {
          deepStrictEqual(decide(), expected)
        },
        thenNothing(): void {
          deepStrictEqual(decide(), [])
        },
        thenRefused(code: string): void {
          deepStrictEqual(refusalCode(decide), code)
        },
      }
    },
  }
}

function refusalCode(decide: () => unknown): string {
  try {
    decide()
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
  return fail('expected a refusal')
}
