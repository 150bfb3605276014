/** What can be measured at all, in the fixed unit of each metric. A bound outside it is a mistake: a wrong unit, most likely. */
import type { MetricName } from '@consign/envelope'

export const METRIC_RANGES: Record<MetricName, { min: number; max: number }> = {
  temperature: { min: -273_150, max: 1_000_000 }, // absolute zero to 1000 °C
  humidity: { min: 0, max: 100_000 },
  pressure: { min: 0, max: 10_000_000 }, // 100 bar
  gforce: { min: -10_000_000, max: 10_000_000 }, // 10,000 g
  tilt: { min: -180_000, max: 180_000 },
  light: { min: 0, max: 200_000_000 }, // 200,000 lx: more than the sun gives
  door: { min: 0, max: 1 },
  motion: { min: 0, max: 1 },
  airExposure: { min: 0, max: 1_000_000_000 }, // all of it
  battery: { min: 0, max: 1_000_000 }, // 1000 V
  latitude: { min: -900_000_000, max: 900_000_000 },
  longitude: { min: -1_800_000_000, max: 1_800_000_000 },
}
