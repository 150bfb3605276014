// Which limits the readings of a leg broke, as the chain will judge it: the rule of version 1 (docs/formats.md, Terms).
import { concat, type Hex, numberToHex } from 'viem'
import { type Sample, samplesOf } from './disclosures.ts'
import { type Envelope, tagged } from './formats.ts'
import type { Limit } from './terms.ts'

/** `first`: first reading outside; the proof is envelopes `fromSeq` to `toSeq`. `extent`: worst value, or milliseconds outside. */
export type Violation = {
  caseId: Hex
  limit: Limit
  leg: number
  first: Sample
  fromSeq: number
  toSeq: number
  extent: number
}

/** One per excursion; one per leg for cumulative limits. */
export function violationsOf(
  agreement: Hex,
  leg: number,
  envelopes: Envelope[],
  limits: Limit[],
): Violation[] {
  return limits.flatMap((limit) => {
    const samples = samplesOf(envelopes, limit)
    const found = limit.kind === 'limit.cumulative' ? cumulative(samples, limit) : excursions(samples, limit)
    return found.map(({ start, ...violation }) => ({
      ...violation,
      ...{ limit, leg, caseId: caseId(agreement, leg, limit.limitId, start) },
    }))
  })
}

type Found = Omit<Violation, 'caseId' | 'limit' | 'leg'> & { start: { seq: number; index: number } }

function excursions(samples: Sample[], limit: Limit): Found[] {
  const found: Found[] = []
  let at = 0
  while (at < samples.length) {
    const first = samples[at]!
    if (!isOutside(limit, first.value)) {
      at++
      continue
    }
    let end = at
    while (end < samples.length && isOutside(limit, samples[end]!.value)) end++
    // From the reading inside before it to the one after it, as far as there are such.
    const shown = samples.slice(Math.max(0, at - 1), end + 1)
    const extent =
      limit.kind === 'limit.single' ? countedMs(shown, limit) : worstOf(samples.slice(at, end), limit)
    if (limit.kind !== 'limit.single' || extent >= limit.durationMs!) {
      const fromSeq = at === 0 ? 0 : shown[0]!.seq
      found.push({ start: first, first, fromSeq, toSeq: shown.at(-1)!.seq, extent })
    }
    at = end
  }
  return found
}

function cumulative(samples: Sample[], limit: Limit): Found[] {
  const extent = countedMs(samples, limit)
  const first = samples.find(({ value }) => isOutside(limit, value))
  if (!first || extent < limit.durationMs!) return []
  const start = { seq: 0xffffffff, index: 0xffff }
  return [{ start, first, fromSeq: samples[0]!.seq, toSeq: samples.at(-1)!.seq, extent }]
}

/** The sum of what counts between each two samples: nothing across a restart or a gap. */
function countedMs(samples: Sample[], limit: Limit): number {
  return samples.slice(1).reduce((sum, b, i) => {
    const a = samples[i]!
    const elapsedMs = b.timeMs - a.timeMs
    if (a.bootId !== b.bootId || elapsedMs < 0 || elapsedMs > limit.gapMsMax!) return sum
    const [wasOut, isOut] = [isOutside(limit, a.value), isOutside(limit, b.value)]
    if (limit.between === 'hold') return sum + (wasOut ? elapsedMs : 0)
    if (limit.between === 'worstCase') return sum + (wasOut || isOut ? elapsedMs : 0)
    if (wasOut && isOut) return sum + elapsedMs
    if (!wasOut && !isOut) return sum
    const outside = BigInt(Math.abs((wasOut ? a : b).value - limit.bound))
    return sum + Number((BigInt(elapsedMs) * outside) / BigInt(Math.abs(b.value - a.value)))
  }, 0)
}

const isOutside = ({ side, bound }: Limit, value: number): boolean =>
  side === 'above' ? value > bound : value < bound

function worstOf(samples: Sample[], { side }: Limit): number {
  const values = samples.map(({ value }) => value)
  return side === 'above' ? Math.max(...values) : Math.min(...values)
}

function caseId(agreement: Hex, leg: number, limitId: number, start: { seq: number; index: number }): Hex {
  const place = [numberToHex(leg, { size: 4 }), numberToHex(limitId, { size: 2 })]
  const began = [numberToHex(start.seq, { size: 4 }), numberToHex(start.index, { size: 2 })]
  return tagged('consign.case', concat([agreement, ...place, ...began])).digest
}
