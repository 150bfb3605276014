import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkInputs } from './run.ts'
import { DEFAULT_TERMS, readDraft } from './shipment.ts'

const dir = mkdtempSync(join(tmpdir(), 'consign-inputs-'))
afterAll(() => rmSync(dir, { recursive: true }))

const PARTIES = [
  { name: 'acme', role: 'payer' },
  { name: 'maker', role: 'payee', amountTokens: '200' },
]
const HOT = { metric: 'temperature', above: 40, penaltyTokens: '10' }

function draftOf(json: unknown) {
  const file = join(dir, 'terms.json')
  writeFileSync(file, typeof json === 'string' ? json : JSON.stringify(json))
  return readDraft(file)
}

/** A replay of one row. */
function replayOf(handovers: string[]) {
  const file = join(dir, 'rows.csv')
  writeFileSync(
    file,
    'device,utc,lat,lon,door,motion,gforce,tilt,temperature,humidity,light\nA,2016-01-01T00:00:00Z,,,,,,,1,,\n',
  )
  return { file, device: 'A', handovers }
}

const check = async (json: unknown, handovers?: string[]) =>
  checkInputs(draftOf(json), handovers === undefined ? undefined : replayOf(handovers))

describe('what is refused before anything is started', () => {
  it.each<[code: string, what: string, json: unknown, handovers?: string[]]>([
    ['demo.terms', 'is not JSON', '{'],
    ['draft.schema', 'unknown field', { parties: PARTIES, limits: [], colour: 'red' }],
    ['draft.parties', 'role payer', { parties: PARTIES.slice(1), limits: [] }],
    ['terms.contradictory', 'no value is permitted', { parties: PARTIES, limits: [{ ...HOT, below: 41 }] }],
    ['terms.contradictory', 'keep one', { parties: PARTIES, limits: [HOT, HOT] }],
    ['demo.carriers', 'the terms name 0', { parties: PARTIES, limits: [HOT] }, ['2016-01-01T00:00:00Z']],
    ['replay.handover', 'outside', readDraft(DEFAULT_TERMS), ['2015-01-01T00:00:00Z']],
  ])('%s: %s', async (code, what, json, handovers) => {
    await expect((async () => check(json, handovers))()).rejects.toMatchObject({
      name: 'Refusal',
      code,
      message: expect.stringContaining(what),
    })
  })
})

it('takes other parties, no carriers, and limits on several metrics and both sides', async () => {
  const limits = [
    { ...HOT, below: -25 },
    { metric: 'humidity', below: 10, penaltyTokens: '0.25' },
  ]
  await check({ parties: PARTIES, limits, windows: { disputeHours: 168 } })
  await check({ parties: PARTIES, limits: [] }, [])
})
