import {
  decodeBody,
  decodeSignedLegKeys,
  decodeSignedSeal,
  FLAG,
  fromHex,
  legKeysDigest,
  native,
  toHex,
  verifyEnvelope,
  verifyLegKeys,
  verifySeal,
} from '@consign/envelope'
import { merkleRoot } from '@consign/merkle'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeRig, type Rig, type RigOptions } from '../../test/rig.ts'

// SLH-DSA signs the keys of every leg, a quarter of a second at best.
vi.setConfig({ testTimeout: 60_000 })

let rig: Rig
afterEach(() => rig.close())
const begin = async (options?: RigOptions): Promise<Rig> => {
  rig = await makeRig(options)
  return rig
}
const counts = () => rig.envelopes().map(({ header }) => header.count)
const flags = () => rig.envelopes().map(({ header }) => header.flags)

/** Frames of a kind, decoded by the caller. */
function frames(kind: string): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let frame = rig.spool.frames.after(0); frame; frame = rig.spool.frames.after(frame.id))
    if (frame.kind === kind) found.push(frame.bytes)
  return found
}

describe('recording', () => {
  it('chains signed envelopes of a leg whose keys the device signed', async () => {
    await begin()
    await rig.read(...Array.from({ length: 12 }, () => 20))
    const legKeys = decodeSignedLegKeys(frames('legKeys')[0]!)
    const leg0 = await verifyLegKeys(native, rig.sample.device.public, legKeys)
    let previous = toHex(legKeysDigest(legKeys.record))
    for (const [seq, envelope] of rig.envelopes().entries()) {
      await verifyEnvelope(native, leg0, envelope)
      expect(envelope.header).toMatchObject({ leg: 0, seq, count: 4 })
      expect(toHex(envelope.header.previous)).toBe(previous)
      previous = toHex(envelope.digest)
    }
    const root = toHex(merkleRoot(rig.envelopes().map(({ digest }) => digest)))
    expect(rig.recorder.leg).toMatchObject({ n: 3, readings: 12, head: previous, root })
  })

  it('writes values and times as they were read', async () => {
    await begin()
    await rig.read(20, undefined, -3.5, 40)
    const { header, body } = rig.envelopes()[0]!
    const { timesMs, column } = decodeBody(body, header.mask, header.count)
    expect([...timesMs]).toEqual([0, 60_000, 120_000, 180_000])
    expect([...column('temperature')!]).toEqual([20_000, -2_147_483_648, -3500, 40_000])
    expect([...column('humidity')!]).toEqual([-2_147_483_648, 50_000, -2_147_483_648, -2_147_483_648])
  })

  it('closes an envelope where a limit is crossed, with a checkpoint, and seals the end of the excursion', async () => {
    await begin({ draft: { windows: { checkpointEvery: 100 } } })
    await rig.read(20, 20, 41, 42, undefined, 39, 20)
    expect(counts()).toEqual([3, 3])
    expect(flags()).toEqual([FLAG.checkpoint | FLAG.excursion, FLAG.checkpoint | FLAG.excursion])
    await rig.sealer.drained()
    const [seal] = frames('seal').map(decodeSignedSeal)
    expect(seal!.record).toMatchObject({
      leg: 0,
      n: 2,
      head: fromHex(rig.recorder.leg.head),
      root: fromHex(rig.recorder.leg.root),
    })
    await verifySeal(native, rig.recorder.keys().public, seal!)
    expect(frames('seal')).toHaveLength(1)
    expect(rig.events.filter(({ event }) => event === 'excursion')).toMatchObject([
      { state: 'began' },
      { state: 'ended' },
    ])
  })

  it('adds a checkpoint to every nth envelope', async () => {
    await begin({ draft: { windows: { checkpointEvery: 3 } }, readingsPerEnvelope: 1 })
    await rig.read(1, 2, 3, 4, 5, 6, 7)
    expect(flags().map((each) => each & FLAG.checkpoint)).toEqual([0, 0, 1, 0, 0, 1, 0])
  })

  it('closes what has waited too long, and breaks silence with a heartbeat', async () => {
    await begin({ draft: { windows: { silenceMinutesMax: 60 } }, envelopeMsMax: 5000 })
    await rig.read(20, 20)
    rig.clock.ms += 4999
    await rig.recorder.tick()
    expect(counts()).toEqual([])
    rig.clock.ms += 1
    await rig.recorder.tick()
    expect(counts()).toEqual([2])
    // The first envelope begins with the first reading, a minute before the last one.
    rig.clock.ms += 44 * 60_000 - 5001
    await rig.recorder.tick()
    expect(counts()).toEqual([2])
    rig.clock.ms += 1
    await rig.recorder.tick()
    await rig.recorder.tick()
    expect(counts()).toEqual([2, 0])
    expect(rig.envelopes()[1]!.header).toMatchObject({ mask: 0, baseMonotonicMs: 45 * 60_000 })
  })

  it('makes a seal when the terms say that one is due again', async () => {
    await begin({ draft: { windows: { sealEveryHours: 6 } }, readingsPerEnvelope: 1 })
    await rig.read(20)
    rig.clock.ms += 6 * 3_600_000
    await rig.read(20, 20)
    await rig.sealer.drained()
    expect(frames('seal').map((bytes) => decodeSignedSeal(bytes).record.n)).toEqual([2])
  })

  it('closes an envelope before a reading that its 32-bit times cannot reach', async () => {
    await begin()
    const { recorder } = rig
    await recorder.take({ monotonicMs: 0, utcMs: 0, values: { door: 1 } }, 0)
    await recorder.take({ monotonicMs: 2 ** 32, utcMs: 2 ** 32, values: { door: 1 } }, 1)
    expect(counts()).toEqual([1])
  })

  it('goes on after a restart with the readings that were in no envelope', async () => {
    await begin()
    await rig.read(20, 21, 22)
    await rig.restart()
    expect(rig.spool.fact('position')).toBe(3)
    await rig.read(23)
    expect(counts()).toEqual([4])
    expect([...decodeBody(rig.envelopes()[0]!.body, 1, 4).column('temperature')!]).toEqual([
      20_000, 21_000, 22_000, 23_000,
    ])
  })

  it('signs after a restart the very envelope that was closed before, whatever the clock says now', async () => {
    await begin()
    await rig.read(20, 21)
    const before = rig.spool.readings.oldest(2)
    await rig.recorder.flush(0)
    const signed = rig.envelopes()[0]!
    // The state of a process that died after closing and before storing: the closing is there, the envelope is not.
    const closing = {
      leg: 0,
      seq: 1,
      count: 2,
      flags: 1,
      baseMonotonicMs: 0,
      baseUtcMs: before[0]!.utcMs,
      bootId: toHex(signed.header.bootId),
      sealDue: false,
    }
    for (const reading of before) rig.spool.readings.add(reading)
    rig.spool.setFact('closing', closing)
    rig.clock.ms += 3_600_000
    await rig.restart()
    const first = rig.envelopes()[1]!
    expect(first.header).toMatchObject({ seq: 1, count: 2, baseUtcMs: before[0]!.utcMs })
    expect(rig.spool.fact('closing')).toBeUndefined()
    expect(rig.recorder.leg.n).toBe(2)
  })
})
