import { deadline, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { expect, it } from 'vitest'
import { UNKNOWN_AGREEMENT } from './agreements.ts'
import { closingKey, isLost, legUnderWay } from './losses.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const draft: TermsDraft = { ...SAMPLE_DRAFT, deadline: { hours: 10, lostAfterHours: 20 } }
const { terms } = sampleAgreement(draft)
const { lostAfterMs } = deadline(terms)
const known = { ...UNKNOWN_AGREEMENT, terms }
const at = (nowMs: number, graceMs = 1000) => ({ nowMs, graceMs })

it('goods count as lost from the time of their terms and the grace on, unless they were delivered', () => {
  expect(isLost(known, at(lostAfterMs + 999))).toBe(false)
  expect(isLost(known, at(lostAfterMs + 1000))).toBe(true)
  expect(isLost({ ...known, isDelivered: true }, at(lostAfterMs + 1000))).toBe(false)
  expect(isLost(UNKNOWN_AGREEMENT, at(lostAfterMs + 1000))).toBe(false)
})

it('the leg under way is the one after the last that has ended, and each is closed under a key of its own', () => {
  expect(legUnderWay(known)).toBe(0)
  const later = {
    ...known,
    ends: new Map([
      [0, 3],
      [1, 0],
    ]),
  }
  expect(legUnderWay(later)).toBe(2)
  expect(closingKey(AGREEMENT, later)).toBe(`close:${AGREEMENT}:2`)
})
