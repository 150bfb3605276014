import { type Envelope, FLAG, toHex } from '@consign/envelope'
import { type SilenceClause, UNLIMITED } from '@consign/terms'
import { type Judgement, SilenceFold } from '@consign/terms/judging'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { makeRig, type Rig, type RigOptions } from '../../test/rig.ts'

// Every reading is committed to a file, and every envelope signed twice.
vi.setConfig({ testTimeout: 300_000 })

const RUNS = process.env.CONSIGN_DEEP === undefined ? 8 : 200
const SILENCE_MS_MAX = 30 * 60_000
const TERMS: RigOptions = { draft: { windows: { silenceMinutesMax: 30 } } }

/** A reading, so long after the one before. */
type Sample = { sinceMs: number; celsius: number; wasAwake: boolean }

const anySinceMs = fc.oneof(
  fc.integer({ min: 0, max: SILENCE_MS_MAX / 10 }),
  fc.integer({ min: SILENCE_MS_MAX / 2 - 2, max: SILENCE_MS_MAX / 2 + 2 }),
  fc.integer({ min: 0, max: 2 * SILENCE_MS_MAX }),
  fc.integer({ min: SILENCE_MS_MAX, max: 10 * SILENCE_MS_MAX }),
)
const sample = (wasAwake: boolean): fc.Arbitrary<Sample> =>
  fc.record({
    sinceMs: anySinceMs,
    celsius: fc.constantFrom(20, 20, 20, 41),
    wasAwake: fc.constant(wasAwake),
  })
const samples = fc.array(sample(true), { minLength: 1, maxLength: 12 })
const readingsPerEnvelope = fc.integer({ min: 1, max: 8 })

/** Without seals, which no envelope waits for and which would take most of the time. */
async function onRig(options: RigOptions, work: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = await makeRig({ ...TERMS, ...options })
  try {
    await rig.sealer.stop()
    await work(rig)
  } finally {
    rig.close()
  }
}

/** In the source's time, as fast as the device takes it. */
async function play(rig: Rig, each: readonly Sample[]): Promise<void> {
  for (const { sinceMs, celsius, wasAwake } of each) {
    const { monotonicMs, utcMs } = rig.recorder.sourceTime
    const reading = {
      monotonicMs: monotonicMs + sinceMs,
      utcMs: utcMs + sinceMs,
      values: { temperature: celsius * 1000 },
    }
    await rig.recorder.take(reading, rig.spool.fact<number>('position') ?? 0, { wasAwake })
  }
}

/** In real time: whenever some of it has passed the device looks what is due. */
async function live(rig: Rig, each: readonly Sample[], tickMs: number): Promise<void> {
  const startMs = rig.clock.ms
  for (const { sinceMs, celsius } of each) {
    await wait(rig, sinceMs, tickMs)
    const utcMs = rig.clock.ms
    const reading = { monotonicMs: utcMs - startMs, utcMs, values: { temperature: celsius * 1000 } }
    await rig.recorder.take(reading, rig.spool.fact<number>('position') ?? 0)
  }
}

async function wait(rig: Rig, forMs: number, tickMs: number): Promise<void> {
  const untilMs = rig.clock.ms + forMs
  while (rig.clock.ms < untilMs) {
    rig.clock.ms = Math.min(untilMs, rig.clock.ms + tickMs)
    await rig.recorder.tick()
  }
}

/** What the service that charges finds in the envelopes of a leg. */
function silences(envelopes: readonly Envelope[], silenceMsMax = SILENCE_MS_MAX): Judgement[] {
  const penalty = {
    base: '1',
    perStep: '0',
    step: 0,
    caseMax: '1',
    limitMax: UNLIMITED,
    beneficiary: '0x',
  } as const
  const common = { salt: '0x', limitId: 1, penalty } as const
  const clause: SilenceClause = { kind: 'silence', ...common, silenceMsMax, refuteMs: 1, bondWei: '1' }
  const fold = new SilenceFold(clause)
  const found: Judgement[] = []
  const docket = { warn: () => {}, judge: (judgement: Judgement) => void found.push(judgement) }
  for (const { header } of envelopes)
    fold.take(
      { ...header, bootId: toHex(header.bootId), timesMs: new Uint32Array(), columns: new Map() },
      docket,
    )
  return found
}

/** Three quarters of the limit, and what the device may be late by; the leg's beginning counts as an envelope. */
function expectMargin(envelopes: readonly Envelope[], lateMsMax: number): void {
  const mostMs = (SILENCE_MS_MAX * 3) / 4 + lateMsMax
  expect(silences(envelopes, mostMs)).toEqual([])
  expect(envelopes[0]?.header.baseMonotonicMs ?? 0).toBeLessThanOrEqual(mostMs)
}

describe('a device that is awake', () => {
  it('is never silent in replayed time, however far apart readings are', async () => {
    const property = fc.asyncProperty(samples, readingsPerEnvelope, async (each, readingsPerEnvelope) => {
      await onRig({ readingsPerEnvelope }, async (rig) => {
        await play(rig, each)
        await rig.recorder.checkpoint()
        expectMargin(rig.envelopes(), 0)
        expect(rig.recorder.leg.readings).toBe(each.length)
      })
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  it('is never silent in real time, however far apart readings are', async () => {
    const tickMs = SILENCE_MS_MAX / 20
    const property = fc.asyncProperty(samples, readingsPerEnvelope, async (each, readingsPerEnvelope) => {
      await onRig({ readingsPerEnvelope, envelopeMsMax: 10 * SILENCE_MS_MAX }, async (rig) => {
        await live(rig, each, tickMs)
        await rig.recorder.checkpoint()
        expectMargin(rig.envelopes(), tickMs)
        expect(rig.recorder.leg.readings).toBe(each.length)
      })
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  it('makes one envelope of the readings of half the limit, and no heartbeat between two of them', async () => {
    await onRig({ readingsPerEnvelope: 32 }, async (rig) => {
      const everyFiveMinutes = Array.from({ length: 9 }, () => ({
        sinceMs: 5 * 60_000,
        celsius: 20,
        wasAwake: true,
      }))
      await play(rig, everyFiveMinutes)
      expect(rig.envelopes().map(({ header }) => header.count)).toEqual([4, 4])
    })
  })

  it('is not silent while a scan holds its source, nor is who takes the goods after that', async () => {
    const rig = await makeRig(TERMS)
    try {
      const hourly = [1, 2, 3].map(() => ({ sinceMs: 3_600_000, celsius: 20, wasAwake: true }))
      await play(rig, hourly)
      await rig.custody.scan({ hold: true })
      await wait(rig, 3 * 3_600_000, 60_000)
      await rig.restart()
      await wait(rig, 2 * 3_600_000, 60_000)
      await rig.custody.accept(await rig.accept('shipper-x'))
      await wait(rig, 600_000, 60_000)
      await play(rig, hourly)
      await rig.recorder.checkpoint()
      for (const leg of [0, 1]) expectMargin(rig.envelopes(leg), 60_000)
      const heartbeats = rig.envelopes(0).filter(({ header }) => header.count === 0)
      // Five hours held, at the latest every 22.5 minutes and one of tick, beside those between the readings.
      expect(heartbeats.length).toBeGreaterThan(5 * 2)
      expect(rig.envelopes(1)[0]!.header).toMatchObject({ baseMonotonicMs: 0, count: 0 })
      expect(rig.envelopes(1)[0]!.header.flags & FLAG.handover).toBeTruthy()
    } finally {
      rig.close()
    }
  })
})

describe('a device that stopped', () => {
  const stop = fc.integer({ min: SILENCE_MS_MAX + 1, max: 10 * SILENCE_MS_MAX })

  it('is silent once, after the envelope before it stopped, in replayed time', async () => {
    const property = fc.asyncProperty(
      ...[samples, stop, samples, readingsPerEnvelope],
      async (before, stoppedMs, after, readingsPerEnvelope) => {
        await onRig({ readingsPerEnvelope }, async (rig) => {
          await play(rig, before)
          const stoppedAtMs = rig.recorder.sourceTime.monotonicMs
          await play(rig, [{ sinceMs: stoppedMs, celsius: 20, wasAwake: false }, ...after])
          await rig.recorder.checkpoint()
          expectOneSilence(rig, { stoppedAtMs, stoppedMs, lateMsMax: 0 })
        })
      },
    )
    await fc.assert(property, { numRuns: RUNS })
  })

  it('is silent once in real time, and does not make up for it afterwards', async () => {
    const tickMs = SILENCE_MS_MAX / 20
    const property = fc.asyncProperty(samples, stop, async (before, stoppedMs) => {
      await onRig({}, async (rig) => {
        const startMs = rig.clock.ms
        await live(rig, before, tickMs)
        const stoppedAtMs = rig.clock.ms - startMs
        rig.clock.ms += stoppedMs
        await rig.recorder.tick()
        const utcMs = rig.clock.ms
        await rig.recorder.take({ monotonicMs: utcMs - startMs, utcMs, values: { door: 0 } }, before.length)
        await rig.recorder.checkpoint()
        expectOneSilence(rig, { stoppedAtMs, stoppedMs, lateMsMax: tickMs })
      })
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  /** Before it stopped, at most three quarters of the limit had passed since the newest envelope began. */
  function expectOneSilence(
    rig: Rig,
    { stoppedAtMs, stoppedMs, lateMsMax }: { stoppedAtMs: number; stoppedMs: number; lateMsMax: number },
  ): void {
    const found = silences(rig.envelopes())
    expect(found).toHaveLength(1)
    const { startSeq, extent } = found[0]!
    expect(extent).toBeGreaterThanOrEqual(stoppedMs)
    expect(extent).toBeLessThanOrEqual(stoppedMs + (SILENCE_MS_MAX * 3) / 4 + lateMsMax)
    const { baseMonotonicMs } = rig.envelopes()[startSeq]!.header
    expect(baseMonotonicMs).toBeLessThanOrEqual(stoppedAtMs)
    expect(baseMonotonicMs + extent).toBeGreaterThanOrEqual(stoppedAtMs + stoppedMs)
  }
})
