import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { replaySource } from './replay.ts'
import type { Source, SourceItem } from './source.ts'

const directory = mkdtempSync(join(tmpdir(), 'consign-replay-'))
afterAll(() => rmSync(directory, { recursive: true }))

const HEADER = 'device,utc,lat,lon,door,motion,gforce,tilt,temperature,humidity,light'
const NOW_MS = Date.UTC(2026, 10, 1)
const SEA_CONTAINERS = fileURLToPath(new URL('../../../../shared/data/sea-containers.csv', import.meta.url))
const never = new AbortController().signal

let files = 0
function csv(...lines: string[]): string {
  const file = join(directory, `${files++}.csv`)
  writeFileSync(file, lines.join('\n'))
  return file
}

const row = (device: string, utc: string, temperature = ''): string =>
  `${device},${utc},,,,,,,${temperature},,`

const replay = (file: string, device = 'A', handovers: string[] = [], options = {}): Promise<Source> =>
  replaySource({ file, device, handovers, nowMs: NOW_MS, paceMs: 0, ...options })

async function all(source: Source, position = 0): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  for await (const item of source.items(position, never)) items.push(item)
  return items
}

const shape = (items: SourceItem[]): string =>
  items
    .map((item) => (item.kind === 'reading' ? (item.reading.values.temperature ?? '-') : item.kind))
    .join(' ')

describe('a replayed file', () => {
  it('orders rows by time and keeps the order of the file where times are equal', async () => {
    const file = csv(
      HEADER,
      row('A', '2016-01-01T00:00:02Z', '3'),
      row('B', '2016-01-01T00:00:00Z', '9'),
      row('A', '2016-01-01T00:00:01Z', '1'),
      row('A', '2016-01-01T00:00:01Z', '2'),
    )
    expect(shape(await all(await replay(file)))).toBe('1000 2000 3000 end')
  })

  it('puts the last row at the time given and moves all others by the same offset', async () => {
    const file = csv(HEADER, row('A', '2016-01-01T00:00:00Z', '1'), row('A', '2016-01-03T00:00:00Z', '2'))
    const source = await replay(file)
    const items = await all(source)
    expect(items.slice(0, 2)).toEqual([
      {
        kind: 'reading',
        reading: { monotonicMs: 0, utcMs: NOW_MS - 172_800_000, values: { temperature: 1000 } },
        wasAwake: true,
      },
      {
        kind: 'reading',
        reading: { monotonicMs: 172_800_000, utcMs: NOW_MS, values: { temperature: 2000 } },
        wasAwake: true,
      },
    ])
    expect(source.summary.shiftMs).toBe(NOW_MS - Date.UTC(2016, 0, 3))
  })

  it.each<[string, { intervalMs?: number }, string]>([
    ['most of the recorded time lies', {}, 'yes yes yes yes yes yes yes yes yes yes no'],
    ['is given', { intervalMs: 3_600_000 }, 'yes yes yes yes yes yes yes yes yes yes yes'],
    ['is given', { intervalMs: 60_000 }, 'yes yes yes no no no no no no no no'],
  ])('was awake between readings at most twice the interval apart that %s', async (_, options, expected) => {
    // A burst, then every ten minutes with one sample missing, and a pause.
    const minutes = ['00:10', '00:20', '00:30', '00:50', '01:00', '01:10', '01:20', '01:50']
    const times = ['00:00:00', '00:00:01', '00:00:01', ...minutes.map((time) => `${time}:00`)]
    const file = csv(HEADER, ...times.map((time) => row('A', `2016-01-01T${time}Z`, '1')))
    const items = await all(await replay(file, 'A', [], options))
    const awake = items.flatMap((item) => (item.kind === 'reading' ? [item.wasAwake ? 'yes' : 'no'] : []))
    expect(awake.join(' ')).toBe(expected)
  })

  it('counts rows without any value and leaves them out', async () => {
    const file = csv(
      HEADER,
      row('A', '2016-01-01T00:00:00Z'),
      row('A', '2016-01-01T00:00:01Z', '1'),
      row('A', '2016-01-01T00:00:02Z'),
    )
    const source = await replay(file)
    expect(source.summary).toMatchObject({ readings: 1, emptyRows: 2 })
    expect(shape(await all(source))).toBe('1000 end')
  })

  it('gives readings at or after a handover to the taker', async () => {
    const rows = ['1', '2', '3', '4'].map((t) => row('A', `2016-01-01T00:00:0${t}Z`, t))
    const source = await replay(csv(HEADER, ...rows), 'A', ['2016-01-01T00:00:02Z', '2016-01-01T00:00:03.5Z'])
    expect(shape(await all(source))).toBe('1000 scan 2000 3000 scan 4000 end')
  })

  it('goes on from any position exactly as if it had never stopped', async () => {
    const rows = ['1', '2', '3', '4'].map((t) => row('A', `2016-01-01T00:00:0${t}Z`, t))
    const source = await replay(csv(HEADER, ...rows), 'A', ['2016-01-01T00:00:03Z'])
    const whole = await all(source)
    for (let position = 0; position <= whole.length; position++)
      expect(await all(source, position)).toEqual(whole.slice(position))
  })

  it('converts every column to its metric and fixed unit', async () => {
    const file = csv(HEADER, 'A,2016-01-01T00:00:00Z,51.388699,-12.3987,1,0,8.5,1.129,-30.3,44.1,353.892')
    const [item] = await all(await replay(file))
    expect(item).toMatchObject({
      reading: {
        values: {
          latitude: 513_886_990,
          longitude: -123_987_000,
          door: 1,
          motion: 0,
          gforce: 8500,
          tilt: 1129,
          temperature: -30_300,
          humidity: 44_100,
          light: 353_892,
        },
      },
    })
  })

  it('finds columns by name, in any order, and ignores others and a byte order mark', async () => {
    const file = csv(
      '\ufeffutc,note,humidity,device,lat,lon,door,motion,gforce,tilt,temperature,light',
      '2016-01-01T00:00:00Z,x,,A,,,,,,,7,',
    )
    expect(shape(await all(await replay(file)))).toBe('7000 end')
  })
})

describe('a wrong file', () => {
  const good = row('A', '2016-01-01T00:00:00Z', '1')
  it.each([
    [
      'replay.columns',
      'temperature',
      csv('device,utc,lat,lon,door,motion,gforce,tilt,humidity,light', 'A,2016-01-01T00:00:00Z,,,,,,,,'),
    ],
    ['replay.columns', 'light twice', csv(`${HEADER},light`, `${good},`)],
    ['replay.columns', 'empty', csv('')],
    [
      'replay.number',
      'line 3, temperature: "warm"',
      csv(HEADER, good, row('A', '2016-01-01T00:00:01Z', 'warm')),
    ],
    ['replay.number', 'neither 0 nor 1', csv(HEADER, 'A,2016-01-01T00:00:00Z,,,2,,,,,,')],
    ['replay.time', 'line 2, utc: "soon"', csv(HEADER, row('A', 'soon', '1'))],
    ['replay.csv', 'line', csv(HEADER, good, 'A,2016-01-01T00:00:00Z,1')],
    [
      'replay.device',
      'the file has: B, C',
      csv(HEADER, row('C', '2016-01-01T00:00:00Z', '1'), row('B', '2016-01-01T00:00:00Z', '1')),
    ],
    ['replay.file', 'ENOENT', join(directory, 'absent.csv')],
    ['replay.file', 'EISDIR', directory],
  ])('is refused with %s, naming %s', async (code, named, file) => {
    const refusal = await replay(file).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'Refusal', code, message: expect.stringContaining(named) })
    expect((refusal as Error).message).not.toContain('\n')
  })

  it.each([
    ['out of order', ['2016-01-03T00:00:00Z', '2016-01-02T00:00:00Z']],
    ['twice the same', ['2016-01-02T00:00:00Z', '2016-01-02T00:00:00Z']],
    ['before the first row', ['2015-12-31T23:59:59Z']],
    ['after the last row', ['2016-01-04T00:00:01Z']],
    ['three', ['2016-01-02T00:00:00Z', '2016-01-02T12:00:00Z', '2016-01-03T00:00:00Z']],
    ['no time', ['tomorrow']],
  ])('is refused when handovers are %s', async (_, handovers) => {
    const file = csv(HEADER, good, row('A', '2016-01-04T00:00:00Z', '2'))
    await expect(replay(file, 'A', handovers)).rejects.toMatchObject({ code: 'replay.handover' })
  })
})

describe.skipIf(!existsSync(SEA_CONTAINERS))('real telemetry of sea containers', () => {
  it.each([
    ['A', 1424, 75, 3],
    ['C', 2361, 116, 2],
    ['E', 4214, 132, 0],
    ['F', 1820, 77, 2],
    ['G', 3727, 200, 4],
  ])(
    'of container %s: %i readings, %i empty rows, %i excursions above 40 °C',
    async (device, readings, emptyRows, excursions) => {
      const source = await replay(SEA_CONTAINERS, device)
      expect(source.summary).toMatchObject({ readings, emptyRows })
      const items = await all(source)
      const temperatures = items.flatMap((item) =>
        item.kind === 'reading' ? (item.reading.values.temperature ?? []) : [],
      )
      const begun = temperatures.filter(
        (value, i) => value > 40_000 && !(i > 0 && temperatures[i - 1]! > 40_000),
      )
      expect(begun).toHaveLength(excursions)
      expect(items.filter(({ kind }) => kind === 'reading')).toHaveLength(readings)
    },
  )
})
