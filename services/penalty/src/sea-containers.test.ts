import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MISSING } from '@consign/envelope'
import type { EventData } from '@consign/events'
import type { DeadlineClause, LimitClause } from '@consign/terms'
import { type NaiveEnvelope, type NaiveLimit, naiveCases } from '@consign/terms/judging/naive'
import { describe, expect, test } from 'vitest'
import { assess } from './assess.ts'
import { SampleShipment, sampleWith } from './sample-log.ts'

// Real telemetry, beside the repository where it may lie; nothing of it is kept here.
const FILE = fileURLToPath(new URL('../../../../shared/data/sea-containers.csv', import.meta.url))
const READINGS_PER_ENVELOPE = 32
const EXCURSIONS_ABOVE_40_C = { A: 3, C: 2, E: 0, F: 2, G: 4 }

type Row = { atMs: number; temperature: number | undefined }

/** Every row that measured anything, by time; temperature in milli-°C, time since the first row. */
function readRows(name: string): Row[] {
  const [header = '', ...lines] = readFileSync(FILE, 'utf8').trim().split('\n')
  const columns = header.split(',')
  const rows = lines.map((line) => line.split(',')).filter(([device]) => device === name)
  rows.sort((a, b) => Date.parse(a[1] ?? '') - Date.parse(b[1] ?? ''))
  const at = columns.indexOf('temperature')
  const measured = rows.filter((row) => row.slice(2).some((cell) => cell !== ''))
  const firstMs = Date.parse(measured[0]?.[1] ?? '')
  return measured.map((row) => ({
    atMs: Date.parse(row[1] ?? '') - firstMs,
    temperature: row[at] ? Math.round(Number(row[at]) * 1000) : undefined,
  }))
}

const readContainer = (name: string): (number | undefined)[] =>
  readRows(name).map(({ temperature }) => temperature)

/** The straightforward count: how often a measured value is above the bound when the one before it, on the same leg, was not. */
function countExcursions(legs: (number | undefined)[][]): number[] {
  return legs.map((leg) => {
    const measured = leg.filter((value) => value !== undefined)
    return measured.filter((value, index) => value > 40_000 && !((measured[index - 1] ?? 0) > 40_000)).length
  })
}

async function violationsByLeg(legs: (number | undefined)[][]): Promise<number[]> {
  const shipment = new SampleShipment().packed()
  const takers = ['shipper-x', 'shipper-y', 'factory'].slice(3 - legs.length)
  for (const [index, leg] of legs.entries()) {
    for (let at = 0; at < leg.length; at += READINGS_PER_ENVELOPE) {
      await shipment.envelope(leg.slice(at, at + READINGS_PER_ENVELOPE))
    }
    shipment.transferred(takers[index] ?? 'factory')
  }
  const events = assess(shipment.messages)
  const charged = events.filter(({ event }) => event.type === 'penalty.violation.charged.v1')
  return legs.map(
    (_, leg) => charged.filter(({ event }) => (event.data as { leg: number }).leg === leg).length,
  )
}

describe.skipIf(!existsSync(FILE))('sea containers', () => {
  for (const [name, expected] of Object.entries(EXCURSIONS_ABOVE_40_C)) {
    test(`container ${name} passes 40 °C ${expected} times`, async () => {
      const values = readContainer(name)
      expect(await violationsByLeg([values])).toEqual([expected])
      expect(countExcursions([values])).toEqual([expected])
    })
  }

  test('with two handovers anywhere, each excursion is held against who had the container then', async () => {
    for (const name of ['A', 'C', 'F', 'G']) {
      const values = readContainer(name)
      const outside = values.findIndex((value) => value !== undefined && value > 40_000)
      // The first handover falls into the middle of an excursion or right behind its start.
      const cuts = [outside + 1, Math.floor((outside + values.length) / 2)] as const
      const legs = [values.slice(0, cuts[0]), values.slice(cuts[0], cuts[1]), values.slice(cuts[1])]
      expect(await violationsByLeg(legs), name).toEqual(countExcursions(legs))
    }
  })

  test('limits over time find what the naive reference finds, whoever had the container', async () => {
    let found = 0
    for (const name of Object.keys(EXCURSIONS_ABOVE_40_C)) {
      const rows = readRows(name)
      const third = Math.floor(rows.length / 3)
      for (const legs of [
        [rows],
        [rows.slice(0, third), rows.slice(third, 2 * third), rows.slice(2 * third)],
      ]) {
        const cases = await judgedCases(legs)
        expect(cases, name).toEqual(expectedCases(legs))
        found += cases.length
      }
    }
    expect(found).toBeGreaterThan(100)
  })
})

const MINUTE_MS = 60_000
const YEAR_9999_MS = Date.UTC(9999, 0, 1)
const UNCAPPED = String(2n ** 96n - 1n)
const penalty = {
  base: '1000',
  caseMax: UNCAPPED,
  limitMax: UNCAPPED,
  beneficiary: `0x${'be'.repeat(20)}`,
} as const
const onTemperature = { salt: '0x00', metric: 'temperature', startUpMs: 30 * MINUTE_MS } as const
const overTime = {
  ...{ durationMs: 20 * MINUTE_MS, gapMsMax: 120 * MINUTE_MS },
  penalty: { ...penalty, perStep: '7', step: MINUTE_MS },
}
const LIMITS: (NaiveLimit & LimitClause)[] = [
  {
    kind: 'limit.instantaneous',
    ...{ ...onTemperature, limitId: 1, side: 'above', bound: 30_000 },
    penalty: { ...penalty, perStep: '3', step: 500 },
  },
  ...(['hold', 'linear', 'worstCase'] as const).flatMap((between, at): (NaiveLimit & LimitClause)[] => [
    {
      kind: 'limit.single',
      ...{ ...onTemperature, ...overTime, limitId: 10 + at, side: 'above', bound: 30_000, between },
    },
    {
      kind: 'limit.cumulative',
      ...{
        ...onTemperature,
        ...overTime,
        limitId: 20 + at,
        side: 'below',
        bound: 15_000,
        between,
        scope: 'leg',
      },
    },
  ]),
]
/** All terms have one; it is not what is judged here. */
const NEVER_LATE: DeadlineClause = {
  kind: 'deadline',
  ...{ salt: '0x00', limitId: 99, deliverByMs: YEAR_9999_MS, lostAfterMs: YEAR_9999_MS, lossPenalty: '0' },
  penalty: { ...penalty, perStep: '0', step: 0 },
}

const caseOf = (
  leg: number,
  limitId: number,
  startSeq: number,
  startIndex: number,
  worst: number,
  cost: string,
) => `leg ${leg} limit ${limitId} at ${startSeq}.${startIndex}: ${worst}, ${cost}`

/** Rows in envelopes. */
const chunks = (rows: Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / READINGS_PER_ENVELOPE) }, (_, at) =>
    rows.slice(at * READINGS_PER_ENVELOPE, (at + 1) * READINGS_PER_ENVELOPE),
  )

async function judgedCases(legs: Row[][]): Promise<string[]> {
  const shipment = new SampleShipment(undefined, sampleWith(...LIMITS, NEVER_LATE)).packed()
  const takers = ['shipper-x', 'shipper-y', 'factory'].slice(3 - legs.length)
  for (const [leg, rows] of legs.entries()) {
    for (const chunk of chunks(rows)) {
      const atMs = chunk.map((row) => row.atMs)
      await shipment.envelope(
        chunk.map(({ temperature }) => temperature),
        { atMs },
      )
    }
    shipment.transferred(takers[leg] ?? 'factory')
  }
  return assess(shipment.messages)
    .flatMap(({ event }): string[] => {
      if (event.type !== 'penalty.violation.charged.v1') return []
      const {
        leg,
        limitId,
        startSeq,
        startIndex,
        worst,
        penalty: cost,
      } = event.data as EventData<typeof event.type>
      return [caseOf(leg, limitId, startSeq, startIndex, worst as number, cost)]
    })
    .sort()
}

function expectedCases(legs: Row[][]): string[] {
  return legs
    .flatMap((rows, leg) => {
      const envelopes = chunks(rows).map((chunk, seq): NaiveEnvelope => {
        const baseMonotonicMs = chunk[0]?.atMs ?? 0
        const timesMs = chunk.map(({ atMs }) => atMs - baseMonotonicMs)
        const values = chunk.map(({ temperature }) => temperature ?? MISSING)
        return { seq, bootId: 'boot', baseMonotonicMs, baseUtcMs: 0, timesMs, values }
      })
      return LIMITS.flatMap((limit) =>
        naiveCases(limit, leg, envelopes).map(({ startSeq, startIndex, worst, penalty: cost }) =>
          caseOf(leg, limit.limitId, startSeq, startIndex, worst, String(cost)),
        ),
      )
    })
    .sort()
}
