// Contests on a real anvil, answered by the service as a real process on a real nats-server.
import { fileURLToPath } from 'node:url'
import { agreementAbi, contestArguments, walletClient } from '@consign/chain'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, type EventOf, type Hex, parseEvent, subjects } from '@consign/events'
import { windows } from '@consign/terms'
import { privateKeyToAddress } from 'viem/accounts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { append, makeScenario, type Scenario, sealedFact, writeScenario } from './scenario.ts'
import { openStage, type Stage } from './stage.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const UPHELD = 3
// One wallet for all tests: the terms name it as the writer of anchors, and terms are signed once.
const WRITER_KEY: Hex = `0x${'5c'.repeat(32)}`
const writer = privateKeyToAddress(WRITER_KEY).toLowerCase() as Hex

let stage: Stage
let world: Stage['world']
let log: EventLog
let scenario: Scenario
let env: Record<string, string>
let service: ServiceProcess | undefined

beforeEach(async () => {
  stage = await openStage({ CONTEST_POLL_MS: '100' }, WRITER_KEY)
  ;({ world, log, env } = stage)
  scenario ??= await makeScenario({ ...world.deployment, anchorWriter: writer })
  await world.giveEther(accused().address)
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  await stage?.close()
})

describe('a contest', () => {
  it('is answered with the seal of the leg, and the bond is the writer’s', async () => {
    await writeScenario(log, scenario)
    await append(log, await sealedFact(scenario))
    service = startServiceProcess(PROGRAM, env)
    await proven()
    const key = await contest()
    const answer = await answered(key)
    expect(answer.result).toMatchObject({
      event: 'LegSealed',
      leg: 1,
      caseId: scenario.violation,
      by: writer,
    })
    await expectUpheld()
  })

  it('is answered with an anchor while no seal reaches the envelope', async () => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await proven()
    const answer = await answered(await contest())
    expect(answer.result).toMatchObject({ event: 'CaseUpheld', caseId: scenario.violation, by: writer })
    await expectUpheld()
  })

  it('that somebody else answered first leaves nothing to do', async () => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await proven()
    await service.stop()
    const key = await contest()
    // Its answer is copied from a service that never broadcasts.
    expect(await startServiceProcess(PROGRAM, env, 'chain-writer.intended').ended).toBe('SIGKILL')
    const intended = (await ofType('chain.intended.v1')).find(({ data }) => data.key === key)!
    const call = { account: developer, chain: null, to: intended.data.to, data: intended.data.data } as const
    const hash = await world.client.sendTransaction(call)
    expect((await world.client.waitForTransactionReceipt({ hash })).status).toBe('success')
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await ofType('chain.refused.v1')).some(({ data }) => data.key === key))
    expect((await ofType('chain.signed.v1')).filter(({ data }) => data.key === key)).toEqual([])
    await expectUpheld()
    expect(await service.stop()).toBe(0)
  })
})

describe('killed and started again, it answers once', () => {
  it.each(['intended', 'signed', 'broadcast', 'mined'])('at %s', async (step) => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await proven()
    await service.stop()
    const key = await contest()
    expect(await startServiceProcess(PROGRAM, env, `chain-writer.${step}`).ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    await answered(key)
    await until(async () => (await ofType('chain.finalized.v1')).some(({ data }) => data.key === key))
    await service.stop()
    service = undefined

    const signed = (await ofType('chain.signed.v1')).map(({ data }) => data)
    expect(signed.filter((one) => one.key === key)).toHaveLength(1)
    expect(await world.client.getTransactionCount({ address: writer })).toBe(signed.length)
    await expectUpheld()
  })
})

function accused() {
  return scenario.shipment.parties['shipper-x']!.wallet
}

/** The violation is on chain, and the whole of the log is anchored, with its age noted: the wallet has nothing else to send. */
async function proven(): Promise<void> {
  await until(async () => {
    const final = (await ofType('chain.finalized.v1')).map(({ data }) => data.key)
    const mined = (await ofType('chain.mined.v1')).filter(({ data }) => data.key.startsWith('anchor:'))
    const isNoted = final.some((key) => key.startsWith('witness:'))
    const isAnchored = mined.some(({ data }) => data.result?.size === 5)
    return isNoted && isAnchored && final.includes(`violation:${scenario.violation}`)
  })
}

/** By the accused, with its bond; resolves to the key of the answer. */
async function contest(): Promise<string> {
  const client = walletClient(world.anvil.url, accused())
  const { terms, agreement: address } = scenario.shipment
  const at = { address, abi: agreementAbi } as const
  const asked = [BigInt(windows(terms).contestBondWei)] as const
  const least = await client.readContract({ ...at, functionName: 'contestBondWei', args: asked })
  const args = contestArguments({ terms, caseId: scenario.violation })
  const value = least * 2n
  const hash = await client.writeContract({ ...at, functionName: 'contest', args, value, chain: null })
  expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success')
  const { openUntil } = await caseNow()
  return `answer:${scenario.violation}:${openUntil}`
}

function caseNow() {
  const args = [scenario.violation] as const
  const at = { address: scenario.shipment.agreement, abi: agreementAbi } as const
  return world.client.readContract({ ...at, functionName: 'caseOf', args })
}

async function answered(key: string): Promise<EventOf<'chain.mined.v1'>['data']> {
  const found = async () => (await ofType('chain.mined.v1')).find(({ data }) => data.key === key)
  await until(async () => (await found()) !== undefined)
  return (await found())!.data
}

// The agreement holds no bond any more: it went to whoever answered.
async function expectUpheld(): Promise<void> {
  expect(await caseNow()).toMatchObject({ state: UPHELD, bondWei: 0n })
  expect(await world.client.getBalance({ address: scenario.shipment.agreement })).toBe(0n)
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
