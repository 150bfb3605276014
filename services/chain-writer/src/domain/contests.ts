/**
 * Contested cases, and what answers them: the smallest seal of the leg that reaches the case's envelope, else an anchor of this writer that is
 * known to be older than the end of trust in classical signatures. Pure.
 */
import type { Transaction } from '@consign/chain'
import { decodeHeader, envelopeDigest, Refusal } from '@consign/envelope'
import type { ConsignEvent, EventOf } from '@consign/events'
import { bytesToHex, type Hex } from 'viem'
import type { Anchor } from './anchor-policy.ts'
import { anchorOf } from './calls.ts'
import type { Doubted } from './challenges.ts'

const HEADER_BYTES = 144
const DAY_MS = 86_400_000
/** A root is witnessed once a day while there is anything to anchor: the last one before a date is looked for in the ten years before it. */
const WITNESS_DAYS_MAX = 3_660

export type Sealed = EventOf<'custody.sealed.v1'>

/** The smallest seal of the leg that reaches the envelope; undefined when there is none yet. */
export function smallestSeal(
  events: Iterable<ConsignEvent>,
  { leg, seq }: Pick<Doubted, 'leg' | 'seq'>,
): Sealed | undefined {
  let smallest: Sealed | undefined
  for (const event of events) {
    if (event.type !== 'custody.sealed.v1' || event.data.leg !== leg || event.data.n <= seq) continue
    if (smallest === undefined || event.data.n < smallest.data.n) smallest = event
  }
  return smallest
}

/** Digest and predecessor of each envelope of a leg, by digest; of its wire only the header is looked at. */
export class LegHeaders {
  readonly #previous = new Map<Hex, { digest: Uint8Array; previous: Hex }>()

  add(wire: Uint8Array): void {
    const header = wire.subarray(0, HEADER_BYTES)
    const digest = envelopeDigest(header)
    this.#previous.set(bytesToHex(digest), { digest, previous: bytesToHex(decodeHeader(header).previous) })
  }

  /** Digests of the `n` envelopes that end with `head`, from 0: of a leg that forked, those of one branch. Throws Refusal 'contest.gap'. */
  upTo({ n, head }: { n: number; head: Hex }): Uint8Array[] {
    const digests: Uint8Array[] = []
    for (let name = head; digests.length < n; ) {
      const one = this.#previous.get(name)
      if (one === undefined)
        throw new Refusal(
          'contest.gap',
          `envelope ${n - 1 - digests.length} under the seal is not in the log: the seal cannot answer`,
          { retry: true },
        )
      digests.push(one.digest)
      name = one.previous
    }
    return digests.reverse()
  }
}

/** The first anchor in a block that holds leaf `index`; `anchorAt` gives the transaction of an anchor by its number. */
export function coveringAnchor(
  index: number,
  anchorAt: (seq: number) => Transaction | undefined,
): Anchor | undefined {
  for (let seq = 0; ; seq++) {
    const transaction = anchorAt(seq)
    if (transaction?.mined?.ok !== true) return undefined
    const anchor = anchorOf(transaction)
    if (anchor.size > index) return anchor
  }
}

/**
 * When, before `classicalUntilMs`, it was last noted that the log of anchors held more than `anchorSeq`, in seconds since 1970; 0 before that
 * time, when nothing needs to be noted; undefined when it never was. `witnessOn` gives the transaction of a day since 1970.
 */
export function witnessedBefore(
  at: { anchorSeq: number; classicalUntilMs: number; nowMs: number },
  witnessOn: (day: number) => Transaction | undefined,
): number | undefined {
  if (at.nowMs < at.classicalUntilMs) return 0
  const last = Math.floor(at.classicalUntilMs / DAY_MS)
  for (let day = last; day > last - WITNESS_DAYS_MAX; day--) {
    const { count, witnessedAt } = witnessOn(day)?.mined?.result ?? {}
    if (typeof count !== 'number' || typeof witnessedAt !== 'number') continue
    if (witnessedAt * 1000 < at.classicalUntilMs) return count > at.anchorSeq ? witnessedAt : undefined
  }
  return undefined
}
