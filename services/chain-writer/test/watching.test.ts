// What parties do on a real anvil by their own hands, told to the log by the service as a real process on a real nats-server.
import { fileURLToPath } from 'node:url'
import {
  agreementAbi,
  agreementFactoryAbi,
  createArguments,
  manualCutArguments,
  startArguments,
} from '@consign/chain'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, type Hex, parseEvent, subjects } from '@consign/events'
import { general, manualCutDigest, NO_NEXT_KEYS } from '@consign/terms'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import {
  addEnvelope,
  firstLeg,
  handOverManually,
  makeShipment,
  type Shipment,
} from '../../../contracts/script/shipment.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { startWorld } from '../../../packages/chain/test/world.ts'
import { append, reservedFact } from './scenario.ts'
import { openStage, type Stage } from './stage.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let stage: Stage
let world: Stage['world']
let log: EventLog
let shipment: Shipment
let env: Record<string, string>
let writer: Hex
let service: ServiceProcess | undefined

beforeEach(async () => {
  stage = await openStage({ WATCH_POLL_MS: '100' })
  ;({ world, log, env, writer } = stage)
  shipment ??= await makeShipment(world.deployment)
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  if (world !== stage.world) await world.anvil.stop()
  await stage?.close()
})

const BY_HAND = ['AgreementCreated', 'Started', 'custody.moved']

describe('what parties record by hand', () => {
  it('is told once, with the cut that both signed, and nothing is recorded again', async () => {
    await writeSigned()
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('AgreementCreated'))
    const first = await start()
    const cut = await cutByHand(first)
    await until(async () => (await told()).length === BY_HAND.length)
    expect(await told()).toEqual(BY_HAND)
    const moved = (await contractEvents()).at(-1)!
    expect(moved.data).toMatchObject({
      agreement: shipment.agreement,
      ...{ leg: 0, n: 1, to: cut.to, cutDigest: manualCutDigest(shipment, cut) },
      manualCut: { timeMs: Number(cut.timeMs), nextKeysHash: cut.nextKeysHash, reasonsHash: cut.reasonsHash },
    })
    expect(await service.stop()).toBe(0)
    const recorded = (await journalKeys()).filter((key) => /^(start|cut):/.test(key))
    expect(recorded).toEqual([])
  })

  it('before the terms are shown to the services is told when they are', async () => {
    await createByHand()
    await cutByHand(await start())
    service = startServiceProcess(PROGRAM, env)
    await writeSigned()
    await until(async () => (await told()).length >= BY_HAND.length)
    await mineBlocks(3)
    expect(await told()).toEqual(BY_HAND)
  })

  it('while the service is away is told when it is back, and only once', async () => {
    await writeSigned()
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('AgreementCreated'))
    await service.stop()
    await cutByHand(await start())
    for (let life = 0; life < 2; life++) {
      service = startServiceProcess(PROGRAM, env)
      await until(async () => (await told()).length >= BY_HAND.length)
      await service.stop()
    }
    expect(await told()).toEqual(BY_HAND)
  })

  it('is told once through a kill after each of the events', async () => {
    await writeSigned()
    await createByHand()
    await cutByHand(await start())
    // What was before the service knew of the agreement is one append; what comes after it is one for each block.
    expect(await startServiceProcess(PROGRAM, env, 'chain-writer.observed').ended).toBe('SIGKILL')
    expect(await told()).toEqual(BY_HAND)
    await cutOnward(1)
    expect(await startServiceProcess(PROGRAM, env, 'chain-writer.observed').ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    const all = [...BY_HAND, 'custody.moved', 'Delivered']
    await until(async () => (await told()).length >= all.length)
    await mineBlocks(3)
    expect(await told()).toEqual(all)
  })

  it('is no news of a contract that nobody has signed terms for here', async () => {
    await createByHand()
    await cutByHand(await start())
    service = startServiceProcess(PROGRAM, env)
    const other = await makeShipment({ ...world.deployment, anchorWriter: writer })
    await writeSigned(other)
    await until(async () => (await told(other)).includes('AgreementCreated'))
    expect(await told()).toEqual([])
  })
})

it('a block that is not final yet is not told, and never when it is reorganised away', async () => {
  await world.anvil.stop()
  world = await startWorld(['--slots-in-an-epoch', '4'])
  await world.giveEther(writer)
  env = { ...env, RPC_URL: world.anvil.url, FINALITY: 'finalized' }
  await createByHand()
  await mineBlocks(10)
  await writeSigned()
  service = startServiceProcess(PROGRAM, env)
  await until(async () => (await told()).includes('AgreementCreated'))
  const snapshot = await request('evm_snapshot')
  const lost = await cutByHand(await start())
  await mineBlocks(3)
  await request('evm_revert', [snapshot])
  const other = await cutByHand(await start(), 2)
  await mineBlocks(10)
  await until(async () => (await told()).length >= BY_HAND.length)
  expect(await told()).toEqual(BY_HAND)
  const moved = (await contractEvents()).at(-1)!
  expect(moved.data).toMatchObject({ n: other.n, cutDigest: manualCutDigest(shipment, other) })
  expect(other.n).not.toBe(lost.n)
})

/** Terms as both signed them; what follows is up to the parties. */
async function writeSigned(one = shipment): Promise<void> {
  const { agreement, terms, termsHash, payerSignature, payeeSignature } = one
  const of = { agreement, shipment: general(terms).shipment }
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
  await append(log, reservedFact({ shipment: one }))
}

async function createByHand(): Promise<void> {
  const { terms, payerSignature, payeeSignature } = shipment
  const args = createArguments({
    terms,
    payerSignature: payerSignature.ecdsa,
    payeeSignature: payeeSignature.ecdsa,
  })
  const at = { address: world.deployment.factory, abi: agreementFactoryAbi } as const
  await mined(world.client.writeContract({ ...at, functionName: 'create', args, ...SENDER }))
}

const SENDER = { account: developer, chain: null } as const
const agreementAt = () => ({ address: shipment.agreement, abi: agreementAbi, ...SENDER }) as const

async function start() {
  const first = await firstLeg(shipment)
  const args = startArguments({ terms: shipment.terms, keys: first.signedKeys })
  await mined(world.client.writeContract({ ...agreementAt(), functionName: 'start', args }))
  return first
}

async function cutByHand(first: Awaited<ReturnType<typeof firstLeg>>, envelopes = 1) {
  for (let i = 0; i < envelopes; i++) await addEnvelope(first, [{ temperature: 21_000 }])
  const { supplier, 'shipper-x': carrier } = shipment.parties
  const { cut, ...signatures } = await handOverManually(shipment, first, supplier!, carrier!)
  await record(cut, signatures)
  return cut
}

/** The goods go on unmeasured to the payer. */
async function cutOnward(leg: number): Promise<void> {
  const began = await firstLeg(shipment)
  const unmeasured = {
    ...began,
    ref: { ...began.ref, leg },
    keysHash: Buffer.from(NO_NEXT_KEYS.slice(2), 'hex'),
  }
  const { 'shipper-x': carrier, factory } = shipment.parties
  const { cut, ...signatures } = await handOverManually(shipment, unmeasured, carrier!, factory!)
  await record(cut, signatures)
}

async function record(
  cut: Parameters<typeof manualCutArguments>[0]['cut'],
  signatures: { fromSignature: Hex; toSignature: Hex },
): Promise<void> {
  const args = manualCutArguments({ terms: shipment.terms, cut, ...signatures })
  await mined(world.client.writeContract({ ...agreementAt(), functionName: 'recordManualCut', args }))
}

async function mined(sent: Promise<Hex>): Promise<void> {
  const receipt = await world.client.waitForTransactionReceipt({ hash: await sent, pollingInterval: 20 })
  expect(receipt.status).toBe('success')
}

const request = (method: string, params: unknown[] = []) =>
  world.client.request({ method, params } as never) as Promise<unknown>

const mineBlocks = (count: number) => request('anvil_mine', [`0x${count.toString(16)}`])

async function contractEvents(one = shipment): Promise<ConsignEvent[]> {
  const events: ConsignEvent[] = []
  for await (const { data } of log.read([subjects.chain(one.agreement)])) events.push(parseEvent(data))
  return events
}

/** What is told of the contract, in order. */
async function told(one = shipment): Promise<string[]> {
  const events = await contractEvents(one)
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  return events.map((event) =>
    event.type === 'chain.happened.v1' ? event.data.name : event.type.replace(/^chain\.|\.v1$/g, ''),
  )
}

async function journalKeys(): Promise<string[]> {
  const keys: string[] = []
  for await (const { data } of log.read([subjects.chain(writer)])) {
    const event = parseEvent(data)
    if (event.type === 'chain.intended.v1') keys.push(event.data.key)
  }
  return keys
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}
