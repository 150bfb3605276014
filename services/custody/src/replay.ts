import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import { z } from 'zod'

// What one answer may put into flight to one partner, whichever comes first; it asks again from `next`.
export const REPLAY_MESSAGES_MAX = 500
export const REPLAY_BYTES_MAX = 8 * 1024 * 1024

/** A message of the feed as the party would have seen it live: the cursor is the header Nats-Sequence. */
export type Replayed = { data: Uint8Array; headers: Record<string, string> }

/** `next`: cursor to go on from. `done`: nothing more was there. */
export type ReplayEnd = { ok: true; from: number; next: number; sent: number; done: boolean }

const request = z.strictObject({ from: z.int().min(1).default(1) })

/** What party `address` was shown from cursor `from` (included) on, to `send`, bounded. Throws Refusal `replay.from`. */
export async function replayFeed(
  log: EventLog,
  address: Hex,
  asked: unknown,
  send: (message: Replayed) => void,
): Promise<ReplayEnd> {
  const parsed = request.safeParse(asked)
  if (!parsed.success) throw new Refusal('replay.from', 'from must be a cursor: a whole number, at least 1')
  const { from } = parsed.data
  const to = await log.lastSeq('FEED')
  let [sent, bytes] = [0, 0]
  if (from > to) return { ok: true, from, next: from, sent, done: true }
  for await (const { seq, subject, data, headers } of log.readStream('FEED', [`feed.${address}.>`], {
    from,
    to,
  })) {
    const isFull = sent === REPLAY_MESSAGES_MAX || (sent > 0 && bytes + data.length > REPLAY_BYTES_MAX)
    if (isFull) return { ok: true, from, next: seq, sent, done: false }
    const partnerSubject = subject.replace(/^feed\./, 'partner.')
    send({ data, headers: { ...headers, 'Nats-Sequence': String(seq), 'Nats-Subject': partnerSubject } })
    sent += 1
    bytes += data.length
  }
  return { ok: true, from, next: to + 1, sent, done: true }
}
