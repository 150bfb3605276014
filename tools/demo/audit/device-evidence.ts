import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'

export type DeviceLeg = {
  leg: number
  party: Hex
  readings: number
  n: number
  head: Hex
  root: Hex
  cutDigest: Hex | null
}

/** What the device's own file says; edge/README.md describes its tables. */
export type DeviceEvidence = {
  legs: DeviceLeg[]
  /** Signed but not receipted as stored. */
  framesWaiting: number
  /** Sampled but in no signed envelope. */
  readingsWaiting: number
  source: { readings: number; emptyRows: number; shiftMs: number }
}

/** Reads the spool without changing it. Refusal `audit.device` when there is none or it is damaged. */
export function readDevice(deviceDir: string): DeviceEvidence {
  const file = readdirSync(deviceDir).find((name) => name.endsWith('.sqlite'))
  if (file === undefined)
    throw new Refusal('audit.device', `${deviceDir} has no spool; name the device's folder.`)
  const db = new DatabaseSync(join(deviceDir, file), { readOnly: true })
  try {
    const legs = db
      .prepare('SELECT leg, party, readings, n, head, root, cutDigest FROM legs ORDER BY leg')
      .all() as DeviceLeg[]
    const count = (table: 'frames' | 'readings') =>
      Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
    return {
      legs,
      framesWaiting: count('frames'),
      readingsWaiting: count('readings'),
      source: readSource(db),
    }
  } finally {
    db.close()
  }
}

function readSource(db: DatabaseSync): DeviceEvidence['source'] {
  const fact = (name: string) => Number(db.prepare('SELECT value FROM facts WHERE name = ?').get(name)?.value)
  return {
    readings: fact('sourceReadings'),
    emptyRows: fact('sourceEmptyRows'),
    shiftMs: fact('sourceShiftMs'),
  }
}
