// Goods that never come, on a real anvil, closed by the service as a real process on a real nats-server.
import { fileURLToPath } from 'node:url'
import { agreementAbi } from '@consign/chain'
import type { EventLog } from '@consign/eventlog'
import { type ConsignEvent, type EventOf, type Hex, parseEvent, subjects } from '@consign/events'
import { general, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT } from '@consign/terms/testing'
import { parseEther } from 'viem'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeShipment, type Shipment } from '../../../contracts/script/shipment.ts'
import { type ServiceProcess, startServiceProcess } from '../../../packages/chain/test/service-process.ts'
import { append, makeScenario, type Scenario, writeLost, writeScenario } from './scenario.ts'
import { openStage, type Stage } from './stage.ts'

const PROGRAM = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const SECOND_HOURS = 1 / 3600
/** The goods count as lost at once, which costs who holds them 20. */
const LOST_DRAFT: TermsDraft = {
  ...SAMPLE_DRAFT,
  deadline: {
    hours: SECOND_HOURS,
    penaltyTokens: '1',
    lostAfterHours: 2 * SECOND_HOURS,
    lossPenaltyTokens: '20',
  },
}
/** Over, with or without delivery. */
const OVER = 2

let stage: Stage
let world: Stage['world']
let log: EventLog
let scenario: Scenario
let env: Record<string, string>
let writer: Hex
let service: ServiceProcess | undefined

beforeEach(async () => {
  stage = await openStage({ WATCH_POLL_MS: '100', CLOSE_LOST_MS: '0' })
  ;({ world, log, env, writer } = stage)
  scenario ??= await makeScenario(world.deployment, LOST_DRAFT)
})

afterEach(async () => {
  await service?.stop()
  service = undefined
  await stage?.close()
})

const NEVER = { CLOSE_LOST_MS: 'never' }

describe('goods that count as lost', () => {
  it('are charged to who has them, and the agreement is closed', async () => {
    await writeLost(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('ClosedUndelivered'))
    expect(await read('phase')).toBe(OVER)
    expect(await closings()).toEqual([`close:${scenario.shipment.agreement}:1`])
    const losses = (await ofType('chain.case.charged.v1')).filter(
      ({ data }) => data.caseId !== scenario.violation,
    )
    expect(losses).toMatchObject([
      { data: { leg: 1, custodian: carrier(), penalty: String(parseEther('20')) } },
    ])
  })

  it('and never left cost nobody anything', async () => {
    await writeSigned()
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('ClosedUndelivered'))
    expect(await ofType('chain.case.charged.v1')).toEqual([])
    expect(await closings()).toEqual([`close:${scenario.shipment.agreement}:0`])
  })

  it('are left to others when the service shall not close, or is told of a delivery', async () => {
    await writeLost(log, scenario)
    service = startServiceProcess(PROGRAM, { ...env, ...NEVER })
    await until(underWay)
    await service.stop()
    const { agreement, terms } = scenario.shipment
    const of = { agreement, shipment: general(terms).shipment }
    const to = scenario.handovers.at(-1)!.to
    await append(log, { type: 'custody.delivered.v1', data: { ...of, leg: 1, to } })
    // It has looked at all of them when this one is closed.
    const other = await makeShipment({ ...world.deployment, anchorWriter: writer }, LOST_DRAFT)
    await writeSigned(other)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('ClosedUndelivered'))
    expect(await closings()).toEqual([`close:${other.agreement}:0`])
    expect(await read('phase')).toBe(1)
  })

  it('by their terms, but were delivered, are not closed', async () => {
    await writeScenario(log, scenario)
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('Delivered'))
    expect(await closings()).toEqual([])
  })
})

describe('killed and started again, it closes once', () => {
  it.each(['intended', 'signed', 'broadcast', 'mined'])('at %s', async (step) => {
    await writeLost(log, scenario)
    service = startServiceProcess(PROGRAM, { ...env, ...NEVER })
    await until(underWay)
    await until(async () => (await openKeys()).length === 0)
    await service.stop()
    expect(await startServiceProcess(PROGRAM, env, `chain-writer.${step}`).ended).toBe('SIGKILL')
    service = startServiceProcess(PROGRAM, env)
    await until(async () => (await told()).includes('ClosedUndelivered'))
    await until(async () => (await openKeys()).length === 0)
    const key = `close:${scenario.shipment.agreement}:1`
    expect(await closings()).toEqual([key])
    expect((await ofType('chain.signed.v1')).filter(({ data }) => data.key === key)).toHaveLength(1)
    // With the violation that was proven before.
    expect(await read('penaltiesOf', carrier())).toBe(parseEther('30'))
  })
})

const carrier = () => scenario.handovers[0]!.to

/** Leg 1 has begun on chain, and all that there is to anchor is anchored. */
async function underWay(): Promise<boolean> {
  const moved = await ofType('chain.custody.moved.v1')
  const keys = (await ofType('chain.finalized.v1')).map(({ data }) => data.key)
  return moved.length > 0 && keys.some((key) => key.startsWith('witness:'))
}

async function writeSigned(shipment: Shipment = scenario.shipment): Promise<void> {
  const { agreement, terms, termsHash, payerSignature, payeeSignature } = shipment
  const of = { agreement, shipment: general(terms).shipment }
  await append(log, {
    type: 'custody.agreement.signed.v1',
    data: { ...of, terms, termsHash, payerSignature, payeeSignature },
  })
}

function read(functionName: 'phase' | 'penaltiesOf', of?: Hex): Promise<unknown> {
  const at = { address: scenario.shipment.agreement, abi: agreementAbi } as const
  if (functionName === 'phase') return world.client.readContract({ ...at, functionName })
  return world.client.readContract({ ...at, functionName, args: [of!] })
}

async function ofType<T extends ConsignEvent['type']>(type: T): Promise<EventOf<T>[]> {
  const events: EventOf<T>[] = []
  for await (const { data } of log.read([subjects.chain('*')])) {
    const event = parseEvent(data)
    if (event.type === type) events.push(event as EventOf<T>)
  }
  return events
}

const told = async () => (await ofType('chain.happened.v1')).map(({ data }) => data.name)

async function closings(): Promise<string[]> {
  const keys = (await ofType('chain.intended.v1')).map(({ data }) => data.key)
  return keys.filter((key) => key.startsWith('close:'))
}

async function openKeys(): Promise<string[]> {
  const final = (await ofType('chain.finalized.v1')).map(({ data }) => data.key)
  return (await ofType('chain.intended.v1')).map(({ data }) => data.key).filter((key) => !final.includes(key))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}
