/** The calls that may answer a contest, made from the log and the journal; the best one comes first. */
import {
  type AgreementCall,
  anchorAnswerArguments,
  sealAnswerArguments,
  type TxJournal,
} from '@consign/chain'
import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import { type Hex, parseEvent, subjects } from '@consign/events'
import { general } from '@consign/terms'
import { type Agreement, keysOf, termsOf } from './domain/agreements.ts'
import type { Challenge, Doubted } from './domain/challenges.ts'
import { coveringAnchor, LegHeaders, type Sealed, smallestSeal, witnessedBefore } from './domain/contests.ts'
import type { Notary } from './notary.ts'

export type AnswerSources = { log: EventLog; journal: TxJournal; notary: Notary }

/** `by` for people; a call that the chain does not accept leaves the next one. */
export type Answer = { by: string; call: AgreementCall }

/**
 * By the smallest seal that reaches the envelope, first as one that the chain knows already, which saves the check of its signature; then by
 * the first anchor over it. Each is made when it is asked for. Throws a Refusal when the seal cannot be shown and there is no anchor.
 * `nowMs`: time of the chain.
 */
export async function* answersTo(
  contest: Challenge,
  doubted: Doubted,
  sources: AnswerSources & { nowMs: number },
): AsyncGenerator<Answer> {
  const known = sources.notary.agreement(contest.agreement)
  let missing: Refusal | undefined
  const sealed = await sealAnswers(contest, doubted, { ...sources, known }).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error
    missing = error
    return []
  })
  yield* sealed
  const anchored = anchorAnswer(contest, doubted, { ...sources, known })
  if (anchored !== undefined) yield anchored
  else if (missing !== undefined) throw missing
}

async function sealAnswers(
  { agreement, caseId }: Challenge,
  { leg, seq }: Doubted,
  { log, known }: AnswerSources & { known: Agreement },
): Promise<Answer[]> {
  const sealed = await sealOf(log, agreement, { leg, seq })
  if (sealed === undefined) return []
  const headers = new LegHeaders()
  for await (const { data } of log.read([subjects.envelope(agreement, leg)])) headers.add(data)
  const { seal, n, head } = sealed.data
  const evidence = {
    terms: termsOf(known),
    keys: keysOf(known, leg),
    caseId,
    seal,
    seq,
    digests: headers.upTo({ n, head }),
  }
  return [true, false].map((sealKnown) => ({
    by: `the seal of ${n} envelopes${sealKnown ? ', which the chain knows' : ''}`,
    call: { functionName: 'answerWithSeal', args: sealAnswerArguments({ ...evidence, sealKnown }) },
  }))
}

async function sealOf(
  log: EventLog,
  agreement: Hex,
  at: { leg: number; seq: number },
): Promise<Sealed | undefined> {
  let smallest: Sealed | undefined
  for await (const { data } of log.read([subjects.custody(agreement)])) {
    const event = parseEvent(data)
    smallest = smallestSeal(smallest === undefined ? [event] : [smallest, event], at)
  }
  return smallest
}

// Only the anchors of the writer that the terms name count, and this service knows the leaves of its own alone.
function anchorAnswer(
  { caseId }: Challenge,
  { evidence }: Doubted,
  { journal, notary, known, nowMs }: AnswerSources & { known: Agreement; nowMs: number },
): Answer | undefined {
  const terms = termsOf(known)
  const { anchorWriter, classicalUntilMs } = general(terms)
  const index = notary.tree.indexOf(evidence)
  if (anchorWriter !== journal.address || index === undefined) return undefined
  const anchor = coveringAnchor(index, (seq) => journal.transaction(`anchor:${seq}`))
  if (anchor === undefined) return undefined
  const { seq: anchorSeq, size } = anchor
  const at = { anchorSeq, classicalUntilMs, nowMs }
  const witnessedAt = witnessedBefore(at, (day) => journal.transaction(`witness:${day}`))
  if (witnessedAt === undefined) return undefined
  const leaves = notary.tree.leaves(size)
  const args = anchorAnswerArguments({ terms, caseId, evidence, anchorSeq, leaves, size, witnessedAt })
  return { by: `anchor ${anchorSeq} of ${size} envelopes`, call: { functionName: 'answerWithAnchor', args } }
}
