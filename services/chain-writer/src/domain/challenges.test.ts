import type { Hex } from 'viem'
import { expect, it } from 'vitest'
import { answerName, outcomeOf } from './challenges.ts'

const challenge = {
  kind: 'contest',
  agreement: `0x${'a1'.repeat(20)}` as Hex,
  caseId: `0x${'0c'.repeat(32)}` as Hex,
  answerableUntilS: 1_800_000_000,
} as const

it('a challenge has one answer for ever, and a later one of the same case another', () => {
  const { key } = answerName(challenge)
  expect(key).toBe(`answer:${challenge.caseId}:1800000000`)
  expect(answerName({ ...challenge, answerableUntilS: 1_800_000_001 }).key).not.toBe(key)
  expect(answerName({ ...challenge, kind: 'claim' }).key).toBe(`refute:${challenge.caseId}:1800000000`)
})

// None, Proven, Contested, Upheld, Claimed, Void: as the contract counts.
it.each<['contest' | 'claim', ReturnType<typeof outcomeOf>[]]>([
  ['contest', ['unknown', 'unknown', 'open', 'answered', 'unknown', 'lost']],
  ['claim', ['unknown', 'lost', 'lost', 'lost', 'open', 'answered']],
])('how a %s stands follows from the state of its case', (kind, outcomes) => {
  expect(outcomes.map((_, state) => outcomeOf(kind, state))).toEqual(outcomes)
})
