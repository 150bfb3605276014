// The service as a real process on a real nats-server and a real anvil, killed with SIGKILL at each of its steps.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agreementAbi, anchorLogAbi, fundArguments, publicClient, settlementTokenAbi } from '@consign/chain'
import { envelopeDigest } from '@consign/envelope'
import { connectEventLog, connectNats, type EventLog } from '@consign/eventlog'
import { type NatsServer, startNatsServer } from '@consign/eventlog/testing'
import { type ConsignEvent, type EventOf, type Hex, parseEvent, subjects } from '@consign/events'
import { MerkleLog } from '@consign/merkle'
import { general } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { bytesToHex, parseEther, zeroAddress } from 'viem'
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'
import { getTransactionCount, readContract, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { startWorld, type World } from '../../../packages/chain/test/world.ts'
import { STEPS } from '../src/steps.ts'
import {
  append,
  chargedFact,
  makeScenario,
  reservedFact,
  type Scenario,
  writeManualScenario,
  writeRefusedTender,
  writeScenario,
} from './scenario.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'consign-chain-writer-'))

let world: World
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let log: EventLog
let scenario: Scenario
let writer: Hex
let env: Record<string, string>
let service: ServiceProcess | undefined

beforeEach(async () => {
  ;[world, nats] = await Promise.all([startWorld(), startNatsServer()])
  connection = await connectNats({ url: nats.url, name: 'test' })
  log = await connectEventLog({ nats: connection })
  const { anvil, client, deployment } = world
  // The contracts have the same addresses on every fresh chain, so that one scenario serves all tests.
  scenario ??= await makeScenario(deployment)
  const key = generatePrivateKey()
  writer = privateKeyToAddress(key).toLowerCase() as Hex
  const hash = await sendTransaction(client, {
    account: developer,
    chain: null,
    to: writer,
    value: parseEther('10'),
  })
  await waitForTransactionReceipt(client, { hash })
  const keyFile = join(dir, 'writer-key')
  writeFileSync(keyFile, key, { mode: 0o600 })
  env = {
    NATS_URL: nats.url,
    RPC_URL: anvil.url,
    CHAIN_ID: String(deployment.chainId),
    WRITER_KEY_FILE: keyFile,
    FACTORY: deployment.factory,
    ANCHOR_LOG: deployment.anchorLog,
    FINALITY: 'mined',
    // By the clock of this machine the sample's goods are lost.
    CLOSE_LOST_MS: 'never',
    ANCHOR_MS: '1000',
    POLL_MS: '50',
  }
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  await connection?.close()
  await Promise.all([world?.anvil.stop(), nats?.stop()])
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a shipment on the log', () => {
  it('is on the chain: agreement, custody of each leg, the violation, anchors of every envelope', async () => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await complete()
    await expectOnChain()
    await expectAnchored(5)
    expect(await service.stop()).toBe(0)
  })

  it('is on the chain too where custodians cut a leg by hand, and another device went on', async () => {
    const { agreement, parties } = await writeManualScenario(log, world.deployment)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await finalKeys()).has(`cut:${agreement}:1`))
    const read = { address: agreement, abi: agreementAbi } as const
    const legOf = (leg: number) => readContract(world.client, { ...read, functionName: 'legOf', args: [leg] })
    const wallet = (name: string) => parties[name]!.wallet.address
    expect(await legOf(0)).toMatchObject({ custodian: wallet('supplier'), n: 2, ended: true })
    expect(await legOf(1)).toMatchObject({ custodian: wallet('shipper-x'), n: 1, ended: true })
    expect(await legOf(2)).toMatchObject({ custodian: wallet('factory'), ended: false })
    expect(await ofType('chain.refused.v1')).toEqual([])
  })

  it('has a tender refused on the chain, and then does not deliver by it', async () => {
    const { agreement } = await writeRefusedTender(log, world.deployment)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await finalKeys()).has(`refusal:${agreement}:0:1`))
    const read = { address: agreement, abi: agreementAbi } as const
    const tender = () => readContract(world.client, { ...read, functionName: 'tenderOf', args: [0] })
    expect(await tender()).toMatchObject({ m: 1, refused: true })
    await until(async () => (await ofType('chain.refused.v1')).length > 0)
    expect((await ofType('chain.refused.v1')).map(({ data }) => data)).toMatchObject([
      { key: `deliver:${agreement}:0:1`, reason: expect.stringContaining('AgreementNotTendered') },
    ])
  })

  it('goes on past a violation whose envelopes are not all in the log, and says so for ever', async () => {
    const missing: Hex = `0x${'0c'.repeat(32)}`
    await writeScenario(log, scenario)
    await append(log, chargedFact(scenario, { caseId: missing, runFromSeq: 3, startSeq: 7, runToSeq: 7 }))
    service = startServiceProcess(PROGRAM, env)
    await complete()
    await until(async () => (await ofType('chain.refused.v1')).length > 0)
    expect((await ofType('chain.refused.v1')).map(({ data }) => data)).toMatchObject([
      { key: `violation:${missing}`, reason: expect.stringContaining('is not in the log') },
    ])
  })

  it('starts once the payer has funded the guarantee', async () => {
    const guaranteed = await makeScenario(world.deployment, { ...SAMPLE_DRAFT, guaranteePercent: 50 })
    const { agreement } = guaranteed.shipment
    await writeScenario(log, guaranteed)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await finalKeys()).has(`agreement:${agreement}`))
    const started = () =>
      readContract(world.client, {
        address: agreement,
        abi: agreementAbi,
        functionName: 'custodianOf',
        args: [0],
      })
    expect(await started()).toBe(zeroAddress)
    await fund(guaranteed)
    await until(async () => (await finalKeys()).has(`cut:${agreement}:1`))
    expect((await started()).toLowerCase()).toBe(guaranteed.handovers[0]!.from)
    expect(await ofType('chain.refused.v1')).toEqual([])
  })

  it('without a guarantee starts once the payer has reserved what it costs', async () => {
    const { agreement } = scenario.shipment
    await writeScenario(log, scenario, false)
    service = startServiceProcess(PROGRAM, env)
    const intended = async () => (await ofType('chain.intended.v1')).map(({ data }) => data.key)
    await until(async () => (await intended()).includes(`cut:${agreement}:1`))
    expect(await intended()).not.toContain(`start:${agreement}`)
    await service.stop()
    service = startServiceProcess(PROGRAM, env)
    await append(log, reservedFact(scenario))
    await complete()
    await expectOnChain()
  })

  it('has the age of its anchors noted once a day', async () => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await complete()
    const noted = async () => [...(await finalKeys())].filter((key) => key.startsWith('witness:'))
    await until(async () => (await noted()).length > 0)
    await service.stop()
    service = startServiceProcess(PROGRAM, env)
    const late = scenario.legs[0]!.wires[0]!.slice()
    late[83] = 98
    await log.publish(subjects.envelope(scenario.shipment.agreement, 7), late, { msgId: 'late' })
    await until(async () => (await anchors()).at(-1)?.size === 6)
    expect((await noted()).length).toBeLessThanOrEqual(2) // midnight may lie between
  })

  it('anchors what comes later with a new root of greater size', async () => {
    service = startServiceProcess(PROGRAM, env)
    await writeScenario(log, scenario)
    await complete()
    const late = scenario.legs[0]!.wires[0]!.slice()
    late[83] = 99
    await log.publish(subjects.envelope(scenario.shipment.agreement, 7), late, { msgId: 'late' })
    await log.publish(subjects.envelope(scenario.shipment.agreement, 7), late, { msgId: 'late, again' })
    await until(async () => (await anchors()).at(-1)?.size === 6)
    await expectAnchored(6)
  })
})

describe('killed and started again, it sends each transaction once', () => {
  it.each([...STEPS, 'chain-writer.signed#4', 'chain-writer.mined#2'])('at %s', async (killAt) => {
    await writeScenario(log, scenario)
    expect(await startServiceProcess(PROGRAM, env, killAt).ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    await complete()
    await service.stop()
    service = undefined

    const signed = (await ofType('chain.signed.v1')).map(({ data }) => data)
    expect(new Set(signed.map(({ key }) => key)).size).toBe(signed.length)
    expect(signed.map(({ nonce }) => nonce)).toEqual(signed.map((_, nonce) => nonce))
    const client = publicClient(world.anvil.url)
    expect(await getTransactionCount(client, { address: writer })).toBe(signed.length)
    await expectOnChain()
    await expectAnchored(5)
  })
})

async function fund({ shipment }: Scenario): Promise<void> {
  const { client, deployment, payer } = world
  const { terms, agreement } = shipment
  const approve = {
    address: deployment.token,
    abi: settlementTokenAbi,
    functionName: 'approve',
    args: [agreement, BigInt(general(terms).guaranteeTotal)],
    account: payer,
    chain: null,
  } as const
  await client.waitForTransactionReceipt({ hash: await client.writeContract(approve) })
  const funding = {
    address: agreement,
    abi: agreementAbi,
    functionName: 'fund',
    args: fundArguments(terms),
    account: payer,
    chain: null,
  } as const
  await client.waitForTransactionReceipt({ hash: await client.writeContract(funding) })
}

async function finalKeys(): Promise<Set<string>> {
  return new Set((await ofType('chain.finalized.v1')).map(({ data }) => data.key))
}

function expectedKeys(): string[] {
  const { agreement } = scenario.shipment
  const calls = [`agreement:${agreement}`, `start:${agreement}`, `cut:${agreement}:0`, `cut:${agreement}:1`]
  return [...calls, `violation:${scenario.violation}`]
}

// All is final, the last anchor covers every envelope, and its age is noted.
async function complete(): Promise<void> {
  await until(async () => {
    const final = await finalKeys()
    const last = (await anchors()).at(-1)
    const witnessed = [...final].some((key) => key.startsWith('witness:'))
    const called = expectedKeys().every((key) => final.has(key))
    return called && witnessed && last?.size === 5 && final.has(`anchor:${last.seq}`)
  })
}

async function expectOnChain(): Promise<void> {
  const mined = await ofType('chain.mined.v1')
  expect(mined.every(({ data }) => data.ok)).toBe(true)
  const proof = mined.find(({ data }) => data.key === `violation:${scenario.violation}`)
  expect(proof?.data.result).toMatchObject({ event: 'ViolationProven', caseId: scenario.violation, leg: 1 })
  const custodian = (leg: number) =>
    readContract(publicClient(world.anvil.url), {
      address: scenario.shipment.agreement,
      abi: agreementAbi,
      functionName: 'custodianOf',
      args: [leg],
    })
  const custodians = await Promise.all([0, 1, 2].map(custodian))
  const [first, second] = scenario.handovers
  expect(custodians.map((one) => one.toLowerCase())).toEqual([first!.from, first!.to, second!.to])
}

async function expectAnchored(size: number): Promise<void> {
  const tree = new MerkleLog()
  const seen = new Set<string>()
  for await (const { data } of log.read(['envelope.>'])) {
    const digest = envelopeDigest(data.subarray(0, 144))
    if (!seen.has(bytesToHex(digest))) tree.append(digest)
    seen.add(bytesToHex(digest))
  }
  expect(tree.size).toBe(size)
  const anchored = await anchors()
  expect(anchored.map(({ seq }) => seq)).toEqual(anchored.map((_, seq) => seq))
  expect(anchored.at(-1)?.size).toBe(size)
  for (const { seq, root, size: anchoredSize } of anchored) {
    expect(root).toBe(bytesToHex(tree.root(anchoredSize)))
    const args = [writer, BigInt(seq)] as const
    const call = {
      address: world.deployment.anchorLog,
      abi: anchorLogAbi,
      functionName: 'root',
      args,
    } as const
    expect(await readContract(publicClient(world.anvil.url), call)).toBe(root)
  }
}

async function anchors(): Promise<{ seq: number; root: Hex; size: number }[]> {
  const mined = (await ofType('chain.mined.v1')).filter(({ data }) => data.key.startsWith('anchor:'))
  return mined.map(({ data }) => data.result as { seq: number; root: Hex; size: number })
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([subjects.chain(writer)])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}
