import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

const dir = mkdtempSync(join(tmpdir(), 'consign-options-'))
afterAll(() => rmSync(dir, { recursive: true }))
writeFileSync(join(dir, 'rows.csv'), 'device,utc\n')
const parse = (...args: string[]) => parseOptions(args, dir)

describe('options', () => {
  it('default to a simulated shipment with seed 1', () => {
    expect(parse()).toEqual({
      json: false,
      help: false,
      contest: false,
      keep: false,
      seed: 1,
      termsFile: undefined,
      replay: undefined,
    })
  })

  it('take a replay with its device and up to two handovers', () => {
    const { replay } = parse(
      '--replay',
      'rows.csv',
      '--device',
      'A',
      '--handover',
      '2016-08-12T00:00:00Z',
      '--handover',
      '2016-08-13',
    )
    expect(replay).toEqual({
      file: join(dir, 'rows.csv'),
      device: 'A',
      handovers: ['2016-08-12T00:00:00Z', '2016-08-13'],
    })
  })

  it.each([
    ['an unknown flag', ['--frobnicate']],
    ['a seed that is no number', ['--seed', 'x']],
    ['a negative seed', ['--seed=-1']],
    ['an empty seed', ['--seed', '']],
    ['a seed that is written otherwise than in digits', ['--seed', '1e3']],
    ['a seed that is too large', ['--seed', '2147483648']],
    ['a device without a file', ['--device', 'A']],
    ['a file without a device', ['--replay', 'rows.csv']],
    [
      'three handovers',
      [
        '--replay',
        'rows.csv',
        '--device',
        'A',
        ...['1', '2', '3'].flatMap((d) => ['--handover', `2016-01-0${d}`]),
      ],
    ],
  ])('refuse %s', (_, args) => {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ code: 'demo.option' }))
  })

  it('refuse a folder for a file', () => {
    expect(() => parse('--terms', '.')).toThrow(expect.objectContaining({ code: 'demo.file' }))
  })

  it('refuse a file that is not there', () => {
    expect(() => parse('--terms', 'none.json')).toThrow(expect.objectContaining({ code: 'demo.file' }))
  })
})
