import { given } from '@consign/eventlog/testing'
import { describe, expect, it } from 'vitest'
import { type AnchorFact, anchorDecider, anchorDueAtMs } from './anchor-policy.ts'

const ROOT = `0x${'aa'.repeat(32)}` as const
const policy = { anchorMs: 1000, envelopesMax: 50 }
const consider = (nowMs: number) => ({ type: 'consider', nowMs, root: ROOT, policy }) as const
const grown = (size: number): AnchorFact => ({ type: 'tree.grown', data: { size } })
const closed: AnchorFact = { type: 'leg.closed', data: {} }
const intended = (seq: number, size: number, atMs: number): AnchorFact => ({
  type: 'anchor.intended',
  data: { seq, root: ROOT, size, atMs },
})
const settled = (seq: number): AnchorFact => ({ type: 'anchor.settled', data: { seq } })

describe('an anchor', () => {
  it('is made of everything there is, ANCHOR_MS after the last one', () => {
    const facts = [grown(3), intended(0, 3, 5000), settled(0), grown(4), grown(5)]
    given(anchorDecider, facts).when(consider(5999)).thenNothing()
    given(anchorDecider, facts)
      .when(consider(6000))
      .then([intended(1, 5, 6000)])
  })

  it('is made ANCHOR_MS after the start when the time of the last one is not known', () => {
    const facts: AnchorFact[] = [{ type: 'writer.started', data: { atMs: 5000 } }, grown(1)]
    given(anchorDecider, facts).when(consider(5999)).thenNothing()
    given(anchorDecider, facts)
      .when(consider(6000))
      .then([intended(0, 1, 6000)])
  })

  it('is not made of nothing new', () => {
    given(anchorDecider, []).when(consider(1e12)).thenNothing()
    given(anchorDecider, [grown(3), intended(0, 3, 0), settled(0)])
      .when(consider(1e12))
      .thenNothing()
  })

  it('comes earlier when ANCHOR_ENVELOPES_MAX envelopes are new', () => {
    const facts = [grown(3), intended(0, 3, 5000), settled(0)]
    given(anchorDecider, [...facts, grown(52)])
      .when(consider(5001))
      .thenNothing()
    given(anchorDecider, [...facts, grown(53)])
      .when(consider(5001))
      .then([intended(1, 53, 5001)])
  })

  it('comes at once when a leg has ended since the last one', () => {
    given(anchorDecider, [grown(3), intended(0, 3, 5000), settled(0), grown(4), closed])
      .when(consider(5001))
      .then([intended(1, 4, 5001)])
  })

  it('does not come early for a leg that the last one covered already', () => {
    given(anchorDecider, [grown(3), closed, intended(0, 3, 5000), settled(0), grown(4)])
      .when(consider(5001))
      .thenNothing()
  })

  it('waits for the one before it, and then covers what came meanwhile', () => {
    const facts = [grown(3), intended(0, 3, 5000), grown(60), closed]
    given(anchorDecider, facts).when(consider(1e12)).thenNothing()
    given(anchorDecider, [...facts, settled(0)])
      .when(consider(5002))
      .then([intended(1, 60, 5002)])
  })

  it('is due at a time that can be waited for', () => {
    const state = [grown(3), intended(0, 3, 5000), settled(0), grown(4)].reduce(
      anchorDecider.evolve,
      anchorDecider.initial,
    )
    expect(anchorDueAtMs(state, policy)).toBe(6000)
  })
})
