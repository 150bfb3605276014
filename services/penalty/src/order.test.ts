import { Refusal } from '@consign/envelope'
import { type EventLog, memoryEventLog, type Recorded } from '@consign/eventlog'
import { encodeEvent } from '@consign/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assess, type PenaltyEvent } from './assess.ts'
import { ReplayDiffers } from './desk.ts'
import { inLogOrder, SampleShipment, START_MS, sampleWith, type Temperatures } from './sample-log.ts'
import { Assessor } from './service.ts'

const UNCAPPED = String(2n ** 96n - 1n)
const beneficiary = `0x${'be'.repeat(20)}` as const
const penalty = { base: '7', perStep: '2', step: 1_000, caseMax: UNCAPPED, limitMax: UNCAPPED, beneficiary }
const above = { salt: '0x00', metric: 'temperature', side: 'above', bound: 40_000, penalty } as const
const overTime = { startUpMs: 1_500, durationMs: 2_000, gapMsMax: 5_000, between: 'hold' } as const
const sample = sampleWith(
  { kind: 'limit.instantaneous', limitId: 1, ...above, startUpMs: 0 },
  { kind: 'limit.single', limitId: 2, ...above, ...overTime },
  { kind: 'limit.cumulative', limitId: 3, ...above, ...overTime, scope: 'leg' },
  { kind: 'limit.cumulative', limitId: 4, ...above, ...overTime, scope: 'shipment' },
  { kind: 'limit.meanKinetic', limitId: 5, ...above, bound: 30_000, startUpMs: 0, gapMsMax: 5_000 },
  {
    kind: 'deadline',
    ...{ salt: '0x00', limitId: 6, deliverByMs: START_MS + 9_000, lostAfterMs: 0, lossPenalty: '0', penalty },
  },
  { kind: 'silence', salt: '0x00', limitId: 7, silenceMsMax: 3_000, refuteMs: 1, bondWei: '1', penalty },
)

const temperature = fc.option(fc.constantFrom(20_000, 40_000, 40_001, 45_000), { nil: undefined })
const envelope: fc.Arbitrary<Temperatures> = fc.array(temperature, { maxLength: 4 })
const leg = fc.array(envelope, { minLength: 1, maxLength: 5 })
const journey = fc.array(leg, { minLength: 1, maxLength: 3 })
const TAKERS = ['shipper-x', 'shipper-y'] as const

async function travel(
  legs: readonly (readonly Temperatures[])[],
  agreement?: `0x${string}`,
): Promise<SampleShipment> {
  const shipment = new SampleShipment(agreement, sample).packed()
  for (const [index, envelopes] of legs.entries()) {
    for (const temperatures of envelopes) await shipment.envelope(temperatures)
    shipment.transferred(index === legs.length - 1 ? 'factory' : (TAKERS[index] ?? 'factory'))
  }
  return shipment.windowClosed()
}

/** What is held against whom, apart from when it was told. */
const verdict = (events: readonly PenaltyEvent[]): string[] =>
  events
    .filter(({ event }) => /violation|leg\.assessed/.test(event.type))
    .map(({ event }) => JSON.stringify(event.data))
    .sort()

test('in whatever order and however often envelopes are stored, the same is held against the same', async () => {
  await fc.assert(
    fc.asyncProperty(journey, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), async (legs, dice) => {
      const { messages } = await travel(legs)
      const expected = verdict(assess(messages))
      const custody = messages.filter(({ subject }) => subject.startsWith('custody.'))
      const window = custody.splice(-1)
      const envelopes = messages.filter(({ subject }) => subject.startsWith('envelope.'))
      const shuffled: Recorded[] = []
      let die = 0
      const roll = (sides: number) => (dice[die++ % dice.length] as number) % sides
      shuffled.push(...custody.splice(0, 1))
      const left = [...envelopes, ...envelopes.filter(() => roll(3) === 0)]
      while (custody.length + left.length > 0) {
        const takesCustody = left.length === 0 || (custody.length > 0 && roll(3) === 0)
        shuffled.push(...(takesCustody ? custody.splice(0, 1) : left.splice(roll(left.length), 1)))
      }
      expect(verdict(assess(inLogOrder([...shuffled, ...window])))).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('envelopes that never come: in whatever order the others do, the same is held against the same', async () => {
  await fc.assert(
    fc.asyncProperty(journey, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), async (legs, dice) => {
      const { messages } = await travel(legs)
      let die = 0
      const roll = (sides: number) => (dice[die++ % dice.length] as number) % sides
      const custody = messages.filter(({ subject }) => subject.startsWith('custody.'))
      const came = messages.filter(({ subject }) => subject.startsWith('envelope.') && roll(3) > 0)
      const [signed, ...others] = custody
      const shuffled = came.map((message) => ({ message, at: roll(1_000) })).sort((a, b) => a.at - b.at)
      const window = others.splice(-1)
      const inOrder = [signed as Recorded, ...others, ...came, ...window]
      const outOfOrder = [signed as Recorded, ...shuffled.map(({ message }) => message), ...others, ...window]
      const events = assess(inLogOrder(outOfOrder))
      expect(verdict(events)).toEqual(verdict(assess(inLogOrder(inOrder))))
      expect(events.filter(({ event }) => event.type === 'penalty.shipment.assessed.v1')).toHaveLength(1)
    }),
    { numRuns: 60 },
  )
})

/** A log whose n-th append dies, before or after it was stored, as a process may. */
function failing(log: EventLog, deaths: Map<number, 'before' | 'after'>): EventLog {
  let appends = 0
  const dying: Pick<EventLog, 'append'> = {
    append: async (subject, events, options) => {
      const death = deaths.get(appends++)
      if (death === 'before') throw new Error('killed')
      const appended = await log.append(subject, events, options)
      if (death === 'after') throw new Error('killed')
      return appended
    },
  }
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'append') return dying.append
      const member = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

test('wherever the service dies, the log ends with the events of its replay, byte for byte', async () => {
  const death = fc.constantFrom('before' as const, 'after' as const)
  const deaths = fc.array(fc.tuple(fc.nat({ max: 12 }), death), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(journey, journey, deaths, async (one, two, dying) => {
      const log = memoryEventLog(() => 1_700_000_000_000)
      const a = await travel(one, `0x${'a1'.repeat(20)}`)
      const b = await travel(two, `0x${'b2'.repeat(20)}`)
      const mixed = [...a.messages, ...b.messages].sort((x, y) => x.seq - y.seq)
      for (const { subject, data, headers } of mixed) {
        await log.publish(subject, data, {
          msgId: `${subject}${Buffer.from(data).toString('base64')}`,
          headers,
        })
      }
      const inputs: Recorded[] = []
      for await (const message of log.read(['envelope.>', 'custody.*'])) inputs.push(message)

      const fragile = failing(log, new Map(dying))
      let assessor = new Assessor(fragile)
      for (const message of inputs) {
        for (let handled = false; !handled; ) {
          try {
            await assessor.handle(message)
            handled = true
          } catch {
            assessor = new Assessor(fragile)
          }
        }
      }

      const stored = new Map<string, string[]>()
      for await (const { subject, data } of log.read(['penalty.*', 'rating.*.*'])) {
        stored.set(subject, [...(stored.get(subject) ?? []), Buffer.from(data).toString()])
      }
      const expected = new Map<string, string[]>()
      for (const { subject, event } of assess(inputs)) {
        expected.set(subject, [...(expected.get(subject) ?? []), Buffer.from(encodeEvent(event)).toString()])
      }
      expect(stored).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})

test('where the log holds other events than its replay gives, the service ends and says which', async () => {
  const log = memoryEventLog(() => 1_700_000_000_000)
  const { messages, agreement } = await travel([[[45_000, 20_000], [20_000]]])
  for (const { subject, data } of messages) {
    await log.publish(subject, data, { msgId: `${subject}${Buffer.from(data).toString('base64')}` })
  }
  const inputs: Recorded[] = []
  for await (const message of log.read(['envelope.>', 'custody.*'])) inputs.push(message)
  const [first] = assess(inputs)
  const { event, subject } = first as PenaltyEvent
  await log.append(subject, [{ ...event, time: event.time + 1 }], { expectedSeq: 0 })
  const assessor = new Assessor(log)
  const work = (async () => {
    for (const message of inputs) await assessor.handle(message)
  })()
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ReplayDiffers)
  expect(error).not.toBeInstanceOf(Refusal)
  expect(error).toMatchObject({ code: 'penalty.replay' })
  expect(String(error)).toContain(`penalty.${agreement} holds ${event.id} at LOG:`)
})
