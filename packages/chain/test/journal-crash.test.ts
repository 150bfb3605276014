// A real process is killed with SIGKILL at each step of the journal, against a real anvil and a real nats-server, and started again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, parseEvent, subjects } from '@consign/events'
import { type Hex, keccak256, parseEther, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { getBlock, getTransactionCount, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Anvil, developer, startAnvil } from '../../../contracts/script/anvil.ts'
import { publicClient } from '../src/index.ts'
import { noteIntent } from './notes.ts'

const PROGRAM = fileURLToPath(new URL('./journal-program.ts', import.meta.url))
const NOTES = 5

let anvil: Anvil
let nats: NatsServer
let log: EventLog
let connection: Awaited<ReturnType<typeof connectNats>>

beforeAll(async () => {
  ;[anvil, nats] = await Promise.all([startAnvil(), startNatsServer()])
  connection = await connectNats({ url: nats.url, name: 'test' })
  log = await connectEventLog({ nats: connection })
})

afterAll(async () => {
  await connection?.close()
  await Promise.all([anvil?.stop(), nats?.stop()])
})

it.each([['intended'], ['signed'], ['signed#3'], ['broadcast'], ['mined'], ['finalized']])(
  'sends each note once when killed at %s',
  async (killAt) => {
    const key = generatePrivateKey()
    const wallet = privateKeyToAddress(key)
    await fund(wallet)
    expect(await runProgram(key, killAt)).toBe('SIGKILL')
    expect(await runProgram(key, '')).toBe(0)
    expect(await runProgram(key, '')).toBe(0)

    const events = await journalOf(wallet)
    const keys = Array.from({ length: NOTES }, (_, number) => noteIntent(number).key)
    for (const type of ['chain.intended.v1', 'chain.signed.v1', 'chain.mined.v1', 'chain.finalized.v1'])
      expect(keysOf(events, type)).toEqual(keys)
    const signed = events.flatMap((event) => (event.type === 'chain.signed.v1' ? [event.data] : []))
    expect(signed.map(({ nonce }) => nonce).sort()).toEqual([0, 1, 2, 3, 4])
    for (const { raw, hash } of signed) expect(keccak256(raw)).toBe(hash)
    const client = publicClient(anvil.url)
    expect(await getTransactionCount(client, { address: wallet })).toBe(NOTES)
    expect(await notesOnChain(wallet)).toEqual(keys.map((_, number) => toHex(number, { size: 2 })))
  },
)

async function runProgram(key: Hex, killAt: string): Promise<number | string | null> {
  const env = {
    ...process.env,
    NATS_URL: nats.url,
    RPC_URL: anvil.url,
    KEY: key,
    NOTES: String(NOTES),
    KILL_AT: killAt,
  }
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? code
}

async function fund(wallet: Hex): Promise<void> {
  const client = publicClient(anvil.url)
  const hash = await sendTransaction(client, {
    account: developer,
    chain: null,
    to: wallet,
    value: parseEther('1'),
  })
  await waitForTransactionReceipt(client, { hash })
}

async function journalOf(wallet: Hex): Promise<ConsignEvent[]> {
  const events: ConsignEvent[] = []
  for await (const { data } of log.read([subjects.chain(wallet)])) events.push(parseEvent(data))
  return events
}

function keysOf(events: ConsignEvent[], type: string): string[] {
  return events
    .flatMap((event) => (event.type === type && 'key' in event.data ? [event.data.key] : []))
    .sort()
}

async function notesOnChain(wallet: Hex): Promise<Hex[]> {
  const client = publicClient(anvil.url)
  const last = (await getBlock(client)).number
  const inputs: Hex[] = []
  for (let blockNumber = 0n; blockNumber <= last; blockNumber++) {
    const { transactions } = await getBlock(client, { blockNumber, includeTransactions: true })
    for (const { from, input } of transactions) if (from === wallet.toLowerCase()) inputs.push(input)
  }
  return inputs.sort()
}
