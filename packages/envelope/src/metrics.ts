/** What can be measured: a metric's id is its bit in the mask; values are integers in fixed units. */

/** All metrics in mask order; `scale` is how many fixed units make one of the unit that people use (1000: milli). */
export const METRICS = [
  { id: 0, name: 'temperature', unit: '°C', scale: 1000 },
  { id: 1, name: 'humidity', unit: '%RH', scale: 1000 },
  { id: 2, name: 'pressure', unit: 'Pa', scale: 1 },
  { id: 3, name: 'gforce', unit: 'g', scale: 1000 },
  { id: 4, name: 'tilt', unit: '°', scale: 1000 },
  { id: 5, name: 'light', unit: 'lx', scale: 1000 },
  { id: 6, name: 'door', unit: '', scale: 1 },
  { id: 7, name: 'motion', unit: '', scale: 1 },
  { id: 8, name: 'airExposure', unit: 'ppb', scale: 1 },
  { id: 9, name: 'battery', unit: 'mV', scale: 1 },
  { id: 10, name: 'latitude', unit: '°', scale: 10_000_000 },
  { id: 11, name: 'longitude', unit: '°', scale: 10_000_000 },
] as const satisfies readonly { id: number; name: string; unit: string; scale: number }[]

/** Name of a metric, as in terms, subjects and readings. */
export type MetricName = (typeof METRICS)[number]['name']

/** One row of METRICS. */
export type Metric = {
  readonly id: number
  readonly name: MetricName
  readonly unit: string
  readonly scale: number
}

/** What stands in a column where nothing was measured: INT32_MIN, skipped and never compared. */
export const MISSING = -2147483648

const BY_NAME: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.name, metric]))

/** The metric of that name, or undefined. */
export function metricByName(name: MetricName): Metric
export function metricByName(name: string): Metric | undefined
export function metricByName(name: string): Metric | undefined {
  return BY_NAME.get(name)
}

/** The metric of that id (bit of the mask), or undefined. */
export function metricById(id: number): Metric | undefined {
  return METRICS[id]
}

/** Ids of the bits set in a mask, lowest first; bits without a metric included, since their columns lie in the body too. */
export function metricIdsOf(mask: number): number[] {
  const ids: number[] = []
  for (let id = 0; id < 32; id++) if ((mask >>> id) & 1) ids.push(id)
  return ids
}

/** How many columns a mask stands for. */
export function columnCountOf(mask: number): number {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}
