/**
 * How a benchmark is measured and told. What computes: CPU time of this process, not wall time, so that a busy machine changes the figures
 * little. What waits for other processes: the median of the wall time.
 */

export type BenchResult = CpuResult | LatencyResult

/** `cpuUsPerOp` CPU-µs of one operation; `ratio` = cpuUsPerOp over that of `baseline`, another result of the same run. */
export type CpuResult = {
  name: string
  cpuUsPerOp: number
  opsPerSecond: number
  readingsPerSecond?: number
  baseline?: string
  ratio?: number
}

/** `p50Ms` from asking to the answer, one at a time; `opsPerSecond` with several under way; `ratio` = p50Ms over that of `baseline`. */
export type LatencyResult = {
  name: string
  p50Ms: number
  opsPerSecond?: number
  baseline?: string
  ratio?: number
}

/**
 * One thing to measure: `opsPerCall` how many operations a call of `op` does (1 unless said), `readingsPerOp` how many readings an operation
 * handles, `baseline` the name of another case.
 */
export type BenchCase = {
  name: string
  op: () => unknown
  opsPerCall?: number
  readingsPerOp?: number
  baseline?: string
}

const WARM_UP_US = 100_000
const ROUNDS = 5
const ROUND_US_MIN = 100_000

/**
 * CPU-µs per operation of each case: the least of five rounds of at least 0.1 CPU-s. The cases' rounds alternate, so that a slow spell of the
 * machine meets all of them and the ratios hold.
 */
export async function measure(cases: readonly BenchCase[]): Promise<CpuResult[]> {
  const leastUs = new Map<string, number>()
  const counts = new Map<string, number>()
  for (const { name, op } of cases) counts.set(name, await operationsFor(op, WARM_UP_US, ROUND_US_MIN))
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, op, opsPerCall = 1 } of cases) {
      const count = counts.get(name) as number
      const us = (await cpuUsOf(op, count)) / (count * opsPerCall)
      leastUs.set(name, Math.min(us, leastUs.get(name) ?? Number.POSITIVE_INFINITY))
    }
  }
  return cases.map(({ name, readingsPerOp, baseline }) =>
    resultOf(name, leastUs.get(name) as number, {
      ...(readingsPerOp === undefined ? {} : { readingsPerOp }),
      ...(baseline === undefined
        ? {}
        : { baseline: { name: baseline, cpuUsPerOp: leastUs.get(baseline) as number } }),
    }),
  )
}

/** The result of a measured CPU-µs per operation; rates are those of one fully used core. */
export function resultOf(
  name: string,
  cpuUsPerOp: number,
  {
    readingsPerOp,
    baseline,
  }: { readingsPerOp?: number; baseline?: { name: string; cpuUsPerOp: number } } = {},
): CpuResult {
  const opsPerSecond = 1e6 / cpuUsPerOp
  return {
    name,
    cpuUsPerOp,
    opsPerSecond,
    ...(readingsPerOp === undefined ? {} : { readingsPerSecond: opsPerSecond * readingsPerOp }),
    ...(baseline === undefined ? {} : { baseline: baseline.name, ratio: cpuUsPerOp / baseline.cpuUsPerOp }),
  }
}

/** The result of measured medians of wall time. */
export function latencyOf(
  name: string,
  p50Ms: number,
  { perSecond, baseline }: { perSecond?: number | undefined; baseline?: LatencyResult } = {},
): LatencyResult {
  return {
    name,
    p50Ms,
    ...(perSecond === undefined ? {} : { opsPerSecond: perSecond }),
    ...(baseline === undefined ? {} : { baseline: baseline.name, ratio: p50Ms / baseline.p50Ms }),
  }
}

/** CPU-µs (user and system, all threads of this process) that `count` operations take. */
async function cpuUsOf(op: () => unknown, count: number): Promise<number> {
  const before = process.cpuUsage()
  for (let index = 0; index < count; index++) {
    const result = op()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function operationsFor(op: () => unknown, warmUpUs: number, roundUs: number): Promise<number> {
  let count = 1
  for (;;) {
    const us = await cpuUsOf(op, count)
    if (us >= warmUpUs) return Math.max(1, Math.ceil((count * roundUs) / us))
    count *= 2
  }
}
