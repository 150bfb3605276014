// Claims of silence on a real anvil, refuted by the service as a real process on a real nats-server.
import { fileURLToPath } from 'node:url'
import { agreementAbi, claimSilenceArguments } from '@consign/chain'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, type EventOf, type Hex, parseEvent, subjects } from '@consign/events'
import { caseId, silence, type TermsDraft } from '@consign/terms'
import { LEG_INDEX } from '@consign/terms/judging'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { developer } from '../../../contracts/script/anvil.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { writeSilentLeg } from './scenario.ts'
import { openStage, type Stage } from './stage.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  silence: { minutesMax: 60, refuteHours: 24, bondEth: '0.01', penaltyTokens: '3' },
}
const PROVEN = 1
const VOID = 5

let stage: Stage
let world: Stage['world']
let log: EventLog
let scene: Awaited<ReturnType<typeof writeSilentLeg>>
let env: Record<string, string>
let writer: Hex
let service: ServiceProcess | undefined

beforeEach(async () => {
  stage = await openStage({ CONTEST_POLL_MS: '100', WATCH_POLL_MS: '100' })
  ;({ world, log, env, writer } = stage)
  scene = await writeSilentLeg(log, world.deployment, DRAFT)
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  await stage?.close()
})

describe('a claim of silence', () => {
  it('after an envelope that was not the last is refuted with the next one, and the bond is the writer’s', async () => {
    await scene.store(1)
    await started()
    const key = await claim(0)
    const { result } = await refuted(key)
    expect(result).toMatchObject({ event: 'SilenceRefuted', by: writer })
    await expectRefuted(0)
    expect(await dropped()).toEqual([caseOf(0)])
  })

  it('is refuted when the envelope comes late, but in time', async () => {
    await scene.store(1)
    await started()
    const key = await claim(1)
    await until(async () => (await charged()).includes(caseOf(1)))
    expect(await caseNow(1)).toMatchObject({ state: 4 })
    await scene.store(2)
    await refuted(key)
    await expectRefuted(1)
  })

  it('after the last envelope of a leg is refuted when its end is recorded', async () => {
    for (const index of [1, 2]) await scene.store(index)
    await started()
    const key = await claim(2)
    await scene.end()
    expect((await refuted(key)).what).toBe('refute a claim of silence')
    await expectRefuted(2)
  })

  it('that is true stands, and nothing is sent against it', async () => {
    await started()
    const key = await claim(0)
    await world.client.request({ method: 'evm_increaseTime', params: [25 * 3600] } as never)
    const at = { address: scene.shipment.agreement, abi: agreementAbi } as const
    const sender = { account: developer, chain: null } as const
    const resolved = { ...at, ...sender, functionName: 'resolve', args: [caseOf(0)] } as const
    await mined(world.client.writeContract(resolved))
    expect(await caseNow(0)).toMatchObject({ state: PROVEN })
    await scene.store(1)
    await until(async () => (await happened()).includes('ClaimStood'))
    expect((await ofType('chain.intended.v1')).some(({ data }) => data.key === key)).toBe(false)
  })
})

describe('killed and started again, it refutes once', () => {
  it.each(['intended', 'signed', 'broadcast', 'mined'])('at %s', async (step) => {
    await scene.store(1)
    await started()
    await until(async () => (await openKeys()).length === 0)
    await service?.stop()
    const key = await claim(0)
    expect(await startServiceProcess(PROGRAM, env, `chain-writer.${step}`).ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    await refuted(key)
    await expectRefuted(0)
    expect((await ofType('chain.signed.v1')).filter(({ data }) => data.key === key)).toHaveLength(1)
  })
})

async function started(): Promise<void> {
  service = startServiceProcess(PROGRAM, env)
  await until(async () => (await happened()).includes('Started'))
}

/** By somebody who has nothing to do with the shipment; resolves to the key of the refutation. */
async function claim(seq: number): Promise<string> {
  const { shipment, leg } = scene
  const evidence = { terms: shipment.terms, keys: leg.signedKeys, last: leg.wires[seq]! }
  const { args, valueWei: value } = claimSilenceArguments(evidence)
  const at = { address: shipment.agreement, abi: agreementAbi, account: developer, chain: null } as const
  await mined(world.client.writeContract({ ...at, functionName: 'claimSilence', args, value }))
  const { openUntil } = await caseNow(seq)
  return `refute:${caseOf(seq)}:${openUntil}`
}

async function mined(sent: Promise<Hex>): Promise<void> {
  const receipt = await world.client.waitForTransactionReceipt({ hash: await sent, pollingInterval: 20 })
  expect(receipt.status).toBe('success')
}

function caseOf(seq: number): Hex {
  const { agreement, terms } = scene.shipment
  return caseId({
    agreement,
    leg: 0,
    limitId: silence(terms)!.limitId,
    startSeq: seq,
    startIndex: LEG_INDEX,
  })
}

function caseNow(seq: number) {
  const at = { address: scene.shipment.agreement, abi: agreementAbi } as const
  return world.client.readContract({ ...at, functionName: 'caseOf', args: [caseOf(seq)] })
}

// The agreement holds no bond any more: it went to whoever refuted.
async function expectRefuted(seq: number): Promise<void> {
  expect(await caseNow(seq)).toMatchObject({ state: VOID, penalty: 0n, bondWei: 0n })
  expect(await world.client.getBalance({ address: scene.shipment.agreement })).toBe(0n)
}

async function refuted(key: string): Promise<EventOf<'chain.mined.v1'>['data']> {
  const found = async () => (await ofType('chain.mined.v1')).find(({ data }) => data.key === key)
  await until(async () => (await found()) !== undefined)
  return (await found())!.data
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([subjects.chain('*')])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

const happened = async () => (await ofType('chain.happened.v1')).map(({ data }) => data.name)
const charged = async () => (await ofType('chain.case.charged.v1')).map(({ data }) => data.caseId)

async function dropped(): Promise<Hex[]> {
  await until(async () => (await ofType('chain.case.dropped.v1')).length > 0)
  return (await ofType('chain.case.dropped.v1')).map(({ data }) => data.caseId)
}

async function openKeys(): Promise<string[]> {
  const final = (await ofType('chain.finalized.v1')).map(({ data }) => data.key)
  return (await ofType('chain.intended.v1')).map(({ data }) => data.key).filter((key) => !final.includes(key))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}
