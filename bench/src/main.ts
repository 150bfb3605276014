// npm run bench: the hot paths beside their baselines, each pair in the same run. `--json` for machines, names to choose: codec ingest judging payments.
import type { BenchResult } from './measure.ts'

const SUITES: Record<string, () => Promise<{ run(): Promise<BenchResult[]> }>> = {
  codec: () => import('./codec.ts'),
  ingest: () => import('./ingest.ts'),
  judging: () => import('./judging.ts'),
  payments: () => import('./payments.ts'),
}

const HELP = `Benchmarks of the hot paths, each beside a baseline measured in the same run. Trust the ratios, not the absolute times.

  npm run bench                all of them
  npm run bench -- codec       only these: ${Object.keys(SUITES).join(', ')}
  npm run bench -- --json      one JSON document on stdout
`

const args = process.argv.slice(2)
const names = args.filter((arg) => !arg.startsWith('--'))
const unknown = names.filter((name) => !(name in SUITES))
if (args.includes('--help')) process.stdout.write(HELP)
else if (unknown.length > 0) {
  process.stderr.write(
    `bench.unknown: there is no benchmark ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`,
  )
  process.exitCode = 2
} else {
  const results: BenchResult[] = []
  for (const [name, load] of Object.entries(SUITES)) {
    if (names.length > 0 && !names.includes(name)) continue
    process.stderr.write(`measuring ${name} …\n`)
    results.push(...(await (await load()).run()))
  }
  process.stdout.write(args.includes('--json') ? `${JSON.stringify(results, null, 2)}\n` : table(results))
}

function table(results: BenchResult[]): string {
  const rows = results.map((result) => [
    result.name,
    'p50Ms' in result ? `${result.p50Ms.toFixed(0)} ms` : `${result.cpuUsPerOp.toFixed(1)} µs CPU`,
    perSecond(result.opsPerSecond),
    'readingsPerSecond' in result ? perSecond(result.readingsPerSecond, ' readings') : '',
    result.ratio === undefined ? '' : `${result.ratio.toFixed(2)} × ${result.baseline ?? 'baseline'}`,
  ])
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return `${rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')}\n`
}

function perSecond(count: number | undefined, what = ''): string {
  if (count === undefined) return ''
  return `${count.toLocaleString('en', { maximumFractionDigits: count < 100 ? 1 : 0 })}${what}/s`
}
