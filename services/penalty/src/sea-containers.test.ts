import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { assess } from './assess.ts'
import { SampleShipment } from './sample-log.ts'

// Real telemetry, beside the repository where it may lie; nothing of it is kept here.
const FILE = fileURLToPath(new URL('../../../../shared/data/sea-containers.csv', import.meta.url))
const READINGS_PER_ENVELOPE = 32
const EXCURSIONS_ABOVE_40_C = { A: 3, C: 2, E: 0, F: 2, G: 4 }

/** Temperature in milli-°C of every row that measured anything, by time. */
function readContainer(name: string): (number | undefined)[] {
  const [header = '', ...lines] = readFileSync(FILE, 'utf8').trim().split('\n')
  const columns = header.split(',')
  const rows = lines.map((line) => line.split(',')).filter(([device]) => device === name)
  rows.sort((a, b) => Date.parse(a[1] ?? '') - Date.parse(b[1] ?? ''))
  const at = columns.indexOf('temperature')
  const measured = rows.filter((row) => row.slice(2).some((cell) => cell !== ''))
  return measured.map((row) => (row[at] ? Math.round(Number(row[at]) * 1000) : undefined))
}

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
})
