import type { JetStreamManager } from '@nats-io/jetstream'
import { createInbox, type Msg, type NatsConnection } from '@nats-io/nats-core'
import type { ConnectionWatch } from './connection-watch.ts'
import type { Recorded } from './event-log.ts'
import { plainHeaders } from './recorded.ts'

// 256 × 25 KiB, the largest envelope, is about 6 MiB, twice (one page is read ahead); usual envelopes are below 2 KiB.
const PAGE_MESSAGES = 256
const PAGE_BYTES = 4 * 1024 * 1024
const ANSWER_MS_MAX = 5_000

type Connection = { nats: NatsConnection; jsm: JetStreamManager; watch: ConnectionWatch }
type Page = { messages: Recorded[]; more: boolean }
export type Reading = { stream: string; filter: string; from: number; to: number }

/**
 * Messages of one subject or wildcard in stream order, by batched direct get (ADR-31): no consumer is made, one round trip per page.
 * With replicas, a follower that lags may answer; so where it says "no more", the leader is asked once.
 */
export async function* readFiltered(
  connection: Connection,
  reading: Reading,
  replicated: boolean,
): AsyncGenerator<Recorded> {
  let from = Math.max(1, reading.from)
  let ahead: Promise<Page> | undefined
  while (from <= reading.to) {
    const page: Page = await (ahead ?? pageOf(connection, reading, from))
    const last = page.messages.at(-1)
    if (last !== undefined) from = last.seq + 1
    const more = page.more && from <= reading.to
    ahead = more ? pageOf(connection, reading, from) : undefined
    // A reader that stops early leaves the page ahead without anyone to hear of its failure.
    ahead?.catch(() => {})
    for (const message of page.messages) {
      if (message.seq > reading.to) return
      yield message
    }
    if (more) continue
    if (!replicated || from > reading.to) return
    const fromLeader = await nextOnLeader(connection, reading, from)
    if (fromLeader === undefined || fromLeader.seq > reading.to) return
    yield fromLeader
    from = fromLeader.seq + 1
  }
}

async function nextOnLeader(
  { jsm, watch }: Connection,
  reading: Reading,
  seq: number,
): Promise<Recorded | undefined> {
  const query = { seq, next_by_subj: reading.filter }
  const found = await watch.persistently(`reading ${reading.stream}`, () =>
    jsm.streams.getMessage(reading.stream, query),
  )
  if (found === null) return undefined
  return {
    seq: found.seq,
    subject: found.subject,
    data: found.data,
    headers: plainHeaders(found.header),
    timeMs: found.time.getTime(),
  }
}

function pageOf({ nats, watch }: Connection, reading: Reading, seq: number): Promise<Page> {
  return watch.persistently(`reading ${reading.stream}`, () => requestPage(nats, reading, seq))
}

function requestPage(nats: NatsConnection, reading: Reading, seq: number): Promise<Page> {
  return new Promise((resolve, reject) => {
    const messages: Recorded[] = []
    const inbox = createInbox()
    const finish = (outcome: () => void) => {
      clearTimeout(timer)
      subscription.unsubscribe()
      outcome()
    }
    const late = () => finish(() => reject(new Error(`no answer in ${ANSWER_MS_MAX} ms`)))
    const timer = setTimeout(late, ANSWER_MS_MAX)
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return finish(() => reject(error))
        const code = message.headers?.code ?? 0
        if (code === 0) {
          timer.refresh()
          messages.push(recordedOf(message))
          return
        }
        if (code === 404) return finish(() => resolve({ messages, more: false }))
        if (code === 204) {
          const more = Number(message.headers?.get('Nats-Num-Pending') ?? 0) > 0
          return finish(() => resolve({ messages, more: more && messages.length > 0 }))
        }
        finish(() => reject(new Error(`${code} ${message.headers?.description}`)))
      },
    })
    const request = { seq, next_by_subj: reading.filter, batch: PAGE_MESSAGES, max_bytes: PAGE_BYTES }
    nats.publish(`$JS.API.DIRECT.GET.${reading.stream}`, JSON.stringify(request), { reply: inbox })
  })
}

function recordedOf(message: Msg): Recorded {
  const headers = message.headers
  return {
    seq: Number(headers?.get('Nats-Sequence')),
    subject: headers?.get('Nats-Subject') ?? '',
    data: message.data,
    headers: plainHeaders(headers),
    timeMs: Date.parse(headers?.get('Nats-Time-Stamp') ?? ''),
  }
}

/** Joins readings that are each in stream order into one that is; a message that several filters match comes once. */
export async function* mergeInOrder(readings: AsyncGenerator<Recorded>[]): AsyncGenerator<Recorded> {
  try {
    const heads = await Promise.all(readings.map(async (reading) => (await reading.next()).value))
    let lastSeq = 0
    for (;;) {
      let at = -1
      for (let i = 0; i < heads.length; i++) {
        const head = heads[i]
        if (head && (at < 0 || head.seq < (heads[at]?.seq ?? 0))) at = i
      }
      const message = heads[at]
      if (!message) return
      if (message.seq > lastSeq) yield message
      lastSeq = message.seq
      heads[at] = (await readings[at]?.next())?.value
    }
  } finally {
    await Promise.all(readings.map((reading) => reading.return(undefined)))
  }
}
