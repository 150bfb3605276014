import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDelegated } from '@consign/chain'
import { parseEvent, subjects } from '@consign/events'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ShipmentDocument } from './document.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'

const EXAMPLES = fileURLToPath(new URL('../../packages/terms/examples/', import.meta.url))
const CONTAINERS = fileURLToPath(new URL('../../../shared/data/sea-containers.csv', import.meta.url))
const ALL_HOLD = { conserved: true, replayIdentical: true, anchorsVerified: true, nothingLost: true }
const LIMIT_CELSIUS = 40

let rehearsal: Rehearsal
beforeAll(async () => {
  rehearsal = await rehearse()
})
afterAll(() => rehearsal.end())

describe('two agreements at the same time', () => {
  it('do not touch each other', async () => {
    const [a, b] = await Promise.all([
      rehearsal.ship({ name: 'sc-a', serial: 1, termsFile: join(EXAMPLES, 'sc-a.json') }),
      rehearsal.ship({ name: 'sc-b', serial: 2, termsFile: join(EXAMPLES, 'sc-b.json') }),
    ])
    expect(a.document.checks).toEqual(ALL_HOLD)
    expect(b.document.checks).toEqual(ALL_HOLD)
    expect(a.document.agreement).not.toBe(b.document.agreement)
    expect(a.document.legs[0]?.custodian).toBe('supplier-a')
    expect(b.document.legs[0]?.custodian).toBe('supplier-b')
    const own = (document: ShipmentDocument) => new Set(document.violations.map(({ txHash }) => txHash))
    expect(own(a.document).isDisjointFrom(own(b.document))).toBe(true)
    // Carriers send drivers, and the payer comes itself.
    const { agreement } = a.document
    const byDriver: boolean[] = []
    for await (const { data } of rehearsal.log.read([subjects.custody(agreement)])) {
      const event = parseEvent(data)
      if (event.type === 'custody.transferred.v1') byDriver.push(isDelegated(event.data.accept))
    }
    expect(byDriver).toEqual([...a.document.legs.slice(1).map(() => true), false])
  }, 180_000)
})

type Row = { time: number; order: number; temperature: number | undefined }

/** The straightforward reading of the file, written without any of the project's code. */
function expectedViolations(device: string, handovers: string[]) {
  const records: Record<string, string>[] = parse(readFileSync(CONTAINERS), { columns: true })
  const rows: Row[] = records
    .filter((record) => record.device === device)
    .map((record, order) => ({
      time: Date.parse(record.utc!),
      order,
      temperature: record.temperature === '' ? undefined : Number(record.temperature),
    }))
    .sort((x, y) => x.time - y.time || x.order - y.order)
  const found: { leg: number; from: string; to: string; worst: number }[] = []
  let open: (typeof found)[number] | undefined
  for (const { time, temperature } of rows) {
    if (temperature === undefined) continue
    const leg = handovers.filter((handover) => time >= Date.parse(handover)).length
    if (temperature <= LIMIT_CELSIUS) {
      open = undefined
      continue
    }
    if (open?.leg !== leg) {
      open = { leg, from: iso(time), to: iso(time), worst: temperature }
      found.push(open)
    }
    open.to = iso(time)
    open.worst = Math.max(open.worst, temperature)
  }
  return found
}

const iso = (ms: number) => new Date(ms).toISOString()
const CUSTODIANS = ['supplier', 'shipper-x', 'shipper-y']

// Handovers in the middle of an excursion, between two, and none: whoever had the goods answers.
describe.skipIf(!existsSync(CONTAINERS))('a replay of real containers', () => {
  it.each([
    ['C', []],
    ['F', ['2016-03-31T17:06:00Z']],
    ['A', ['2016-08-10T20:00:14Z', '2016-08-15T15:59:38Z']],
  ])(
    'finds exactly the excursions of %s with handovers %j',
    async (device, handovers) => {
      const { document } = await rehearsal.ship({
        name: `container-${device}`,
        serial: device.charCodeAt(0),
        replay: { file: CONTAINERS, device, handovers },
      })
      const found = document.violations.map(({ leg, from, to, worst }) => ({ leg, from, to, worst }))
      expect(found).toEqual(expectedViolations(device, handovers))
      for (const { leg, custodian } of document.violations) expect(custodian).toBe(CUSTODIANS[leg])
      expect(document.checks).toEqual(ALL_HOLD)
    },
    180_000,
  )
})
