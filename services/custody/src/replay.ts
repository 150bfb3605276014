import { Refusal } from '@consign/envelope'
import type { EventLog } from '@consign/eventlog'
import type { Hex } from '@consign/events'
import { z } from 'zod'

// × about 25 KiB for the largest event = 12 MiB in flight to one partner at most; it asks again from `next`.
export const REPLAY_MESSAGES_MAX = 500

/** A message of the feed as the party would have seen it live: the cursor is the header Nats-Sequence. */
export type Replayed = { data: Uint8Array; headers: { 'Nats-Sequence': string; 'Nats-Subject': string } }

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
  const last = await log.lastSeq('FEED')
  let [sent, next] = [0, last + 1]
  for await (const { seq, subject, data } of log.readStream('FEED', [`feed.${address}.>`], {
    from,
    to: last,
  })) {
    if (sent === REPLAY_MESSAGES_MAX) return { ok: true, from, next: seq, sent, done: false }
    const partnerSubject = subject.replace(/^feed\./, 'partner.')
    send({ data, headers: { 'Nats-Sequence': String(seq), 'Nats-Subject': partnerSubject } })
    sent += 1
  }
  next = Math.max(next, from)
  return { ok: true, from, next, sent, done: true }
}
