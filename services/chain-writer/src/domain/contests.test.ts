import type { Transaction } from '@consign/chain'
import { encodeHeader, envelopeDigest } from '@consign/envelope'
import type { ConsignEvent } from '@consign/events'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { describe, expect, it } from 'vitest'
import { coveringAnchor, LegHeaders, smallestSeal, witnessedBefore } from './contests.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const WORD: Hex = `0x${'0c'.repeat(32)}`
const DAY_MS = 86_400_000

describe('the seal that answers', () => {
  const seal = (leg: number, n: number) =>
    ({ id: `${leg}/${n}`, type: 'custody.sealed.v1', time: 1, data: { leg, n } }) as ConsignEvent
  const delivered = { id: '1', type: 'custody.delivered.v1', time: 1, data: { leg: 1 } } as ConsignEvent

  it('is the smallest of the leg that reaches the envelope', () => {
    const events = [seal(1, 3), seal(1, 9), delivered, seal(1, 6), seal(2, 5), seal(1, 6)]
    expect(smallestSeal(events, { leg: 1, seq: 4 })?.data).toEqual({ leg: 1, n: 6 })
    expect(smallestSeal(events, { leg: 1, seq: 3 })?.data.n).toBe(6)
    expect(smallestSeal(events, { leg: 1, seq: 2 })?.data.n).toBe(3)
  })

  it('is none when the leg is not sealed as far as that', () => {
    expect(smallestSeal([seal(1, 3), seal(2, 9)], { leg: 1, seq: 3 })).toBeUndefined()
  })
})

describe('the digests under a seal', () => {
  const wires: Uint8Array[] = []
  const digests: Uint8Array[] = []
  const add = (seq: number, previous: Uint8Array, baseMonotonicMs = seq) => {
    const wire = headerOf(seq, previous, baseMonotonicMs)
    wires.push(wire)
    digests.push(envelopeDigest(wire))
    return digests.at(-1)!
  }
  const first = add(0, hexToBytes(WORD))
  const second = add(1, first)
  const forked = add(1, first, 7)
  const head = add(2, forked)
  const headers = new LegHeaders()
  // A resend, and not in order.
  for (const wire of [...wires.toReversed(), ...wires]) headers.add(wire)

  it('are those of the branch that ends with its head', () => {
    expect(headers.upTo({ n: 3, head: bytesToHex(head) })).toEqual([first, forked, head])
    expect(headers.upTo({ n: 2, head: bytesToHex(second) })).toEqual([first, second])
  })

  it('are refused while an envelope is missing from the log', () => {
    const some = new LegHeaders()
    for (const wire of [wires[0]!, wires[3]!]) some.add(wire)
    expect(() => some.upTo({ n: 3, head: bytesToHex(head) })).toThrowError(
      expect.objectContaining({
        code: 'contest.gap',
        retry: true,
        message: expect.stringContaining('envelope 1 '),
      }),
    )
  })
})

describe('the anchor that answers', () => {
  const anchors = [4, 9, 20].map((size, seq) => mined({ event: 'Anchored', seq, root: WORD, size }))
  const at = (seq: number) => anchors[seq]

  it('is the first that holds the leaf', () => {
    expect(coveringAnchor(3, at)?.seq).toBe(0)
    expect(coveringAnchor(4, at)?.seq).toBe(1)
    expect(coveringAnchor(19, at)?.seq).toBe(2)
    expect(coveringAnchor(20, at)).toBeUndefined()
  })

  it('is none while it is in no block', () => {
    const { mined: _, ...signed } = anchors[1]!
    expect(
      coveringAnchor(5, (seq) => (seq === 1 ? { ...signed, status: 'signed' } : at(seq))),
    ).toBeUndefined()
  })
})

describe('the age of an anchor', () => {
  const classicalUntilMs = 20_000 * DAY_MS + 43_200_000
  const noted = new Map([
    [19_990, { event: 'Witnessed', count: 3, witnessedAt: 19_990 * 86_400 + 60 }],
    [19_998, { event: 'Witnessed', count: 5, witnessedAt: 19_998 * 86_400 + 60 }],
    [20_000, { event: 'Witnessed', count: 8, witnessedAt: 20_000 * 86_400 + 43_200 }],
  ])
  const on = (day: number) => (noted.has(day) ? mined(noted.get(day)!) : undefined)
  const after = { classicalUntilMs, nowMs: classicalUntilMs }

  it('needs no witness before the end of trust', () => {
    expect(witnessedBefore({ ...after, nowMs: classicalUntilMs - 1, anchorSeq: 99 }, on)).toBe(0)
  })

  it('is told by the last note before that end, which counts it', () => {
    expect(witnessedBefore({ ...after, anchorSeq: 4 }, on)).toBe(19_998 * 86_400 + 60)
  })

  it('is not known when only a later note counts it, or none', () => {
    expect(witnessedBefore({ ...after, anchorSeq: 5 }, on)).toBeUndefined()
    expect(witnessedBefore({ ...after, anchorSeq: 0 }, () => undefined)).toBeUndefined()
  })
})

function mined(result: Record<string, string | number>): Transaction {
  const receipt = { key: '', hash: WORD, blockNumber: 1, gasUsed: 1, ok: true, what: '', result }
  return { intent: { key: '', to: AGREEMENT, what: '' }, status: 'finalized', attempts: [], mined: receipt }
}

// A header is all that these rules read of an envelope.
function headerOf(seq: number, previous: Uint8Array, baseMonotonicMs: number): Uint8Array {
  const zero = new Uint8Array(32)
  return encodeHeader({
    ...{ version: 1, suite: 1, flags: 0, mask: 1, chainId: 31_337, agreement: AGREEMENT, leg: 1, seq },
    ...{ bootId: zero.subarray(0, 16), baseMonotonicMs, baseUtcMs: 0, clockState: 1, count: 1 },
    ...{ bodyHash: zero, previous },
  })
}
