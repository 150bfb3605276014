import { Refusal } from '@consign/envelope'

/** The log cannot be reached or does not answer; what was under way may or may not be stored. Repeating the call is safe. */
export function unavailable(doing: string, cause?: unknown): Refusal {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new Refusal('log.unavailable', `${doing}: NATS does not answer${why}; it is safe to try again`, {
    cause,
    retry: true,
  })
}

export function conflict(subject: string, expectedSeq: number): Refusal {
  return new Refusal(
    'log.conflict',
    `${subject} has moved on from position ${expectedSeq}: load it again and decide again`,
    { retry: true },
  )
}
