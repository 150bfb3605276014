// The transaction journal against a real anvil; its log is in memory, which passes the same contract test as JetStream.
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventLog } from '@consign/eventlog'
import { memoryEventLog } from '@consign/eventlog/testing'
import { type ConsignEvent, type EventOf, parseEvent, subjects } from '@consign/events'
import { createTestClient, encodeFunctionData, type Hex, http, parseEther, parseTransaction } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getTransactionCount, sendTransaction } from 'viem/actions'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Anvil, startAnvil } from '../../../contracts/script/anvil.ts'
import {
  anchorLogAbi,
  deployConsign,
  type Intent,
  openTxJournal,
  publicClient,
  type TxJournal,
  type TxJournalOptions,
} from '../src/index.ts'
import { noteIntent } from './notes.ts'

let anvil: Anvil
let test: ReturnType<typeof testClient>
let log: EventLog
const account = privateKeyToAccount(generatePrivateKey())
const stops: (() => Promise<void>)[] = []

beforeEach(async () => {
  anvil = await startAnvil(['--slots-in-an-epoch', '1'])
  test = testClient(anvil.url)
  log = memoryEventLog()
  await test.setBalance({ address: account.address, value: parseEther('10') })
})

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await anvil.stop()
})

describe('one transaction', () => {
  it('goes from intent to final, each step in the log before the next', async () => {
    const { anchorLog } = await deployConsign({ client: publicClient(anvil.url), account })
    const journal = await start({ abi: anchorLogAbi })
    await journal.submit(anchorIntent(0, 5, anchorLog))
    await final(journal, 'anchor:0')
    const events = await journalOf(log)
    expect(events.map(({ type }) => type)).toEqual([
      'chain.intended.v1',
      'chain.signed.v1',
      'chain.mined.v1',
      'chain.finalized.v1',
    ])
    const result = { event: 'Anchored', writer: journal.address, seq: 0, root: ROOT, size: 5 }
    expect(events[2]).toMatchObject({ data: { key: 'anchor:0', ok: true, result } })
  })

  it('is refused for ever, with the name of the error, when its simulation reverts', async () => {
    const { anchorLog } = await deployConsign({ client: publicClient(anvil.url), account })
    const countBefore = await getTransactionCount(publicClient(anvil.url), { address: account.address })
    const journal = await start({ abi: anchorLogAbi })
    await journal.submit(anchorIntent(3, 5, anchorLog))
    expect(await final(journal, 'anchor:3')).toMatchObject({
      status: 'refused',
      reason: 'AnchorLogSeqNotNext(3, 0)',
    })
    await journal.submit(anchorIntent(0, 5, anchorLog))
    await final(journal, 'anchor:0')
    await journal.submit(anchorIntent(3, 9, anchorLog))
    expect((await final(journal, 'anchor:3')).status).toBe('refused')
    expect(await getTransactionCount(publicClient(anvil.url), { address: account.address })).toBe(
      countBefore + 1,
    )
  })

  it('waits, and is said to wait once, when what refuses it may be lifted', async () => {
    const { anchorLog } = await deployConsign({ client: publicClient(anvil.url), account })
    const lines: string[] = []
    const notices = { warn: (_: object, line: string) => void lines.push(line) }
    const journal = await start({ abi: anchorLogAbi, lifted: ['AnchorLogSeqNotNext'], notices })
    await journal.submit(anchorIntent(1, 9, anchorLog))
    await until(async () => journal.delayed('anchor:1')?.includes('tried again in 2000 ms') ?? false)
    expect(lines).toHaveLength(1)
    await journal.submit(anchorIntent(0, 5, anchorLog))
    expect((await final(journal, 'anchor:1')).status).toBe('finalized')
    expect(await ofType('chain.refused.v1')).toEqual([])
  })

  it('is final only when the finalized block has reached it', async () => {
    const journal = await start({ finality: 'finalized' })
    await journal.submit(noteIntent(0))
    await journal.settled('note:0', AbortSignal.timeout(20_000))
    await test.mine({ blocks: 1 })
    await turns()
    expect(journal.transaction('note:0')?.status).toBe('mined')
    await test.mine({ blocks: 1 })
    expect((await final(journal, 'note:0')).status).toBe('finalized')
  })

  it('goes out again with the same bytes when a reorganisation took its block away', async () => {
    const snapshot = await test.snapshot()
    const journal = await start({ finality: 'finalized' })
    await journal.submit(noteIntent(0))
    await journal.settled('note:0', AbortSignal.timeout(20_000))
    await test.revert({ id: snapshot })
    await test.mine({ blocks: 6 })
    await until(async () => (await ofType('chain.mined.v1')).length === 2)
    await test.mine({ blocks: 2 })
    await final(journal, 'note:0')
    expect(await ofType('chain.signed.v1')).toHaveLength(1)
    const [first, second] = await ofType('chain.mined.v1')
    expect(second?.data.hash).toBe(first?.data.hash)
    expect(second?.data.blockNumber).not.toBe(first?.data.blockNumber)
  })
})

describe('many transactions', () => {
  it('are in flight together, one nonce each', async () => {
    await test.setAutomine(false)
    const journal = await start()
    for (let number = 0; number < 6; number++) await journal.submit(noteIntent(number))
    await until(async () => journal.counts().inFlight === 6)
    const nonces = (await ofType('chain.signed.v1')).map(({ data }) => data.nonce)
    expect(nonces).toEqual([0, 1, 2, 3, 4, 5])
    await test.mine({ blocks: 1 })
    await Promise.all([0, 5].map((number) => final(journal, `note:${number}`)))
  })

  it('wait for those they depend on, and no longer', async () => {
    await test.setAutomine(false)
    const after = ({ key }: Intent) => (key === 'note:1' ? ['note:0'] : [])
    const journal = await start({ after })
    for (const number of [1, 0, 2]) await journal.submit(noteIntent(number))
    await until(async () => journal.counts().inFlight === 2)
    await turns()
    expect((await ofType('chain.signed.v1')).map(({ data }) => data.key)).toEqual(['note:0', 'note:2'])
    await test.mine({ blocks: 1 })
    await until(async () => journal.transaction('note:1')?.status === 'signed')
  })

  it('begin at the nonce of the chain when the wallet was used before', async () => {
    for (let used = 0; used < 3; used++)
      await sendTransaction(publicClient(anvil.url), { account, chain: null, to: account.address })
    const journal = await start()
    await journal.submit(noteIntent(0))
    await final(journal, 'note:0')
    expect((await ofType('chain.signed.v1')).map(({ data }) => data.nonce)).toEqual([3])
  })
})

describe('a stuck transaction', () => {
  it('is replaced at its own nonce with a higher fee, and every hash is kept', async () => {
    await test.setAutomine(false)
    const journal = await start({ stuckMs: 200 })
    await journal.submit(noteIntent(0))
    await until(async () => (await ofType('chain.signed.v1')).length >= 3)
    await test.mine({ blocks: 1 })
    await final(journal, 'note:0')
    const signed = (await ofType('chain.signed.v1')).map(({ data }) => data)
    expect(new Set(signed.map(({ nonce }) => nonce))).toEqual(new Set([0]))
    const fees = signed.map(({ raw }) => parseTransaction(raw).maxFeePerGas!)
    for (const [index, fee] of fees.slice(1).entries())
      expect(fee * 1000n).toBeGreaterThan(fees[index]! * 1124n)
    const mined = await ofType('chain.mined.v1')
    expect(signed.map(({ hash }) => hash)).toContain(mined[0]?.data.hash)
    expect(await getTransactionCount(publicClient(anvil.url), { address: account.address })).toBe(1)
  })
})

describe('a node that fails', () => {
  it('is asked again until it answers, and nothing is sent twice', async () => {
    const gate = await startGate(anvil.url)
    const lines: string[] = []
    const journal = await start({
      client: publicClient(gate.url),
      notices: { warn: (_, line) => lines.push(line) },
    })
    gate.open = false
    await journal.submit(noteIntent(0))
    await until(async () => lines.length > 0)
    expect(journal.delayed('note:0')).toContain('tried again in')
    gate.open = true
    await final(journal, 'note:0')
    expect(await ofType('chain.signed.v1')).toHaveLength(1)
    expect(journal.delayed('note:0')).toBeUndefined()
  })

  it('does not cost a nonce while the wallet has no ether', async () => {
    await test.setBalance({ address: account.address, value: 0n })
    const lines: string[] = []
    const journal = await start({ notices: { warn: (_, line) => lines.push(line) } })
    await journal.submit(noteIntent(0))
    await until(async () => lines.length > 0)
    expect(await ofType('chain.signed.v1')).toEqual([])
    await test.setBalance({ address: account.address, value: parseEther('1') })
    await final(journal, 'note:0')
    expect(await ofType('chain.signed.v1')).toHaveLength(1)
  })

  it.each([
    ['another chain', { chainId: 1 }, 'journal.chainId'],
    [
      'no contract at the address',
      { contracts: { FACTORY: `0x${'0e'.repeat(20)}` as Hex } },
      'journal.contract',
    ],
  ])('is refused at the start when it serves %s', async (_, wrong, code) => {
    await expect(open(wrong)).rejects.toMatchObject({ code })
  })

  it('is refused at the start when its chain is not the one of the journal', async () => {
    const journal = await start()
    await journal.submit(noteIntent(0))
    await final(journal, 'note:0')
    await test.setNonce({ address: account.address, nonce: 0 })
    await expect(open()).rejects.toMatchObject({ code: 'journal.chainBehind' })
  })
})

it('lets a second process with the same wallet sign nothing twice', async () => {
  const [one, other] = [await start(), await start()]
  await Promise.all(
    [one, other].flatMap((journal) => [0, 1, 2].map((number) => journal.submit(noteIntent(number)))),
  )
  await Promise.all(
    [one, other].flatMap((journal) => [0, 1, 2].map((number) => final(journal, `note:${number}`))),
  )
  const nonces = new Map((await ofType('chain.signed.v1')).map(({ data }) => [data.key, data.nonce]))
  expect([...nonces.values()].sort()).toEqual([0, 1, 2])
  expect(await getTransactionCount(publicClient(anvil.url), { address: account.address })).toBe(3)
})

const ROOT: Hex = `0x${'aa'.repeat(32)}`

function testClient(url: string) {
  return createTestClient({ mode: 'anvil', transport: http(url) })
}

function anchorIntent(seq: number, size: number, anchorLog: Hex): Intent {
  const args = [BigInt(seq), ROOT, BigInt(size)] as const
  const data = encodeFunctionData({ abi: anchorLogAbi, functionName: 'anchor', args })
  return { key: `anchor:${seq}`, to: anchorLog, data, what: 'anchor' }
}

function open(changes: Partial<TxJournalOptions> = {}): Promise<TxJournal> {
  const client = publicClient(anvil.url)
  return openTxJournal({ log, account, client, abi: [], finality: 'mined', pollMs: 20, ...changes })
}

async function start(changes: Partial<TxJournalOptions> = {}): Promise<TxJournal> {
  const journal = await open(changes)
  const stop = new AbortController()
  const running = journal.run(stop.signal)
  stops.push(async () => {
    stop.abort()
    await running
  })
  return journal
}

async function final(journal: TxJournal, key: string) {
  const transaction = await journal.outcome(key, AbortSignal.timeout(20_000))
  if (transaction === undefined) throw new Error(`${key} is still ${journal.transaction(key)?.status}`)
  return transaction
}

async function journalOf(from: EventLog): Promise<ConsignEvent[]> {
  const events: ConsignEvent[] = []
  const subject = subjects.chain(account.address.toLowerCase() as Hex)
  for await (const { data } of from.read([subject])) events.push(parseEvent(data))
  return events
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events = await journalOf(log)
  return events.filter((event) => event.type === type) as EventOf<T>[]
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

// Long enough for the journal to have looked again several times.
async function turns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200))
}

/** Stands before the node and, while it is closed, answers 503. */
async function startGate(target: string): Promise<{ url: string; open: boolean }> {
  const gate = { url: '', open: true }
  const server: Server = createServer((incoming, outgoing) => {
    if (!gate.open) {
      incoming.resume()
      outgoing.writeHead(503).end()
      return
    }
    const onward = request(target, { method: 'POST', headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  gate.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  stops.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return gate
}
