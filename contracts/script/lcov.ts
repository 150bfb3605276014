// What a trace in lcov's format says of the contracts' sources, as a table. Numbers of lines count from 1.

/** Of one source file. A branch is named by the line that it begins in. */
export type FileCoverage = { path: string; lines: Reach; branches: Reach }
export type Reach = { found: number; missed: number[] }

/** Sources below `folder`, in the order of the trace. */
export function readTrace(trace: string, folder: string): FileCoverage[] {
  return trace
    .split('end_of_record')
    .map(readRecord)
    .filter(({ path }) => path.startsWith(folder))
}

function readRecord(record: string): FileCoverage {
  const values = (name: string) =>
    record
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).split(','))
  return {
    path: values('SF')[0]?.join(',').trim() ?? '',
    lines: reachOf(values('DA').map(([line, count]) => [line, count])),
    branches: reachOf(values('BRDA').map(([line, , , count]) => [line, count])),
  }
}

// A branch in code that never ran has a dash for its count.
function reachOf(counts: (string | undefined)[][]): Reach {
  const missed = counts.filter(([, count]) => !(Number(count) > 0)).map(([line]) => Number(line))
  return { found: counts.length, missed }
}

/** Sums over all files. */
export function totalOf(files: FileCoverage[]): { lines: Reach; branches: Reach } {
  const sum = (of: 'lines' | 'branches'): Reach => ({
    found: files.reduce((found, file) => found + file[of].found, 0),
    missed: files.flatMap((file) => file[of].missed),
  })
  return { lines: sum('lines'), branches: sum('branches') }
}

/** Reached of what there is, from 0 to 1; 1 where there is nothing. */
export function shareOf({ found, missed }: Reach): number {
  return found === 0 ? 1 : (found - missed.length) / found
}

/** Lines of a source that lie in an assembly block. */
export function assemblyLines(source: string): Set<number> {
  const inside = new Set<number>()
  let depth = 0
  for (const [index, line] of source.split('\n').entries()) {
    if (depth === 0 && !/^\s*assembly\b/.test(line)) continue
    if (depth > 0) inside.add(index + 1)
    depth += line.split('{').length - line.split('}').length
  }
  return inside
}

/** Every file and the sum, reached of found. */
export function coverageTable(files: FileCoverage[]): string {
  const rows = [
    ['', 'lines', '', 'branches', ''],
    ...files.map((file) => [file.path, ...cells(file.lines), ...cells(file.branches)]),
  ]
  const { lines, branches } = totalOf(files)
  rows.push(['total', ...cells(lines), ...cells(branches)])
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const padded = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(padded).join('  ').trimEnd()).join('\n')
}

function cells(reach: Reach): [string, string] {
  const { found, missed } = reach
  // Rounded down: what is shown as 95.0 % is at least that.
  return [`${found - missed.length}/${found}`, `${(Math.floor(shareOf(reach) * 1000) / 10).toFixed(1)} %`]
}
