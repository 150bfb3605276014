/**
 * What judging an envelope of 32 readings costs, kind by kind, beside a bare loop that compares the same values with the same bound. One reading
 * in 128 is outside, as of goods that travel well; a second series swings across the bound with every reading.
 */
import type { LimitClause } from '@consign/terms'
import { type Docket, type JudgedEnvelope, type LegFold, limitFold } from '@consign/terms/judging'
import { type BenchCase, type BenchResult, measure } from './measure.ts'

const READINGS = 32
const ENVELOPES = 64
const BOUND = 8_000
const SECOND_MS = 1_000

const NOBODY: Docket = { warn: () => {}, judge: () => {} }
const common = {
  salt: '0x00',
  limitId: 1,
  metric: 'temperature',
  side: 'above',
  bound: BOUND,
  startUpMs: 0,
  penalty: { base: '10', perStep: '1', step: 60_000, caseMax: '99', limitMax: '99', beneficiary: '0x00' },
} as const
const overTime = { durationMs: 1_800_000, gapMsMax: 3_600_000, between: 'linear' } as const
const LIMITS: LimitClause[] = [
  { kind: 'limit.instantaneous', ...common },
  { kind: 'limit.single', ...common, ...overTime },
  { kind: 'limit.cumulative', ...common, ...overTime, scope: 'leg' },
  { kind: 'limit.meanKinetic', ...common, gapMsMax: 3_600_000 },
]

/** CPU-µs per envelope; takes about 10 s. */
export async function run(): Promise<BenchResult[]> {
  const calm = series((index) => (index % 128 === 0 ? BOUND + 500 : 5_000 + (index % 32)))
  const swinging = series((index) => BOUND + (index % 2 === 0 ? 500 : -500))
  return [...(await measure(casesOf('calm', calm))), ...(await measure(casesOf('swinging', swinging)))]
}

function series(valueAt: (index: number) => number): JudgedEnvelope[] {
  return Array.from({ length: ENVELOPES }, (_, seq) => {
    const values = Int32Array.from({ length: READINGS }, (__, index) => valueAt(seq * READINGS + index))
    const baseMonotonicMs = seq * READINGS * SECOND_MS
    return {
      seq,
      bootId: '0xb0',
      baseMonotonicMs,
      baseUtcMs: 1_790_000_000_000 + baseMonotonicMs,
      clockState: 1,
      timesMs: Uint32Array.from(values, (__, index) => index * SECOND_MS),
      columns: new Map([['temperature', values]]),
    }
  })
}

function casesOf(name: string, envelopes: readonly JudgedEnvelope[]): BenchCase[] {
  const bare = `bare comparisons, ${name}`
  const counts = { opsPerCall: ENVELOPES, readingsPerOp: READINGS }
  const folds = LIMITS.map((limit): BenchCase => {
    const judged = `${limit.kind.replace('limit.', 'judge ')}, ${name}`
    return { name: judged, op: () => judge(limitFold(limit, 0), envelopes), ...counts, baseline: bare }
  })
  return [{ name: bare, op: () => compare(envelopes), ...counts }, ...folds]
}

function judge(fold: LegFold, envelopes: readonly JudgedEnvelope[]): void {
  for (const envelope of envelopes) fold.take(envelope, NOBODY)
  fold.end(NOBODY)
}

function compare(envelopes: readonly JudgedEnvelope[]): number {
  let outside = 0
  for (const { columns } of envelopes) {
    const values = columns.get('temperature') as Int32Array
    for (let index = 0; index < values.length; index++) if ((values[index] as number) > BOUND) outside += 1
  }
  return outside
}
