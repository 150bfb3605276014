import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from './world.ts'

const EDGE = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let world: World
beforeAll(async () => {
  world = await World.make({})
})
afterAll(() => world.close())

/** Runs the program to its end; what it wrote on stderr. */
async function refusal(env: Record<string, string>): Promise<string> {
  const edge = world.start(env)
  expect(await edge.ended).toBe(2)
  expect(edge.events).toEqual([])
  return edge.log()
}

describe('the edge program refuses, with exit code 2 and one line,', () => {
  it('variables that are missing or wrong, each by name', async () => {
    const log = await refusal({
      DEVICE_DIR: '',
      READINGS_PER_ENVELOPE: '513',
      MQTT_URL: 'mqtt://127.0.0.1:1',
    })
    expect(log.trim().split('\n')).toEqual([
      'DEVICE_DIR: is not set',
      'MQTT_URL: must be mqtts://host:port',
      'READINGS_PER_ENVELOPE: must be a whole number from 1 to 512',
    ])
  })

  it('a replay of an unknown device, naming those in the file', async () => {
    const file = join(world.directory, 'file.csv')
    writeFileSync(
      file,
      'device,utc,lat,lon,door,motion,gforce,tilt,temperature,humidity,light\nB,2016-01-01T00:00:00Z,,,,,,,1,,\n',
    )
    expect(await refusal({ SOURCE: 'replay', REPLAY_FILE: file, REPLAY_DEVICE: 'A' })).toBe(
      'replay.device: no rows of device "A"; the file has: B\n',
    )
  })

  it('a replay without a file', async () => {
    expect(await refusal({ SOURCE: 'replay' })).toMatch(/^source\.replay: [^\n]+\n$/)
  })

  it('terms of another device', async () => {
    const terms = structuredClone(world.sample.terms)
    const file = join(world.directory, 'other-terms.json')
    for (const clause of terms.clauses) if (clause.kind === 'device') clause.deviceId = `0x${'00'.repeat(32)}`
    writeFileSync(file, JSON.stringify(terms))
    expect(await refusal({ TERMS_FILE: file })).toMatch(/^terms\.device: [^\n]+\n$/)
  })

  it('terms that ask for an envelope more often than it can make one', async () => {
    const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, windows: { silenceMinutesMax: 0.1 } })
    const file = join(world.directory, 'hasty-terms.json')
    writeFileSync(file, JSON.stringify(terms))
    expect(await refusal({ TERMS_FILE: file })).toMatch(/^config\.silence: [^\n]+6000 ms[^\n]+\n$/)
  })

  it('a key file that is none, without repeating what it holds', async () => {
    const file = join(world.directory, 'bad-key')
    writeFileSync(file, 'deadbeef', { mode: 0o600 })
    const log = await refusal({ IDENTITY_KEY_FILE: file })
    expect(log).toMatch(/^config\.key: IDENTITY_KEY_FILE: [^\n]+\n$/)
    expect(log).not.toContain('deadbeef')
  })

  it('a key file that others may read', async () => {
    const file = join(world.directory, 'open-key')
    writeFileSync(file, 'deadbeef', { mode: 0o644 })
    expect(await refusal({ IDENTITY_KEY_FILE: file })).toMatch(/^config\.mode: IDENTITY_KEY_FILE: [^\n]+\n$/)
  })

  it('a folder that belongs to another shipment', async () => {
    const folder = join(world.directory, 'taken')
    const first = world.start({ DEVICE_DIR: folder, SEED: '1' }, 'nobody')
    await first.saw('offer')
    expect(await refusal({ DEVICE_DIR: folder, SEED: '1' })).toMatch(/^edge\.running: [^\n]+\n$/)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(await refusal({ DEVICE_DIR: folder, AGREEMENT: `0x${'b2'.repeat(20)}` })).toMatch(
      /^config\.spool: [^\n]+\n$/,
    )
    expect(await refusal({ DEVICE_DIR: folder, SEED: '2' })).toMatch(/^config\.spool: [^\n]+\n$/)
  })

  it('an unknown option', () => {
    const { status, stderr } = spawnSync(process.execPath, [EDGE, '--fast'], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^edge\.usage: [^\n]+\n$/)
  })
})

it('--help says what every variable is for', () => {
  const { status, stdout } = spawnSync(process.execPath, [EDGE, '--help'], { encoding: 'utf8' })
  expect(status).toBe(0)
  for (const name of ['DEVICE_DIR', 'HANDOVERS', 'NOW_MS', 'examples:']) expect(stdout).toContain(name)
})
