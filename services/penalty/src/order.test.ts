import { type EventLog, memoryEventLog, type Recorded } from '@consign/eventlog'
import { encodeEvent } from '@consign/events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assess, type PenaltyEvent } from './assess.ts'
import { inLogOrder, SampleShipment, type Temperatures } from './sample-log.ts'
import { Assessor } from './service.ts'

const temperature = fc.option(fc.constantFrom(20_000, 40_000, 40_001, 45_000), { nil: undefined })
const envelope: fc.Arbitrary<Temperatures> = fc.array(temperature, { maxLength: 4 })
const leg = fc.array(envelope, { minLength: 1, maxLength: 5 })
const journey = fc.array(leg, { minLength: 1, maxLength: 3 })
const TAKERS = ['shipper-x', 'shipper-y'] as const

async function travel(
  legs: readonly (readonly Temperatures[])[],
  agreement?: `0x${string}`,
): Promise<SampleShipment> {
  const shipment = new SampleShipment(agreement).packed()
  for (const [index, envelopes] of legs.entries()) {
    for (const temperatures of envelopes) await shipment.envelope(temperatures)
    shipment.transferred(index === legs.length - 1 ? 'factory' : (TAKERS[index] ?? 'factory'))
  }
  return shipment
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
      expect(verdict(assess(inLogOrder(shuffled)))).toEqual(expected)
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
