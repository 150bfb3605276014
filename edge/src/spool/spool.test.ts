import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SPOOL_FILE, Spool } from './spool.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'consign-spool-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const KEYS = new Uint8Array(64).fill(0xa7)
const leg = (n: number) =>
  ({
    leg: n,
    party: '0x01',
    head: '0x02',
    root: '0x03',
    startMonotonicMs: 0,
    frontier: new Uint8Array(8),
    keys: KEYS,
  }) as const
const grown = (n: number) =>
  ({ leg: 0, n, head: '0x09', root: '0x0a', frontier: new Uint8Array(8), checkpointSeq: -1 }) as const

describe('the spool', () => {
  it('keeps its files from other users', () => {
    const spool = new Spool(join(directory, 'device'))
    spool.setFact('a', 1)
    const modes = readdirSync(join(directory, 'device')).map(
      (name) => statSync(join(directory, 'device', name)).mode & 0o777,
    )
    expect(modes).toEqual(modes.map(() => 0o600))
    expect(modes.length).toBeGreaterThanOrEqual(3)
    expect(statSync(join(directory, 'device')).mode & 0o777).toBe(0o700)
    spool.close()
  })

  it('refuses a second program on the same folder, until the first is gone', () => {
    const first = new Spool(directory)
    expect(() => new Spool(directory)).toThrow(expect.objectContaining({ code: 'edge.running' }))
    first.close()
    new Spool(directory).close()
  })

  it('keeps all of a transaction or nothing of it', () => {
    const spool = new Spool(directory)
    expect(() =>
      spool.transaction(() => {
        spool.setFact('position', 1)
        spool.readings.add({ monotonicMs: 0, utcMs: 0, values: {}, outside: false })
        throw new Error('in the middle')
      }),
    ).toThrow('in the middle')
    expect(spool.fact('position')).toBeUndefined()
    expect(spool.readings.count()).toBe(0)
    spool.close()
  })

  it('gives no seq twice and leaves none out', () => {
    const spool = new Spool(directory)
    spool.legs.begin(leg(0))
    spool.legs.grow(grown(1), 3)
    expect(() => spool.legs.grow(grown(1), 3)).toThrow('does not follow')
    expect(() => spool.legs.grow(grown(3), 3)).toThrow('does not follow')
    spool.legs.grow(grown(2), 4)
    expect(spool.legs.current()).toMatchObject({ n: 2, readings: 7 })
    spool.close()
  })

  it('cuts a leg once, and then lets nothing be added to it', () => {
    const spool = new Spool(directory)
    spool.legs.begin(leg(0))
    const ending = { cutDigest: '0x0c', cut: new Uint8Array(1), acceptParty: '0x0d' } as const
    spool.legs.end(0, ending)
    expect(() => spool.legs.end(0, ending)).toThrow('cut already')
    expect(() => spool.legs.grow(grown(1), 1)).toThrow('does not follow')
    spool.close()
  })

  it("leaves no trace of a cut leg's private keys in any file", () => {
    const spool = new Spool(directory)
    const onDisk = (): boolean =>
      readdirSync(directory).some((name) => readFileSync(join(directory, name)).includes(Buffer.from(KEYS)))
    spool.legs.begin(leg(0))
    expect(onDisk()).toBe(true)
    spool.transaction(() =>
      spool.legs.end(0, { cutDigest: '0x0c', cut: new Uint8Array(1), acceptParty: '0x0d' }),
    )
    spool.scrub()
    expect(onDisk()).toBe(false)
    spool.close()
  })

  it('has every committed reading after the process was killed in the middle of the next', () => {
    const program = `
      import { Spool } from ${JSON.stringify(fileURLToPath(new URL('./spool.ts', import.meta.url)))}
      const spool = new Spool(${JSON.stringify(directory)})
      for (let i = 0; ; i++) spool.transaction(() => {
        spool.readings.add({ monotonicMs: i, utcMs: i, values: { temperature: i }, outside: false })
        if (i === 25) process.kill(process.pid, 'SIGKILL')
        spool.setFact('position', i + 1)
      })`
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program])
    expect(signal).toBe('SIGKILL')
    const spool = new Spool(directory)
    expect(spool.fact('position')).toBe(25)
    expect(spool.readings.oldest(100).map(({ values }) => values.temperature)).toEqual([...Array(25).keys()])
    spool.close()
    expect(readdirSync(directory)).toContain(SPOOL_FILE)
  })
})
