import type { MetricName, Reading } from '@consign/envelope'
import { Refusal } from '@consign/envelope'
import { seededRandom } from './random.ts'
import { listSource, type Source, type SourceItem } from './source.ts'

export const READINGS_PER_LEG_MIN = 8 // below that the hot spell has no room to begin and end
export const READINGS_PER_LEG_MAX = 100_000 // × 3 legs × about 300 B = 90 MB of items
const READING_EVERY_MS = 5 * 60_000 // what loggers do
const MILD_MILLI_C = 21_000
const HOT_MILLI_C = 44_000
const HOT_LEG = 1 // shipper-x

/** Where the goods are at the beginning of each leg and at the end, degrees: Shenzhen, Singapore, Rotterdam, Stuttgart. */
const ROUTE: readonly (readonly [latitude: number, longitude: number])[] = [
  [22.5431, 114.0579],
  [1.2644, 103.82],
  [51.9496, 4.1453],
  [48.7758, 9.1829],
]

export type SimulationOptions = {
  seed: number
  /** Custodians before delivery, one leg each: supplier, shipper-x, shipper-y. */
  legs: number
  readingsPerLeg: number
  paceMs: number
  /** The time of the last reading, ms since 1970. */
  nowMs: number
}

/**
 * A seeded shipment: one leg per custodian with a held scan in between, readings five minutes apart that end at `nowMs`. In the second leg
 * (or the only one) it is hot for a fifth of the leg: exactly one excursion above 40 °C; everything else stays mild, dark, closed and still.
 * The same options give the same items. Throws Refusal 'simulation.length'.
 */
export function simulationSource(options: SimulationOptions): Source {
  const { legs, readingsPerLeg, nowMs } = options
  if (readingsPerLeg < READINGS_PER_LEG_MIN || readingsPerLeg > READINGS_PER_LEG_MAX)
    throw new Refusal(
      'simulation.length',
      `a leg of ${readingsPerLeg} readings cannot be simulated: choose ${READINGS_PER_LEG_MIN} to ${READINGS_PER_LEG_MAX}`,
    )
  const random = seededRandom(options.seed)
  const items: SourceItem[] = []
  const total = legs * readingsPerLeg
  const startMs = nowMs - (total - 1) * READING_EVERY_MS
  for (let index = 0; index < total; index++) {
    if (index > 0 && index % readingsPerLeg === 0) items.push({ kind: 'scan', hold: true })
    const monotonicMs = index * READING_EVERY_MS
    const values = sample(index, options, random)
    items.push({
      kind: 'reading',
      reading: { monotonicMs, utcMs: startMs + monotonicMs, values } satisfies Reading,
      wasAwake: true,
    })
  }
  items.push({ kind: 'end' })
  return listSource(items, { readings: total, emptyRows: 0, shiftMs: 0 }, options.paceMs)
}

function sample(
  index: number,
  { legs, readingsPerLeg }: SimulationOptions,
  random: () => number,
): Partial<Record<MetricName, number>> {
  const noise = (spread: number): number => Math.round((random() - 0.5) * 2 * spread)
  const leg = Math.floor(index / readingsPerLeg)
  const inLeg = index % readingsPerLeg
  const heat = leg === Math.min(HOT_LEG, legs - 1) ? heatAt(inLeg, readingsPerLeg) : 0
  const progress = index / (legs * readingsPerLeg)
  const [latitude, longitude] = positionAt(progress)
  return {
    temperature: MILD_MILLI_C + Math.round(heat * (HOT_MILLI_C - MILD_MILLI_C)) + noise(600),
    humidity: 48_000 - Math.round(heat * 15_000) + noise(1_500),
    gforce: 1_000 + Math.abs(noise(90)),
    tilt: 800 + noise(600),
    light: 15 + Math.abs(noise(15)),
    door: 0,
    battery: 4_100 - Math.round(progress * 600) + noise(5),
    latitude,
    longitude,
  }
}

/** 0 mild to 1 hot: between 40 % and 60 % of the leg it is 1, beside that one reading at one half, so that noise never crosses a limit twice. */
function heatAt(inLeg: number, readingsPerLeg: number): number {
  const from = Math.floor(readingsPerLeg * 0.4)
  const to = Math.floor(readingsPerLeg * 0.6)
  if (inLeg >= from && inLeg <= to) return 1
  return inLeg === from - 1 || inLeg === to + 1 ? 0.5 : 0
}

/** Position on the route in 1e-7 degree, straight from stop to stop. */
function positionAt(progress: number): [number, number] {
  const along = Math.min(progress, 0.999999) * (ROUTE.length - 1)
  const stop = Math.floor(along)
  const from = ROUTE[stop]!
  const to = ROUTE[stop + 1]!
  const fixed = (axis: 0 | 1): number =>
    Math.round((from[axis] + (to[axis] - from[axis]) * (along - stop)) * 1e7)
  return [fixed(0), fixed(1)]
}
