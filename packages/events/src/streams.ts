export type StreamName = 'LOG' | 'PARKED' | 'QUARANTINE' | 'FEED'

/** What a stream is, apart from storage (file) and replicas (configuration of the deployment). */
export type StreamDefinition = {
  name: StreamName
  description: string
  subjects: readonly string[]
  /** A message with an id seen within this time is not stored again. */
  duplicateWindowMs: number
  denyPurge: boolean
  republish?: { src: string; dest: string }
}

/** Long enough for a client to reconnect and resend; beyond it (leg, seq) and event ids are what makes a repeat harmless. */
const DUPLICATE_WINDOW_MS = 2 * 60_000

/**
 * The four streams (docs/formats.md, Subjects). No stream has a limit of age or size: nothing that counts goes away by itself.
 *
 * LOG refuses a purge, but not the deletion of a single message. `deny_delete` could never be undone, and an operator must be able to
 * remove a message that a law orders removed; what protects the log is that no service asks for it and that a missing message is
 * found: envelopes are hash-linked and anchored, so a verifier sees the hole.
 */
export const STREAMS: Readonly<Record<StreamName, StreamDefinition>> = {
  LOG: {
    name: 'LOG',
    description: 'One total order of everything that counts; never deleted',
    subjects: [
      'envelope.*.*',
      'device.*.*',
      'custody.*',
      'penalty.*',
      'settlement.*',
      'rating.*.*',
      'chain.*',
    ],
    duplicateWindowMs: DUPLICATE_WINDOW_MS,
    denyPurge: true,
  },
  PARKED: {
    name: 'PARKED',
    description: 'Authentic or not yet checkable, until the missing record comes; removed one by one',
    subjects: ['parked.*.*'],
    duplicateWindowMs: DUPLICATE_WINDOW_MS,
    denyPurge: false,
  },
  QUARANTINE: {
    name: 'QUARANTINE',
    description: 'Refused bytes and why; dead letters of consumers',
    subjects: ['quarantine.*'],
    duplicateWindowMs: DUPLICATE_WINDOW_MS,
    denyPurge: false,
  },
  FEED: {
    name: 'FEED',
    description:
      'What each party sees; republished to partner.…, where the header Nats-Sequence is the cursor',
    subjects: ['feed.>'],
    duplicateWindowMs: DUPLICATE_WINDOW_MS,
    denyPurge: false,
    republish: { src: 'feed.>', dest: 'partner.>' },
  },
}

const STREAM_BY_FIRST_TOKEN: ReadonlyMap<string, StreamName> = new Map(
  Object.values(STREAMS).flatMap((stream) =>
    stream.subjects.map((subject) => [subject.split('.', 1)[0] ?? '', stream.name] as const),
  ),
)

/** The stream that holds a subject. Throws TypeError when none does. */
export function streamOf(subject: string): StreamName {
  const stream = STREAM_BY_FIRST_TOKEN.get(subject.split('.', 1)[0] ?? '')
  if (stream === undefined) throw new TypeError(`no stream holds the subject ${subject}`)
  return stream
}
