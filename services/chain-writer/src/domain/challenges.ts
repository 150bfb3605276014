/** What must be answered on chain before its time is over: a contest of a case, or a claim of silence. Pure. */
import type { Hex } from 'viem'
import type { CallName } from './calls.ts'

/**
 * `contest`: the accused doubts a case, which a seal or an anchor answers; `claim`: an envelope is said never to have come, which it refutes.
 * `answerableUntilS` in seconds since 1970, as the chain counts.
 */
export type Challenge = { kind: 'contest' | 'claim'; agreement: Hex; caseId: Hex; answerableUntilS: number }

/** Which envelope it is about: number `seq` of `leg`, with this digest. A claim says that none came after it. */
export type Doubted = { leg: number; seq: number; evidence: Hex }

/** Contract's CaseState. */
const PROVEN = 1
const CONTESTED = 2
const UPHELD = 3
const CLAIMED = 4
const VOID = 5

/** How it stands by the state of its case; `unknown`: the block that said so was reorganised away, or the node lags behind it. */
export function outcomeOf(kind: Challenge['kind'], state: number): 'open' | 'answered' | 'lost' | 'unknown' {
  if (kind === 'contest') {
    if (state === UPHELD) return 'answered'
    if (state === VOID) return 'lost'
    return state === CONTESTED ? 'open' : 'unknown'
  }
  if (state === VOID) return 'answered'
  if (state === PROVEN || state === CONTESTED || state === UPHELD) return 'lost'
  return state === CLAIMED ? 'open' : 'unknown'
}

/** What the answer is called for ever: one challenge has one answer. */
export function answerName({ kind, agreement, caseId, answerableUntilS }: Challenge): CallName {
  const at = `${caseId}:${answerableUntilS}`
  if (kind === 'contest') return { key: `answer:${at}`, what: 'answer the contest of a case', agreement }
  return { key: `refute:${at}`, what: 'refute a claim of silence', agreement }
}

/** What people are told about one. */
export const WORDS = {
  contest: {
    open: 'a case is contested',
    missing: 'neither a seal nor an anchor covers its envelope',
    unanswered: 'a contest has no answer yet',
    answers: 'a contest is answered by',
    refused: 'the answer to a contest was refused',
    reverted: 'the answer to a contest reverted in',
    answered: 'a case is upheld',
    late: 'a contest was not answered in time',
  },
  claim: {
    open: 'a leg is claimed to be silent',
    missing: 'the next envelope is not here, and the leg has not ended before it',
    unanswered: 'a claim of silence is not refuted',
    answers: 'a claim of silence is refuted by',
    refused: 'the refutation of a claim of silence was refused',
    reverted: 'the refutation of a claim of silence reverted in',
    answered: 'a claim of silence is refuted',
    late: 'a claim of silence stands',
  },
} as const satisfies Record<Challenge['kind'], Record<string, string>>
