import { type EventLog, memoryEventLog, type Recorded } from '@consign/eventlog'
import { type EventOf, encodeEvent, subjects } from '@consign/events'
import type { Terms } from '@consign/terms'
import { beforeEach, expect, test } from 'vitest'
import { Feed, feedName } from './feed.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const WALLETS = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}` as `0x${string}`)
const SHIPMENT = '340123450000000018'
const HASH = `0x${'00'.repeat(32)}` as const
const terms = {
  version: 1,
  clauses: [
    { kind: 'general', shipment: SHIPMENT },
    ...WALLETS.map((wallet, index) => ({ kind: 'party', index, wallet })),
  ],
} as unknown as Terms

let nowMs = 0
let log: EventLog
beforeEach(() => {
  nowMs = 1_000
  log = memoryEventLog(() => nowMs)
})

async function tell(
  event: EventOf<
    | 'custody.agreement.signed.v1'
    | 'custody.delivered.v1'
    | 'penalty.rating.changed.v1'
    | 'chain.mined.v1'
    | 'chain.signed.v1'
    | 'settlement.payment.attempted.v1'
    | 'settlement.payment.diverted.v1'
  >,
  subject: string,
): Promise<Recorded> {
  const { lastSeq } = await log.append(subject, [event], { expectedSeq: 'any' })
  return { seq: lastSeq, subject, data: encodeEvent(event), headers: {}, timeMs: nowMs }
}

const signed = () => {
  const signature = { ecdsa: '0x', mlDsa: '0x' } as const
  const data = {
    agreement: AGREEMENT,
    shipment: SHIPMENT,
    terms,
    termsHash: HASH,
    payerSignature: signature,
    payeeSignature: signature,
  }
  return tell(
    { id: 'signed', type: 'custody.agreement.signed.v1', time: 1, data },
    subjects.custody(AGREEMENT),
  )
}

async function shown(): Promise<string[]> {
  const found: string[] = []
  for await (const { subject } of log.readStream('FEED', ['feed.>'])) found.push(subject)
  return found.sort()
}

const to = (wallets: string[], event: string) =>
  wallets.map((wallet) => `feed.${wallet}.${SHIPMENT}.${event}`)

test('the name of a feed event has neither version nor dots', () => {
  expect(feedName('custody.agreement.signed.v1')).toBe('custody-agreement-signed')
})

test('every party of the agreement is shown its events, and nobody else', async () => {
  await new Feed(log).handle(await signed())
  expect(await shown()).toEqual(to(WALLETS, 'custody-agreement-signed'))
})

test('a message handled again, even long after the duplicate window, is shown once', async () => {
  const message = await signed()
  await new Feed(log).handle(message)
  nowMs += 3_600_000
  await new Feed(log).handle(message)
  expect(await shown()).toHaveLength(WALLETS.length)
})

test('who was not reached before a crash is reached after it, the others once', async () => {
  const message = await signed()
  const [first = ''] = to(WALLETS, 'custody-agreement-signed')
  await log.publish(first, message.data, { msgId: 'as before the crash' })
  nowMs += 3_600_000
  await new Feed(log).handle(message)
  expect(await shown()).toEqual(to(WALLETS, 'custody-agreement-signed'))
})

test('a rating is shown to the two it is between', async () => {
  await signed()
  const [payer = '0x', party = '0x'] = WALLETS
  const counts = { legsClean: 1, legsTotal: 1, permille: 1000, permilleBefore: 1000 }
  const data = { payer, party, agreement: AGREEMENT, leg: 0, ...counts }
  const event = { id: 'rated', type: 'penalty.rating.changed.v1', time: 1, data } as const
  await new Feed(log).handle(await tell(event, subjects.rating(payer, party)))
  expect(await shown()).toEqual(to([payer, party], 'penalty-rating-changed'))
})

test('chain events are shown when they name an agreement that is signed here', async () => {
  await signed()
  const feed = new Feed(log)
  const mined = { key: 'k', hash: HASH, blockNumber: 1, gasUsed: 1, ok: true, what: 'start' }
  const named = { ...mined, agreement: AGREEMENT }
  const other = { ...mined, agreement: WALLETS[0] as `0x${string}` }
  for (const [index, data] of [mined, named, other].entries()) {
    const event = { id: `mined.${index}`, type: 'chain.mined.v1' as const, time: 1, data }
    await feed.handle(await tell(event, subjects.chain(AGREEMENT)))
  }
  expect(await shown()).toEqual(to(WALLETS, 'chain-mined'))
})

test("how the payer's channels stand is not shown; that a payment takes another way is", async () => {
  const feed = new Feed(log)
  await feed.handle(await signed())
  const of = { agreement: AGREEMENT, shipment: SHIPMENT, paymentId: HASH }
  const channels = [{ identifier: '1', balance: '7', deposited: '9' }]
  const attempted = { ...of, attempt: 0, secretHash: HASH, channels, atMs: 1 }
  const subject = subjects.settlement(AGREEMENT)
  await feed.handle(
    await tell({ id: 'a', type: 'settlement.payment.attempted.v1', time: 1, data: attempted }, subject),
  )
  const [, wallet] = WALLETS
  const why = { code: 'channel.path', reason: 'refused', to: 'onchain' } as const
  const diverted = { ...of, wallet: wallet!, amount: '7', via: 'raiden', ...why }
  await feed.handle(
    await tell({ id: 'd', type: 'settlement.payment.diverted.v1', time: 1, data: diverted }, subject),
  )
  expect(await shown()).toEqual(
    [...to(WALLETS, 'custody-agreement-signed'), ...to(WALLETS, 'settlement-payment-diverted')].sort(),
  )
})
