import { Refusal } from '@consign/envelope'
import { type Hex, QUARANTINE_HEADERS, subjects } from '@consign/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ConsumeOptions,
  type EventLog,
  execute,
  type NewEvent,
  type Recorded,
  replayTo,
} from '../src/index.ts'
import { type Count, counting, delivered } from './sample-events.ts'

/** What every event log must do. Each test has agreements and consumer names of its own, so that one log serves all. */
export function eventLogContract(
  name: string,
  open: () => Promise<{ log: EventLog; close(): Promise<void> }>,
) {
  describe(name, () => {
    let log: EventLog
    let close: () => Promise<void>
    beforeAll(async () => {
      ;({ log, close } = await open())
    })
    afterAll(() => close())
    appending(() => log)
    publishing(() => log)
    reading(() => log)
    consuming(() => log)
    deciding(() => log)
  })
}

let serial = 0
/** An address that no other test has. */
export function freshAddress(): Hex {
  return `0x${(++serial).toString(16).padStart(40, '0')}`
}
const freshName = () => `consumer-${++serial}`
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (message: Recorded) => new TextDecoder().decode(message.data)

export async function all(messages: AsyncIterable<Recorded>): Promise<Recorded[]> {
  const read = []
  for await (const message of messages) read.push(message)
  return read
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error) => (error instanceof Refusal ? `${error.code} retry=${error.retry}` : String(error)),
  )
}

/** Envelopes with these texts, in order. */
async function publishAll(log: EventLog, subject: string, texts: readonly string[]): Promise<number[]> {
  const stored = await Promise.all(
    texts.map((each) => log.publish(subject, bytes(each), { msgId: `${subject}/${each}` })),
  )
  return stored.map(({ seq }) => seq)
}

/** Consumes until `count` messages were handled. */
async function consumeSome(
  log: EventLog,
  count: number,
  options: Pick<ConsumeOptions, 'name' | 'filters'> & Partial<ConsumeOptions>,
): Promise<string[]> {
  const end = new AbortController()
  const handled: string[] = []
  await log.consume({
    ...options,
    signal: end.signal,
    handle: async (message) => {
      await options.handle?.(message)
      handled.push(text(message))
      if (handled.length === count) end.abort()
    },
  })
  return handled
}

function appending(log: () => EventLog) {
  test('appends events and says where the last one stands', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const first = await log().append(subject, [delivered(agreement, 1)], { expectedSeq: 0 })
    const batch = [delivered(agreement, 2), delivered(agreement, 3)]
    const second = await log().append(subject, batch, { expectedSeq: first.lastSeq })
    const stored = await all(log().read([subject]))
    expect(stored.map(({ seq }) => seq)).toEqual([first.lastSeq, second.lastSeq - 1, second.lastSeq])
    expect(stored.map((message) => JSON.parse(text(message)).data.leg)).toEqual([1, 2, 3])
    expect((await log().last(subject))?.seq).toBe(second.lastSeq)
  })

  test('refuses to append when the subject has moved on, and stores nothing of the batch', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const { lastSeq } = await log().append(subject, [delivered(agreement, 1)], { expectedSeq: 0 })
    const late = [delivered(agreement, 2), delivered(agreement, 3)]
    expect(await codeOf(log().append(subject, late, { expectedSeq: 0 }))).toBe('log.conflict retry=true')
    const one = [delivered(agreement, 4)]
    expect(await codeOf(log().append(subject, one, { expectedSeq: lastSeq + 1 }))).toBe(
      'log.conflict retry=true',
    )
    expect(await all(log().read([subject]))).toHaveLength(1)
  })

  test('lets exactly one of many concurrent writers win', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const writes = Array.from({ length: 10 }, (_, i) =>
      codeOf(log().append(subject, [delivered(agreement, i), delivered(agreement, i)], { expectedSeq: 0 })),
    )
    const outcomes = await Promise.all(writes)
    expect(outcomes.filter((outcome) => outcome === 'resolved')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'log.conflict retry=true')).toHaveLength(9)
    expect(await all(log().read([subject]))).toHaveLength(2)
  })

  test('takes a repeated append of the same events for the first one', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const batch = [delivered(agreement, 1), delivered(agreement, 2)]
    const first = await log().append(subject, batch, { expectedSeq: 0 })
    expect(await log().append(subject, batch, { expectedSeq: 0 })).toEqual(first)
    const single = [delivered(agreement, 3)]
    const second = await log().append(subject, single, { expectedSeq: first.lastSeq })
    expect(await log().append(subject, single, { expectedSeq: first.lastSeq })).toEqual(second)
    expect(await all(log().read([subject]))).toHaveLength(3)
  })

  test('appends to any position when asked to', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    await log().append(subject, [delivered(agreement, 1)], { expectedSeq: 'any' })
    const batch = [delivered(agreement, 2), delivered(agreement, 3)]
    const { lastSeq } = await log().append(subject, batch, { expectedSeq: 'any' })
    expect((await all(log().read([subject]))).at(-1)?.seq).toBe(lastSeq)
  })

  test('stores 1000 events at once and refuses 1001', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const events = Array.from({ length: 1001 }, (_, i) => delivered(agreement, i))
    expect(await codeOf(log().append(subject, events, { expectedSeq: 0 }))).toBe('log.batch retry=false')
    expect(await all(log().read([subject]))).toHaveLength(0)
    await log().append(subject, events.slice(1), { expectedSeq: 0 })
    expect(await all(log().read([subject]))).toHaveLength(1000)
  })

  test('refuses events that are not as declared, and stores nothing', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const wrong: NewEvent = { ...delivered(agreement, 1), data: { agreement } }
    const unknown: NewEvent = { ...delivered(agreement, 1), type: 'custody.vanished.v1' }
    const append = (event: NewEvent) =>
      codeOf(log().append(subject, [delivered(agreement, 0), event], { expectedSeq: 0 }))
    expect(await append(wrong)).toBe('event.schema retry=false')
    expect(await append(unknown)).toBe('event.unknown retry=false')
    expect(await log().last(subject)).toBeUndefined()
  })
}

function publishing(log: () => EventLog) {
  test('stores bytes once for each id', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const msgId = `id-${subject}`
    const first = await log().publish(subject, bytes('a'), { msgId })
    const again = await log().publish(subject, bytes('a'), { msgId })
    expect(first.duplicate).toBe(false)
    expect(again).toEqual({ seq: first.seq, duplicate: true })
    expect(await all(log().read([subject]))).toHaveLength(1)
  })

  test('stores overlapping publishes in call order, more than fit in flight', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const texts = Array.from({ length: 3000 }, (_, i) => String(i))
    const seqs = await publishAll(log(), subject, texts)
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    expect((await all(log().read([subject]))).map(text)).toEqual(texts)
  })

  test('keeps headers and bytes as they were', async () => {
    const subject = subjects.quarantine('d'.repeat(64))
    const data = Uint8Array.from({ length: 256 }, (_, i) => i)
    const headers = { 'Consign-Code': 'envelope.length', 'Consign-Reason': 'too long: cut it' }
    await log().publish(subject, data, { msgId: 'headers', headers })
    const stored = await log().last(subject)
    expect(stored?.headers).toEqual(headers)
    expect(stored && [...stored.data]).toEqual([...data])
    expect(stored?.timeMs).toBeGreaterThan(1.7e12)
  })
}

function reading(log: () => EventLog) {
  test('reads several subjects as one stream, in order, each message once', async () => {
    const [a, b] = [freshAddress(), freshAddress()]
    for (let i = 0; i < 40; i++) {
      await publishAll(log(), subjects.envelope(i % 3 ? a : b, i % 2), [`e${i}`])
      if (i % 5 === 0) await log().append(subjects.custody(a), [delivered(a, i)], { expectedSeq: 'any' })
    }
    const filters = [
      subjects.envelope(a, '*'),
      subjects.envelope(a, 0),
      subjects.custody(a),
      subjects.envelope(b, 1),
    ]
    const seqs = (await all(log().read(filters))).map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].toSorted((x, y) => x - y))
    expect(seqs).toHaveLength(26 + 8 + 7)
  })

  test('reads from and to a position, both inclusive', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const seqs = await publishAll(log(), subject, ['a', 'b', 'c', 'd', 'e'])
    const read = async (from: number | undefined, to: number | undefined) =>
      (await all(log().read([subject], { ...(from && { from }), ...(to && { to }) }))).map(text).join('')
    expect(await read(seqs[1], seqs[3])).toBe('bcd')
    expect(await read(seqs[3], undefined)).toBe('de')
    expect(await read(undefined, seqs[0])).toBe('a')
    expect(await read((seqs[4] ?? 0) + 1, undefined)).toBe('')
  })

  test('reads more than one page, and stops early without harm', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const texts = Array.from({ length: 700 }, (_, i) => String(i))
    await publishAll(log(), subject, texts)
    expect((await all(log().read([subject]))).map(text)).toEqual(texts)
    for await (const message of log().read([subject])) {
      expect(text(message)).toBe('0')
      break
    }
  })

  test('removes single messages, also twice', async () => {
    const subject = subjects.parked(freshAddress(), 3)
    const seqs = await publishAll(log(), subject, ['a', 'b', 'c'])
    await log().remove('PARKED', seqs[1] ?? 0)
    await log().remove('PARKED', seqs[1] ?? 0)
    expect((await all(log().readStream('PARKED', [subject]))).map(text)).toEqual(['a', 'c'])
    expect(await log().lastSeq('PARKED')).toBeGreaterThanOrEqual(seqs[2] ?? 0)
  })

  test('rebuilds what was known at a position', async () => {
    const agreement = freshAddress()
    const [seqA] = await publishAll(log(), subjects.envelope(agreement, 0), ['a'])
    await publishAll(log(), subjects.envelope(agreement, 1), ['b'])
    const known = (to: number) =>
      replayTo(log(), [subjects.envelope(agreement, '*')], to, '', (state, message) => state + text(message))
    expect(await known(seqA ?? 0)).toBe('a')
    expect(await known(await log().lastSeq())).toBe('ab')
  })
}

function consuming(log: () => EventLog) {
  test('handles messages in stream order, those stored before and those that come', async () => {
    const [a, b] = [freshAddress(), freshAddress()]
    const filters = [subjects.envelope(a, '*'), subjects.envelope(b, 0)]
    await publishAll(log(), subjects.envelope(a, 0), ['1', '2'])
    const consumed = consumeSome(log(), 6, { name: freshName(), filters })
    await publishAll(log(), subjects.envelope(b, 0), ['3'])
    await publishAll(log(), subjects.envelope(a, 7), ['4'])
    await publishAll(log(), subjects.envelope(b, 1), ['not asked for'])
    await publishAll(log(), subjects.envelope(b, 0), ['5', '6'])
    expect(await consumed).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  test('goes on after a crash with the message that was not done, before any newer one', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const options = { name: freshName(), filters: [subject] }
    const texts = Array.from({ length: 300 }, (_, i) => String(i))
    await publishAll(log(), subject, texts)
    const handle = async (message: Recorded) => {
      if (text(message) === '5') throw new Error('a bug')
    }
    await expect(consumeSome(log(), 300, { ...options, handle })).rejects.toThrow('a bug')
    await publishAll(log(), subject, ['newer'])
    expect(await consumeSome(log(), 296, options)).toEqual([...texts.slice(5), 'newer'])
  })

  test('resumes after a clean stop behind what it has handled', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const options = { name: freshName(), filters: [subject] }
    await publishAll(log(), subject, ['a', 'b', 'c', 'd'])
    expect(await consumeSome(log(), 3, options)).toEqual(['a', 'b', 'c'])
    expect(await consumeSome(log(), 1, options)).toEqual(['d'])
  })

  test('gives each consumer its own position', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    await publishAll(log(), subject, ['a', 'b'])
    expect(await consumeSome(log(), 2, { name: freshName(), filters: [subject] })).toEqual(['a', 'b'])
    expect(await consumeSome(log(), 2, { name: freshName(), filters: [subject] })).toEqual(['a', 'b'])
  })

  test('tries a transient refusal again in place, and keeps the order', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    await publishAll(log(), subject, ['a', 'b', 'c'])
    const tries: string[] = []
    const retries: number[] = []
    const handle = async (message: Recorded) => {
      tries.push(text(message))
      if (tries.length < 4 && text(message) === 'b') throw new Refusal('chain.away', 'later', { retry: true })
    }
    const onRetry = (_: Recorded, _error: Error, delayMs: number) => void retries.push(delayMs)
    await consumeSome(log(), 3, { name: freshName(), filters: [subject], handle, onRetry })
    expect(tries).toEqual(['a', 'b', 'b', 'b', 'c'])
    expect(retries[1]).toBeGreaterThan(retries[0] ?? Number.POSITIVE_INFINITY)
  })

  test('keeps a message that was being retried when it was stopped', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const options = { name: freshName(), filters: [subject] }
    await publishAll(log(), subject, ['a', 'b'])
    const end = new AbortController()
    const handle = async () => {
      throw new Refusal('chain.away', 'later', { retry: true })
    }
    await log().consume({ ...options, handle, signal: end.signal, onRetry: () => end.abort() })
    expect(await consumeSome(log(), 2, options)).toEqual(['a', 'b'])
  })

  test('puts what it can never use into quarantine, with the reason, and goes on', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    const name = freshName()
    const seqs = await publishAll(log(), subject, ['a', 'bad', 'c'])
    const handle = async (message: Recorded) => {
      if (text(message) === 'bad') throw new Refusal('envelope.length', 'ends early: send it whole — naïve')
    }
    expect(await consumeSome(log(), 2, { name, filters: [subject], handle })).toEqual(['a', 'c'])
    const letters = await all(log().readStream('QUARANTINE', [subjects.quarantine(name)]))
    expect(letters.map(text)).toEqual(['bad'])
    expect(letters[0]?.headers).toEqual({
      [QUARANTINE_HEADERS.code]: 'envelope.length',
      [QUARANTINE_HEADERS.reason]: 'ends early: send it whole na ve',
      [QUARANTINE_HEADERS.consumer]: name,
      [QUARANTINE_HEADERS.stream]: 'LOG',
      [QUARANTINE_HEADERS.seq]: String(seqs[1]),
      [QUARANTINE_HEADERS.subject]: subject,
    })
  })

  test('tells how many messages are left', async () => {
    const subject = subjects.envelope(freshAddress(), 0)
    await publishAll(log(), subject, ['a', 'b', 'c'])
    const lags: number[] = []
    const onLag = (messages: number) => void lags.push(messages)
    await consumeSome(log(), 3, { name: freshName(), filters: [subject], onLag })
    expect(lags).toEqual([2, 1, 0])
  })

  test('consumes another stream than LOG', async () => {
    const subject = subjects.parked(freshAddress(), 0)
    await publishAll(log(), subject, ['a'])
    expect(await consumeSome(log(), 1, { name: freshName(), stream: 'PARKED', filters: [subject] })).toEqual([
      'a',
    ])
  })
}

function deciding(log: () => EventLog) {
  const stampFrom = (prefix: string) => {
    let count = 0
    return () => ({ id: `${prefix}-${++count}`, time: 1_000 + count })
  }

  test('executes a command: loads, decides, appends, with stamps and links', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const stamp = stampFrom(agreement)
    const command: Count = { agreement, by: 2 }
    const events = await execute(log(), counting, subject, command, { stamp, correlation: 'c-1' })
    expect(events.map(({ id, time, correlation }) => [id, time, correlation])).toEqual([
      [`${agreement}-1`, 1_001, 'c-1'],
      [`${agreement}-2`, 1_002, 'c-1'],
    ])
    expect((await all(log().read([subject]))).map((message) => JSON.parse(text(message)))).toEqual(events)
    expect(await execute(log(), counting, subject, { agreement, by: 0 }, { stamp })).toEqual([])
  })

  test('decides again on what another writer has added meanwhile', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const stamp = stampFrom(agreement)
    const commands = Array.from({ length: 8 }, () =>
      execute(log(), counting, subject, { agreement, by: 1 }, { stamp }),
    )
    await Promise.all(commands)
    const legs = (await all(log().read([subject]))).map((message) => JSON.parse(text(message)).data.leg)
    expect(legs).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('sees events that others appended since its last command', async () => {
    const agreement = freshAddress()
    const subject = subjects.custody(agreement)
    const stamp = stampFrom(agreement)
    await execute(log(), counting, subject, { agreement, by: 1 }, { stamp })
    await log().append(subject, [delivered(agreement, 1)], { expectedSeq: 'any' })
    const [event] = await execute(log(), counting, subject, { agreement, by: 1 }, { stamp })
    expect(event?.data).toMatchObject({ leg: 2 })
  })
}
