/** Which envelopes the calls of an event show. Pure. */
import { isDelegated } from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { Hex } from '@consign/events'
import { tender } from '@consign/terms'
import { type Agreement, termsOf } from './agreements.ts'
import type { CallEvent } from './calls.ts'
import { type ChargedCase, clauseOf } from './proofs.ts'
import { checkRun, type RunRange } from './run.ts'

/**
 * Envelopes of one leg. `fork`: the two that the device signed under `fromSeq`; `digest`: the one of `fromSeq` that has it; else fromSeq to toSeq, each
 * linked to the next.
 */
export type Span = RunRange & { leg: number; fork?: true; digest?: Hex }

/** In the order in which callsOf takes them. Throws a Refusal when no transaction can show them. */
export function spansOf(event: CallEvent, known: Agreement): Span[] {
  if (event.type === 'custody.offered.v1') {
    const { leg, m } = event.data
    return [{ leg, fromSeq: m - 1, toSeq: m - 1 }]
  }
  if (event.type === 'custody.transferred.v1') {
    const { leg, n, head, accept } = event.data
    return n > 0 && isDelegated(accept) ? [{ leg, fromSeq: n - 1, toSeq: n - 1, digest: head }] : []
  }
  if (event.type !== 'penalty.violation.charged.v1') return []
  const spans = proofSpans(event.data, known)
  for (const span of spans) checkRun(span)
  return spans
}

/** Whether an event can have no call at all: an offer under terms that know no destination, or before anything was packed. */
export function isSilent(event: CallEvent, known: Agreement): boolean {
  if (event.type !== 'custody.offered.v1') return false
  return event.data.m === 0 || known.terms === undefined || tender(known.terms) === undefined
}

function proofSpans(charged: ChargedCase, known: Agreement): Span[] {
  const { leg, startSeq, runFromSeq, runToSeq } = charged
  const clause = clauseOf(termsOf(known), charged)
  if (clause.kind === 'tamper') return [{ leg, fromSeq: startSeq, toSeq: startSeq, fork: true }]
  if (clause.kind === 'silence') {
    // Envelopes that never came cannot be shown: their absence is claimed, against a bond, by whoever has one to put up.
    if (runToSeq !== startSeq + 1)
      throw new Refusal(
        'violation.claim',
        `silence after envelope ${startSeq} has no end to show: claim it against a bond (consign agreement claim-silence)`,
      )
    return [{ leg, fromSeq: startSeq, toSeq: runToSeq }]
  }
  const shown = { leg, fromSeq: runFromSeq, toSeq: runToSeq }
  if (clause.kind !== 'deadline' || leg === 0) return [shown]
  const n = known.ends.get(leg - 1)
  if (!n) throw new Refusal('violation.before', `leg ${leg - 1} shows no envelope before the deadline`)
  return [{ leg: leg - 1, fromSeq: n - 1, toSeq: n - 1 }, shown]
}
