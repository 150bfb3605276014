import { decodeBody, SIGNED_ACCEPT_BYTES, toHex } from '@consign/envelope'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { STEPS } from '../src/steps.ts'
import { signedManualCut } from './manual-cut.ts'
import { World } from './world.ts'

const SHIPMENT = {
  SOURCE: 'simulation',
  SEED: '5',
  READINGS_PER_LEG: '12',
  READINGS_PER_ENVELOPE: '5',
  NOW_MS: String(Date.UTC(2026, 10, 1)),
}

let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})
const make = async (env: Record<string, string> = {}, draft = {}): Promise<World> => {
  world = await World.make({ ...SHIPMENT, ...env }, draft)
  return world
}

/** What envelopes hold, apart from keys, salts and the boot. */
function contents({ ingest }: World) {
  return ingest.envelopes.map(({ header, body }) => {
    const { leg, seq, flags, mask, count, baseMonotonicMs, baseUtcMs } = header
    const { timesMs, columns } = decodeBody(body, mask, count)
    const time = count === 0 ? undefined : { baseMonotonicMs, baseUtcMs, timesMs: [...timesMs] }
    return { leg, seq, flags, count, ...time, columns: [...columns].map(([id, column]) => [id, ...column]) }
  })
}

/** Everything arrived, once, in order, and the device keeps only its facts. */
function expectWhole(world: World): void {
  expect(world.ingest.problems).toEqual([])
  expect(world.query('SELECT count(*) AS n FROM frames')).toEqual([{ n: 0 }])
  expect(world.query('SELECT count(*) AS n FROM readings')).toEqual([{ n: 0 }])
  const legs = world.query<{ n: number; readings: number; keys: unknown }>(
    'SELECT n, readings, keys FROM legs WHERE cutDigest IS NOT NULL',
  )
  expect(legs.map(({ readings, keys }) => [readings, keys])).toEqual([
    [12, null],
    [12, null],
    [12, null],
  ])
  for (const [leg, { n }] of legs.entries())
    expect(world.ingest.envelopes.filter(({ header }) => header.leg === leg)).toHaveLength(n)
  expect(world.ingest.envelopes.reduce((sum, { header }) => sum + header.count, 0)).toBe(36)
}

describe('the edge program', () => {
  let undisturbed: ReturnType<typeof contents>

  beforeAll(async () => {
    const world = await make()
    const edge = world.start()
    expect(await edge.ended).toBe(0)
    expectWhole(world)
    undisturbed = contents(world)
    expect(edge.events.map(({ event }) => event).at(-1)).toBe('delivered')
    expect(edge.events.filter(({ event }) => event === 'excursion')).toMatchObject([
      { leg: 1, state: 'began', metric: 'temperature' },
      { leg: 1, state: 'ended', metric: 'temperature' },
    ])
    // Seals: one where the excursion ended, one at each of three cuts.
    expect(world.ingest.records.filter((kind) => kind === 'seal')).toHaveLength(4)
    expect(world.ingest.records.filter((kind) => kind === 'cut')).toHaveLength(3)
    expect(world.ingest.envelopes.filter(({ cut, accept }) => cut && accept)).toHaveLength(3)
    await world.close()
  })

  // How often the restarted program passes the step until it is killed again: in a later leg.
  const SECOND_KILL: Record<(typeof STEPS)[number], number> = {
    'edge.buffered': 17,
    'edge.sealed': 5,
    'edge.spooled': 5,
    'edge.sent': 9,
    'edge.receipted': 9,
    'edge.offered': 2,
    'edge.accepted': 2,
    'edge.cut': 2,
  }
  it.each(STEPS)('killed twice at %s sends the same envelopes, none missing, none twice', async (step) => {
    const world = await make()
    expect(await world.start({ CONSIGN_KILL_AT: step }).ended).toBe('SIGKILL')
    expect(await world.start({ CONSIGN_KILL_AT: `${step}#${SECOND_KILL[step]}` }).ended).toBe('SIGKILL')
    const again = world.start()
    expect(await again.ended, again.log()).toBe(0)
    expectWhole(world)
    expect(contents(world)).toEqual(undisturbed)
  })

  // Readings are five minutes apart, so that between two of them an envelope is closed and a heartbeat goes out.
  it('killed between two readings makes the same heartbeats of the time between them', async () => {
    const draft = { windows: { silenceMinutesMax: 4 } }
    const beats = ({ ingest }: World) =>
      ingest.envelopes.map(({ header }) => [header.leg, header.count, header.baseMonotonicMs])
    const whole = await make({}, draft)
    expect(await whole.start().ended).toBe(0)
    const expected = beats(whole)
    expect(expected.filter(([, count]) => count === 0).length).toBeGreaterThan(12)
    await whole.close()
    const world = await make({}, draft)
    for (const step of ['edge.sealed#8', 'edge.spooled#9', 'edge.buffered#3'])
      expect(await world.start({ CONSIGN_KILL_AT: step }).ended).toBe('SIGKILL')
    const again = world.start()
    expect(await again.ended, again.log()).toBe(0)
    expectWhole(world)
    expect(beats(world)).toEqual(expected)
  }, 300_000)

  it('takes acceptances by camera while the network is away, and sends everything later', async () => {
    const world = await make()
    world.network.cut()
    const edge = world.start({}, 'camera')
    await edge.saw('cut', ({ leg }) => leg === 2)
    expect(world.ingest.envelopes).toEqual([])
    world.network.restore()
    expect(await edge.ended, edge.log()).toBe(0)
    expectWhole(world)
    expect(contents(world)).toEqual(undisturbed)
  })

  it('samples on through a cut of the network and loses nothing', async () => {
    const world = await make({ PACE_MS: '20' })
    const edge = world.start()
    await edge.saw('envelope', ({ leg, seq }) => leg === 1 && seq === 1)
    world.network.cut()
    await edge.saw('disconnected')
    const before = edge.events.length
    await edge.saw('offer', ({ leg }) => leg === 1)
    expect(edge.events.length).toBeGreaterThan(before)
    world.network.restore()
    expect(await edge.ended, edge.log()).toBe(0)
    expect(world.ingest.connections).toBeGreaterThan(1)
    expectWhole(world)
    expect(contents(world)).toEqual(undisturbed)
  })

  it('deletes nothing on PUBACK alone, asks for receipts, and ends only with them', async () => {
    const world = await make()
    world.ingest.isReceipting = false
    const edge = world.start({}, 'camera')
    const { n } = (await edge.saw('cut', ({ leg }) => leg === 2)) as { n: number }
    while (!world.ingest.envelopes.some(({ header }) => header.leg === 3))
      await new Promise((wake) => setTimeout(wake, 50))
    expect(n).toBeGreaterThan(0)
    expect(world.query('SELECT count(*) AS n FROM frames')[0]).toEqual({
      n: world.ingest.envelopes.length + world.ingest.records.length,
    })
    world.ingest.isReceipting = true
    expect(await edge.ended, edge.log()).toBe(0)
    expect(world.ingest.pulls).toBeGreaterThan(1)
    expectWhole(world)
  })

  it('keeps what was only parked until it is stored', async () => {
    const world = await make()
    world.ingest.status = 'parked'
    const edge = world.start()
    await edge.saw('cut', ({ leg }) => leg === 2)
    const isParked = ({ parked }: { parked: number }) => parked === 1
    while (
      world.ingest.envelopes.at(-1)?.header.leg !== 3 ||
      !world.query<{ parked: number }>('SELECT parked FROM frames').every(isParked)
    )
      await new Promise((wake) => setTimeout(wake, 50))
    const kept = world.query<{ kind: string }>('SELECT kind FROM frames')
    expect(kept).toHaveLength(world.ingest.envelopes.length)
    world.ingest.status = 'stored'
    expect(await edge.ended, edge.log()).toBe(0)
    expectWhole(world)
  })

  it('ends at once and cleanly on SIGTERM, in the middle of a leg, and goes on where it was', async () => {
    const world = await make({ PACE_MS: '30' })
    const edge = world.start()
    await edge.saw('envelope', ({ seq }) => seq === 1)
    edge.child.kill('SIGTERM')
    expect(await edge.ended).toBe(0)
    const again = world.start({ PACE_MS: '0' })
    expect(await again.ended, again.log()).toBe(0)
    expectWhole(world)
    expect(contents(world)).toEqual(undisturbed)
  })

  it('goes on recording for the holder while a scan from the button waits, and cuts where it is accepted', async () => {
    const world = await make({ PACE_MS: '60' })
    const edge = world.start({}, 'nobody')
    await edge.saw('envelope', ({ seq }) => seq === 0)
    edge.child.stdin!.write('{"scan":true}\n')
    const offer = await edge.saw('offer')
    await edge.saw('envelope', ({ leg, seq }) => leg === 0 && seq === offer.m)
    edge.child.stdin!.write(`${JSON.stringify({ accept: toHex(await world.acceptanceOf(offer)) })}\n`)
    const cut = await edge.saw('cut')
    expect(cut.n).toBeGreaterThan(offer.m)
    expect(cut).toMatchObject({ leg: 0, name: 'shipper-x' })
    await edge.saw('envelope', ({ leg, readings }) => leg === 1 && readings > 0)
    expect(world.ingest.problems).toEqual([])
  })

  it('goes on in place of a lost device, killed in between, once both custodians have signed for its keys', async () => {
    const world = await make({ REPLACES_LEG: '0' })
    world.ingest.firstLeg = 1
    const early = world.start({}, 'nobody')
    const { nextKeysHash } = await early.saw('replacement')
    early.child.kill('SIGKILL')
    await early.ended
    const edge = world.start({}, 'camera')
    expect((await edge.saw('replacement')).nextKeysHash).toBe(nextKeysHash)
    const signed = await signedManualCut(world.sample, ['supplier', 'shipper-x'], nextKeysHash)
    const line = (manualCut: object) => {
      const text = (_: string, each: unknown) => (typeof each === 'bigint' ? String(each) : each)
      edge.child.stdin!.write(`${JSON.stringify({ manualCut }, text)}\n`)
    }
    line({ ...signed, toSignature: signed.fromSignature })
    await edge.saw('refused', ({ code }) => code === 'manualCut.signature.ecdsa')
    line(signed)
    const { cutDigest } = await edge.saw('tookOver', ({ leg, name }) => leg === 1 && name === 'shipper-x')
    line(signed)
    await edge.saw('refused', ({ code }) => code === 'manualCut.device')
    expect(await edge.ended, edge.log()).toBe(0)
    expect(world.ingest.problems).toEqual([])
    const [first] = world.ingest.envelopes
    expect(first!.header).toMatchObject({ leg: 1, seq: 0 })
    expect(toHex(first!.header.previous)).toBe(cutDigest)
    expect(new Set(world.ingest.envelopes.map(({ header }) => header.leg))).toEqual(new Set([1, 2, 3]))
  })

  it('reports a wrong acceptance by code and waits for the right one', async () => {
    const world = await make()
    const edge = world.start({}, 'nobody')
    const offer = await edge.saw('offer')
    const right = await world.acceptanceOf(offer)
    const send = (line: unknown) => edge.child.stdin!.write(`${JSON.stringify(line)}\n`)
    send({ accept: '0x00' })
    await edge.saw('refused', ({ code }) => code === 'accept.length')
    send({ accept: toHex(right.with(-1, right.at(-1)! ^ 1)) })
    await edge.saw('refused', ({ code }) => code === 'delegation.signature.slhDsa')
    const end = SIGNED_ACCEPT_BYTES - 1
    send({ accept: toHex(right.with(end, right[end]! ^ 1)) })
    await edge.saw('refused', ({ code }) => code === 'accept.signature.slhDsa')
    send({ open: 'sesame' })
    await edge.saw('refused', ({ code }) => code === 'command.malformed')
    send({ accept: Buffer.from(right).toString('hex') })
    await edge.saw('cut', ({ name }) => name === 'shipper-x')
    send({ accept: Buffer.from(right).toString('hex') })
    await edge.saw('refused', ({ code }) => code === 'accept.replayed')
  })
})
