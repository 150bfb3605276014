// Which lines and branches of contracts/src the tests reach: `node contracts/script/coverage.ts`, or `npm run coverage:contracts`; minutes. Prints a
// table and all that is not reached; exits 1 below SHARE_MIN of either, and with forge's own code when a test fails.
// Invariants stay out: what a random campaign happens to reach is shown by no test.
// Sources are compiled by way of Yul with the least optimisation, as some hold more variables than the older pipeline has room for. That keeps no
// place in the source of assembly, nor of what is but a jump (`break`, a call without arguments): forge counts those lines as not reached although they
// run, and so does this.
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runForge } from './forge.ts'
import { CONTRACTS, ROOT } from './foundry.ts'
import { assemblyLines, coverageTable, type FileCoverage, readTrace, shareOf, totalOf } from './lcov.ts'

const SHARE_MIN = 0.95
const SOURCES = 'contracts/src/'
const TRACE = join(CONTRACTS, 'cache/coverage/lcov.info')

async function measureCoverage(): Promise<number> {
  await mkdir(dirname(TRACE), { recursive: true })
  const selection = ['--no-match-path', 'contracts/test/*Invariant*']
  const report = ['--report', 'lcov', '--report-file', TRACE]
  return await runForge(['coverage', '--ir-minimum', ...selection, ...report], {
    FOUNDRY_PROFILE: 'coverage',
  })
}

/** Lines and branches of a file that were not reached, as far as there are any. */
async function notReached({ path, lines, branches }: FileCoverage): Promise<string[]> {
  if (lines.missed.length === 0 && branches.missed.length === 0) return []
  const assembly = assemblyLines(await readFile(join(ROOT, path), 'utf8'))
  const parts = {
    'lines in assembly': lines.missed.filter((line) => assembly.has(line)),
    'other lines': lines.missed.filter((line) => !assembly.has(line)),
    'branches at line': branches.missed,
  }
  const named = Object.entries(parts).filter(([, places]) => places.length > 0)
  return [`  ${path}`, ...named.map(([part, places]) => `    ${part}: ${places.join(', ')}`)]
}

async function main(): Promise<number> {
  const code = await measureCoverage()
  if (code !== 0) return code
  const files = readTrace(await readFile(TRACE, 'utf8'), SOURCES)
  const details = await Promise.all(files.map(notReached))
  const { lines, branches } = totalOf(files)
  console.log(`\n${coverageTable(files)}\n\nnot reached, or without a trace:\n${details.flat().join('\n')}`)
  const isEnough = Math.min(shareOf(lines), shareOf(branches)) >= SHARE_MIN
  if (!isEnough) console.error(`coverage: below ${SHARE_MIN * 100} % of lines or branches`)
  return isEnough ? 0 : 1
}

process.exitCode = await main()
