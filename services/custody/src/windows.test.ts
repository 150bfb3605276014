import { Refusal } from '@consign/envelope'
import { type EventLog, memoryEventLog } from '@consign/eventlog'
import { type ConsignFact, type Hex, subjects } from '@consign/events'
import { general, windows } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { beforeEach, expect, test } from 'vitest'
import { closeWindows, readWindows } from './windows.ts'

const { terms } = sampleAgreement()
const { shipment } = general(terms)
const { disputeMs } = windows(terms)
const ONE: Hex = `0x${'a1'.repeat(20)}`
const TWO: Hex = `0x${'a2'.repeat(20)}`
const ZERO: Hex = `0x${'00'.repeat(32)}`
const signature = { ecdsa: '0x', mlDsa: '0x' } as const

let nowMs: number
let log: EventLog
beforeEach(() => {
  nowMs = 1_000
  log = memoryEventLog(() => nowMs)
})

function append(agreement: Hex, fact: ConsignFact): Promise<unknown> {
  const event = { id: `${fact.type}:${agreement}`, time: nowMs, ...fact }
  return log.append(subjects.custody(agreement), [event], { expectedSeq: 'any' })
}
const sign = (agreement: Hex) =>
  append(agreement, {
    type: 'custody.agreement.signed.v1',
    data: {
      ...{ agreement, shipment, terms, termsHash: ZERO },
      ...{ payerSignature: signature, payeeSignature: signature },
    },
  })
const deliver = (agreement: Hex) =>
  append(agreement, { type: 'custody.delivered.v1', data: { agreement, shipment, leg: 0, to: agreement } })
const close = (agreement: Hex, dueMs: number) =>
  append(agreement, { type: 'custody.window.closed.v1', data: { agreement, shipment, dueMs } })

test('a window passes the agreed time after the delivery was logged', async () => {
  await sign(ONE)
  await sign(TWO)
  nowMs = 5_000
  await deliver(ONE)
  const known = await readWindows(log)
  expect(known.due(5_000 + disputeMs - 1)).toEqual([])
  expect(known.due(5_000 + disputeMs)).toEqual([{ agreement: ONE, dueMs: 5_000 + disputeMs }])
})

test('one that the log tells to be closed is not due again', async () => {
  await sign(ONE)
  await deliver(ONE)
  await close(ONE, 1_000 + disputeMs)
  expect((await readWindows(log)).due(Number.POSITIVE_INFINITY)).toEqual([])
})

/** Runs for `looks` looks at the clock, which goes on by `everyMs` with each. */
async function run(graceMs: number, looks: number, everyMs: number, failsFirst = false): Promise<number[]> {
  const known = await readWindows(log)
  const end = new AbortController()
  const closedAtMs: number[] = []
  let fails = failsFirst
  await closeWindows({
    windows: known,
    graceMs,
    signal: end.signal,
    nowMs: () => {
      nowMs += everyMs
      if (--looks <= 0) end.abort()
      return nowMs
    },
    close: async ({ agreement, dueMs, nowMs: at }) => {
      if (fails) {
        fails = false
        throw new Refusal('log.unavailable', 'away', { retry: true })
      }
      closedAtMs.push(at)
      await close(agreement, dueMs)
      for await (const message of log.read([subjects.custody(agreement)])) known.take(message)
    },
  })
  return closedAtMs
}

test('what is due is closed once, as soon as the grace after a start is over', async () => {
  await sign(ONE)
  await deliver(ONE)
  const startMs = 1_000 + disputeMs
  nowMs = startMs
  expect(await run(25, 6, 10)).toEqual([startMs + 40])
  expect(await run(0, 3, 10)).toEqual([])
})

test('while the log is away it stays due', async () => {
  await sign(ONE)
  await deliver(ONE)
  nowMs = 1_000 + disputeMs
  expect(await run(0, 4, 10, true)).toEqual([1_000 + disputeMs + 30])
})
