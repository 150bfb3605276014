// An agreement with a guarantee, from its signatures to its last token: settlement and chain-writer as real processes on a real nats-server and a
// real anvil; settlement is killed with SIGKILL at each of its steps.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agreementAbi, settlementTokenAbi } from '@consign/chain'
import { native } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, type EventOf, type Hex, parseEvent, subjects } from '@consign/events'
import {
  type PartyKeys,
  partyByName,
  savePartyKeys,
  signAcknowledgement,
  type TermsDraft,
} from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { startWorld, type World } from '../../../packages/chain/test/world.ts'
import { append, makeScenario, type Scenario, writeScenario } from '../../chain-writer/test/scenario.ts'
import { AGREEMENT_STEPS } from '../src/steps.ts'

const SETTLEMENT = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const CHAIN_WRITER = fileURLToPath(new URL('../../chain-writer/src/main.ts', import.meta.url))
const SECOND_IN_HOURS = 1 / 3600
const DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  guaranteePercent: 50,
  windows: {
    disputeHours: 2 * SECOND_IN_HOURS,
    contestHours: SECOND_IN_HOURS,
    answerHours: SECOND_IN_HOURS,
    paymentHours: 24,
    sealEveryHours: SECOND_IN_HOURS,
  },
}
const TOKEN = 10n ** 18n
const PAYEES = ['supplier', 'shipper-x', 'shipper-y'] as const
const PAID: Record<string, bigint> = {
  supplier: 200n * TOKEN,
  'shipper-x': 40n * TOKEN,
  'shipper-y': 50n * TOKEN,
}

const dir = mkdtempSync(join(tmpdir(), 'consign-agreement-'))
let world: World
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let log: EventLog
let scenario: Scenario
let env: { settlement: Record<string, string>; writer: Record<string, string> }
let running: ServiceProcess[] = []

beforeEach(async () => {
  // A block a second, as time passes on a chain that others use too.
  ;[world, nats] = await Promise.all([startWorld(['--block-time', '1', '--mixed-mining']), startNatsServer()])
  connection = await connectNats({ url: nats.url, name: 'test' })
  log = await connectEventLog({ nats: connection })
  scenario ??= await makeScenario(world.deployment, DRAFT)
  const { deployment, client } = world
  const writerKey = generatePrivateKey()
  const to = privateKeyToAddress(writerKey)
  const hash = await client.sendTransaction({ to, value: parseEther('10'), chain: null })
  await client.waitForTransactionReceipt({ hash })
  const shared = {
    NATS_URL: nats.url,
    RPC_URL: world.anvil.url,
    CHAIN_ID: String(deployment.chainId),
    FINALITY: 'mined',
    POLL_MS: '50',
  }
  env = {
    settlement: {
      ...shared,
      PAYER_KEY_FILE: keyFile('payer', await walletKeyOf(keysOf('factory'))),
      TOKEN: deployment.token,
    },
    writer: {
      ...shared,
      WRITER_KEY_FILE: keyFile('writer', writerKey),
      FACTORY: deployment.factory,
      ANCHOR_LOG: deployment.anchorLog,
    },
  }
})

afterEach(async () => {
  await Promise.all(running.map((service) => service.stop()))
  running = []
  await connection?.close()
  await Promise.all([world?.anvil.stop(), nats?.stop()])
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('an agreement with a guarantee', () => {
  it('is funded, paid, acknowledged, settled on chain, and its guarantee comes back', async () => {
    await begin()
    await finish()
    await expectOver()
    for (const service of running) expect(await service.stop()).toBe(0)
  })

  it.each(AGREEMENT_STEPS)('ends the same when settlement is killed at %s', async (killAt) => {
    await begin(killAt)
    const ended = running[1]!.ended.then(() => running.push(startServiceProcess(SETTLEMENT, env.settlement)))
    await finish()
    await ended
    await expectOver()
  })
})

describe('an acknowledgement', () => {
  it('is refused when it is of more than was paid, or not by the party', async () => {
    await begin()
    await paid()
    const { agreement } = scenario.shipment
    const tooMuch = await acknowledge('shipper-y', 51n * TOKEN)
    expect(tooMuch).toMatchObject({ error: { code: 'acknowledgement.amount' } })
    const forged = await acknowledge('shipper-y', 50n * TOKEN, keysOf('shipper-x'))
    expect(forged).toMatchObject({ error: { code: 'acknowledgement.signature.ecdsa' } })
    const malformed = await ask('shipper-y', { agreement })
    expect(malformed).toMatchObject({ error: { code: 'acknowledge.request' } })
    expect(await ofType('settlement.payment.acknowledged.v1')).toEqual([])
  })
})

// Writes the log of a whole shipment, and starts both services.
async function begin(killAt?: string): Promise<void> {
  const { agreement } = scenario.shipment
  await writeScenario(log, scenario)
  const shipment = shipmentOf(scenario)
  await append(log, {
    type: 'penalty.shipment.assessed.v1',
    data: { agreement, shipment, legs: 2, violations: [scenario.violation] },
  })
  running = [
    startServiceProcess(CHAIN_WRITER, env.writer),
    startServiceProcess(SETTLEMENT, env.settlement, killAt),
  ]
}

const paid = () => until(async () => (await ofType('settlement.settled.v1')).length > 0)

// The payees acknowledge what they got, as often as it takes.
async function finish(): Promise<void> {
  await paid()
  for (const name of PAYEES)
    await until(async () => {
      const answered = await acknowledge(name, PAID[name] ?? 0n).catch(() => undefined)
      return answered !== undefined && 'ok' in answered
    })
  await until(async () => (await ofType('settlement.guarantee.released.v1')).length === PAYEES.length)
}

async function expectOver(): Promise<void> {
  const { agreement, terms } = scenario.shipment
  const read = { address: agreement, abi: agreementAbi } as const
  expect(await world.client.readContract({ ...read, functionName: 'phase' })).toBe(SETTLED)
  expect(await balanceOf(agreement)).toBe(0n)
  for (const name of PAYEES) {
    const wallet = partyByName(terms, name)!.wallet
    expect(await balanceOf(wallet)).toBe(PAID[name])
    const args = [wallet] as const
    expect(await world.client.readContract({ ...read, functionName: 'acknowledgedBy', args })).toBe(
      PAID[name],
    )
  }
  for (const type of ['settlement.guarantee.funded.v1', 'settlement.agreement.concluded.v1'] as const)
    expect(await ofType(type)).toHaveLength(1)
  const keys = (await ofType('chain.finalized.v1')).map(({ data }) => data.key)
  expect(new Set(keys).size).toBe(keys.length)
  for (const kind of ['approve', 'fund', 'settle']) expect(keys).toContain(`${kind}:${agreement}`)
}

const SETTLED = 3

async function acknowledge(name: string, cumulative: bigint, by: PartyKeys = keysOf(name)) {
  const { agreement, chainId, terms } = scenario.shipment
  const party = partyByName(terms, name)!.wallet
  const signature = await signAcknowledgement(native, by, { chainId, agreement }, { party, cumulative })
  return ask(name, { agreement, cumulative: String(cumulative), signature })
}

// As a party does: its inbox lies below its address.
async function ask(name: string, request: object): Promise<{ ok: true } | { error: { code: string } }> {
  const wallet = partyByName(scenario.shipment.terms, name)!.wallet
  const reply = `_INBOX_${wallet}.${crypto.randomUUID()}`
  const answers = connection.subscribe(reply, { max: 1, timeout: 2000 })
  connection.publish(`cmd.${wallet}.acknowledge`, JSON.stringify(request), { reply })
  for await (const answer of answers) return answer.json()
  throw new Error('no answer')
}

function keysOf(name: string): PartyKeys {
  return scenario.shipment.parties[name]!
}

async function walletKeyOf(keys: PartyKeys): Promise<string> {
  const file = join(dir, crypto.randomUUID())
  await savePartyKeys(file, keys)
  return JSON.parse(readFileSync(file, 'utf8')).wallet
}

function keyFile(name: string, key: string): string {
  const path = join(dir, name)
  writeFileSync(path, key, { mode: 0o600 })
  return path
}

function balanceOf(wallet: Hex): Promise<bigint> {
  return world.client.readContract({
    address: world.deployment.token,
    abi: settlementTokenAbi,
    functionName: 'balanceOf',
    args: [wallet],
  })
}

function shipmentOf({ shipment: { terms } }: Scenario): string {
  const [general] = terms.clauses
  if (general?.kind !== 'general') throw new Error('the general clause is not the first')
  return general.shipment
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([subjects.settlement('*'), subjects.chain('*')])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100))
}
