import type { Hex } from '@consign/envelope'
import type { EnvelopeFlag } from '@consign/events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FUTURE_MS_MAX, LegLedger, type Link } from './ledger.ts'

const START: Hex = '0xstart'

/** Envelopes of one branch: `from`..`to`, linked to each other, the first to `previous`. */
function chain(branch: string, from: number, to: number, previous: Hex = START): Link[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    digest: `0x${branch}${from + i}` as Hex,
    previous: i === 0 ? previous : (`0x${branch}${from + i - 1}` as Hex),
  }))
}

/** What the ledger says of an envelope, and if it is new, takes it up. */
function take(ledger: LegLedger, link: Link): EnvelopeFlag[] | 'known' {
  if (ledger.branchOf(link) !== undefined) return 'known'
  const flags = ledger.flagsOf(link, 0, 0)
  ledger.record(link, flags)
  return flags
}

describe('one branch', () => {
  test('takes envelopes in order without a flag, and knows each when it comes again', () => {
    const ledger = new LegLedger(START)
    for (const link of chain('a', 0, 9)) expect(take(ledger, link)).toEqual([])
    for (const link of chain('a', 0, 9)) expect(take(ledger, link)).toBe('known')
    expect(ledger.nextSeq).toBe(10)
  })

  test('flags a counter that jumps, and not what fills the hole in order', () => {
    const ledger = new LegLedger(START)
    const links = chain('a', 0, 5)
    expect(take(ledger, links[0]!)).toEqual([])
    expect(take(ledger, links[4]!)).toEqual(['jump'])
    expect(take(ledger, links[5]!)).toEqual([])
    for (const seq of [1, 2, 3]) expect(take(ledger, links[seq]!)).toEqual([])
  })

  test('stores every envelope of an honest leg once and calls none a fork, in whatever order they arrive', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(chain('a', 0, 20), { minLength: 21 }),
        fc.array(fc.nat({ max: 20 })),
        (order, again) => {
          const ledger = new LegLedger(START)
          for (const link of order) expect(take(ledger, link)).not.toContain('fork')
          for (const seq of again) expect(take(ledger, order[seq]!)).toBe('known')
          for (const link of order) expect(ledger.digestAt(link.seq)).toBe(link.digest)
          expect(ledger.size).toBe(21)
        },
      ),
    )
  })
})

describe('a second branch', () => {
  test('is a fork from its first envelope on', () => {
    const ledger = new LegLedger(START)
    for (const link of chain('a', 0, 3)) take(ledger, link)
    for (const link of chain('b', 2, 6, '0xa1')) expect(take(ledger, link)).toEqual(['fork'])
    expect(take(ledger, { seq: 4, digest: '0xa4', previous: '0xa3' })).toEqual([])
    expect(take(ledger, { seq: 6, digest: '0xb6', previous: '0xb5' })).toBe('known')
  })

  test('that begins elsewhere than the leg is a fork', () => {
    const ledger = new LegLedger(START)
    expect(take(ledger, { seq: 0, digest: '0xb0', previous: '0xother' })).toEqual(['fork'])
  })

  test('that fills a hole with what its successor does not name is a fork', () => {
    const ledger = new LegLedger(START)
    take(ledger, { seq: 5, digest: '0xa5', previous: '0xa4' })
    expect(take(ledger, { seq: 4, digest: '0xb4', previous: '0xb3' })).toEqual(['fork'])
    expect(take(ledger, { seq: 4, digest: '0xa4', previous: '0xa3' })).toEqual(['jump'])
  })

  const branches = [...chain('a', 0, 8), ...chain('b', 3, 10, '0xa2'), ...chain('c', 5, 7, '0xb4')]

  test('never costs an envelope: each is stored once, and neighbours on the main branch stay linked', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(branches), (order) => {
        const ledger = new LegLedger(START)
        for (const link of order) expect(take(ledger, link)).not.toBe('known')
        for (const link of order) expect(take(ledger, link)).toBe('known')
        expect(ledger.size).toBe(order.length)
        for (const link of order) {
          if (ledger.digestAt(link.seq) !== link.digest) continue
          const predecessor = link.seq === 0 ? START : ledger.digestAt(link.seq - 1)
          if (predecessor !== undefined) expect(link.previous).toBe(predecessor)
        }
      }),
    )
  })

  test('looks the same after a rebuild from what was stored', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(branches), fc.nat({ max: branches.length }), (order, crashAt) => {
        const before = new LegLedger(START)
        const rebuilt = new LegLedger(START)
        for (const link of order.slice(0, crashAt)) {
          const flags = take(before, link)
          if (flags !== 'known') rebuilt.record(link, flags)
        }
        for (const link of branches) {
          expect(rebuilt.branchOf(link)).toBe(before.branchOf(link))
          expect(rebuilt.flagsOf(link, 0, 0)).toEqual(before.flagsOf(link, 0, 0))
        }
      }),
    )
  })
})

describe('evidence', () => {
  test('flags a time beyond the tolerance, and not one at it', () => {
    const ledger = new LegLedger(START)
    const link = chain('a', 0, 0)[0]!
    expect(ledger.flagsOf(link, 1_000 + FUTURE_MS_MAX, 1_000)).toEqual([])
    expect(ledger.flagsOf(link, 1_001 + FUTURE_MS_MAX, 1_000)).toEqual(['futureTime'])
  })

  test('flags envelopes from the cut on; a second cut moves nothing', () => {
    const ledger = new LegLedger(START)
    ledger.cutAt(2)
    ledger.cutAt(9)
    expect(chain('a', 0, 3).map((link) => take(ledger, link))).toEqual([[], [], ['afterCut'], ['afterCut']])
  })
})
