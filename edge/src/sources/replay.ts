import { createReadStream } from 'node:fs'
import { type MetricName, metricByName, type Reading, Refusal } from '@consign/envelope'
import { CsvError, parse } from 'csv-parse'
import { fixedFromDecimal } from './decimal.ts'
import { listSource, type Source, type SourceItem } from './source.ts'
import { parseIsoMs } from './time.ts'

/** The file's columns and what each is called in an envelope. All but device and utc may be empty in a row. */
const METRIC_OF_COLUMN: Readonly<Record<string, MetricName>> = {
  lat: 'latitude',
  lon: 'longitude',
  door: 'door',
  motion: 'motion',
  gforce: 'gforce',
  tilt: 'tilt',
  temperature: 'temperature',
  humidity: 'humidity',
  light: 'light',
}
const COLUMNS = ['device', 'utc', ...Object.keys(METRIC_OF_COLUMN)]
const FLAGS: readonly string[] = ['door', 'motion']
const ROWS_MAX = 5_000_000 // one device's rows in memory: about 200 B each, 1 GB
const RECORD_BYTES_MAX = 65_536 // a "line" longer than this is no CSV of readings
const HANDOVERS_MAX = 2 // supplier, shipper-x, shipper-y
const DEVICES_NAMED_MAX = 20
const AWAKE_INTERVALS_MAX = 2 // one sample may fail without the device having stopped

export type ReplayOptions = {
  file: string
  device: string
  /** ISO times in the file's own time, in order: readings at or after one belong to its taker. */
  handovers: readonly string[]
  /** Where the file's last row is moved to, in ms since 1970. */
  nowMs: number
  paceMs: number
  /** How often the recorded device sampled; by default what most of the file says. */
  intervalMs?: number | undefined
}

type Row = { utcMs: number; values: Partial<Record<MetricName, number>> }

/**
 * Recorded telemetry as a source: the rows of one device, ordered by time (rows of equal time keep the file's order), all moved by one offset
 * so that the last is at `nowMs`. A row without any value is counted in `emptyRows` and skipped. Between two readings at most twice its sampling
 * interval apart the recorded device was awake; a longer pause is one of the device itself, and stays a silence. A wrong file is refused as a whole, before
 * anything was emitted: Refusal 'replay.file' | 'replay.columns' | 'replay.csv' | 'replay.time' | 'replay.number' | 'replay.device' |
 * 'replay.handover'.
 */
export async function replaySource(options: ReplayOptions): Promise<Source> {
  const rows = await readRows(options.file, options.device)
  rows.sort((a, b) => a.utcMs - b.utcMs)
  const shiftMs = options.nowMs - rows[rows.length - 1]!.utcMs
  const filled = rows.filter((row) => Object.keys(row.values).length > 0)
  const handovers = checkedHandovers(options.handovers, rows)
  const awakeMsMax = AWAKE_INTERVALS_MAX * (options.intervalMs ?? usualIntervalMs(filled))
  const items = withScans(filled, handovers, { shiftMs, awakeMsMax })
  const summary = { readings: filled.length, emptyRows: rows.length - filled.length, shiftMs }
  return listSource(items, summary, options.paceMs)
}

async function readRows(file: string, device: string): Promise<Row[]> {
  const rows: Row[] = []
  const devices = new Set<string>()
  let indexes: Map<string, number> | undefined
  for await (const { record, info } of csvRecords(file)) {
    if (!indexes) {
      indexes = columnIndexes(record)
      continue
    }
    const name = record[indexes.get('device')!]!
    devices.add(name)
    if (name !== device) continue
    if (rows.length === ROWS_MAX)
      throw new Refusal('replay.csv', `more than ${ROWS_MAX} rows of one device: split the file`)
    rows.push(parseRow(record, indexes, info.lines))
  }
  if (!indexes) throw new Refusal('replay.columns', `${file} is empty: expected ${COLUMNS.join(',')}`)
  if (rows.length === 0) throw unknownDevice(device, devices)
  return rows
}

type CsvRecord = { record: string[]; info: { lines: number } }

async function* csvRecords(file: string): AsyncGenerator<CsvRecord> {
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
  })
  const stream = createReadStream(file)
  stream.on('error', (error) => parser.destroy(error))
  try {
    yield* stream.pipe(parser) as AsyncIterable<CsvRecord>
  } catch (error) {
    if (error instanceof CsvError)
      throw new Refusal('replay.csv', `${file}: ${error.message}`, { cause: error })
    if (error instanceof Error && 'syscall' in error)
      throw new Refusal('replay.file', `cannot read ${file}: ${error.message}`, { cause: error })
    throw error
  } finally {
    stream.destroy()
  }
}

function columnIndexes(header: string[]): Map<string, number> {
  const missing = COLUMNS.filter((column) => !header.includes(column))
  if (missing.length > 0)
    throw new Refusal(
      'replay.columns',
      `the file has no column ${missing.join(', ')}: expected ${COLUMNS.join(',')}`,
    )
  const twice = COLUMNS.find((column) => header.indexOf(column) !== header.lastIndexOf(column))
  if (twice) throw new Refusal('replay.columns', `the file has the column ${twice} twice`)
  return new Map(COLUMNS.map((column) => [column, header.indexOf(column)]))
}

function parseRow(record: string[], indexes: Map<string, number>, line: number): Row {
  const values: Partial<Record<MetricName, number>> = {}
  for (const [column, metric] of Object.entries(METRIC_OF_COLUMN)) {
    const text = record[indexes.get(column)!]!
    if (text !== '') values[metric] = parseValue(text, column, metric, line)
  }
  try {
    return { utcMs: parseIsoMs(record[indexes.get('utc')!]!, 'replay.time'), values }
  } catch (error) {
    throw atLine(error, 'replay.time', 'utc', line)
  }
}

function parseValue(text: string, column: string, metric: MetricName, line: number): number {
  let value: number
  try {
    value = fixedFromDecimal(text, metricByName(metric).scale)
  } catch (error) {
    throw atLine(error, 'replay.number', column, line)
  }
  if (FLAGS.includes(column) && value !== 0 && value !== 1)
    throw new Refusal('replay.number', `line ${line}, ${column}: "${text}" is neither 0 nor 1`)
  return value
}

function atLine(error: unknown, code: string, column: string, line: number): unknown {
  if (!(error instanceof Refusal)) return error
  return new Refusal(code, `line ${line}, ${column}: ${error.message}`, { cause: error })
}

function unknownDevice(device: string, devices: ReadonlySet<string>): Refusal {
  const names = [...devices].sort()
  const list = names.slice(0, DEVICES_NAMED_MAX).join(', ') + (names.length > DEVICES_NAMED_MAX ? ', …' : '')
  return new Refusal(
    'replay.device',
    `no rows of device "${device}"; the file has: ${list || 'no rows at all'}`,
  )
}

function checkedHandovers(texts: readonly string[], rows: readonly Row[]): number[] {
  if (texts.length > HANDOVERS_MAX)
    throw new Refusal(
      'replay.handover',
      `${texts.length} handovers given: there are at most ${HANDOVERS_MAX}`,
    )
  const times = texts.map((text) => parseIsoMs(text, 'replay.handover'))
  const firstMs = rows[0]!.utcMs
  const lastMs = rows[rows.length - 1]!.utcMs
  times.forEach((timeMs, index) => {
    if (timeMs < firstMs || timeMs > lastMs)
      throw new Refusal(
        'replay.handover',
        `handover ${texts[index]} is outside the device's rows, ${iso(firstMs)} to ${iso(lastMs)}`,
      )
    if (index > 0 && timeMs <= times[index - 1]!)
      throw new Refusal('replay.handover', `handover ${texts[index]} must be later than ${texts[index - 1]}`)
  })
  return times
}

/** The interval in which half of the recorded time lies: neither bursts of rows nor a few pauses move it. */
function usualIntervalMs(rows: readonly Row[]): number {
  const intervals = rows.slice(1).map((row, index) => row.utcMs - rows[index]!.utcMs)
  intervals.sort((a, b) => a - b)
  let leftMs = intervals.reduce((sum, intervalMs) => sum + intervalMs, 0) / 2
  for (const intervalMs of intervals) {
    leftMs -= intervalMs
    if (leftMs <= 0) return intervalMs
  }
  return 0
}

function withScans(
  rows: readonly Row[],
  handoversMs: readonly number[],
  { shiftMs, awakeMsMax }: { shiftMs: number; awakeMsMax: number },
): SourceItem[] {
  const items: SourceItem[] = []
  const startMs = rows[0]?.utcMs ?? 0
  let beforeMs = startMs
  const pending = [...handoversMs]
  for (const row of rows) {
    while (pending.length > 0 && row.utcMs >= pending[0]!) {
      items.push({ kind: 'scan', hold: true })
      pending.shift()
    }
    const wasAwake = row.utcMs - beforeMs <= awakeMsMax
    items.push({ kind: 'reading', reading: shifted(row, startMs, shiftMs), wasAwake })
    beforeMs = row.utcMs
  }
  for (const _ of pending) items.push({ kind: 'scan', hold: true })
  items.push({ kind: 'end' })
  return items
}

function shifted(row: Row, startMs: number, shiftMs: number): Reading {
  return { monotonicMs: row.utcMs - startMs, utcMs: row.utcMs + shiftMs, values: row.values }
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString()
