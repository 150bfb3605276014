import { spawnSync } from 'node:child_process'

const HELP = `Runs every test: npm test, or npm run test:deep for long seeds, more kills, the deep contract profile and the contracts' coverage.

  npm test                 unit, contracts, integration
  npm test -- unit         only the steps whose name begins so (unit, contracts, int; deep: coverage)
  npm run test:deep        the same with long seeds and every kill on its own, and coverage
`

type Step = { name: string; args: string[]; cwd?: string; isDeep?: true }

const vitest = (project: string): string[] => ['node_modules/vitest/vitest.mjs', 'run', '--project', project]
const STEPS: Step[] = [
  { name: 'unit', args: vitest('unit') },
  { name: 'contracts', args: ['script/forge.ts', 'test'], cwd: 'contracts' },
  { name: 'int', args: vitest('int') },
  // Minutes of compiling.
  { name: 'coverage', args: ['contracts/script/coverage.ts'], isDeep: true },
]

const args = process.argv.slice(2)
if (args.includes('--help')) {
  process.stdout.write(HELP)
} else {
  const deep = args.includes('--deep')
  const names = args.filter((arg) => arg !== '--deep')
  const env = { ...process.env, ...(deep ? { CONSIGN_DEEP: '1', FOUNDRY_PROFILE: 'deep' } : {}) }
  const steps = STEPS.filter(
    ({ name, isDeep }) =>
      (deep || !isDeep) && (names.length === 0 || names.some((each) => name.startsWith(each))),
  )
  const failed = steps.filter(({ name, args, cwd }) => {
    process.stderr.write(`\n— ${name} —\n`)
    return (
      spawnSync(process.execPath, args, { stdio: 'inherit', env, ...(cwd === undefined ? {} : { cwd }) })
        .status !== 0
    )
  })
  for (const { name } of failed) process.stdout.write(`failed: ${name}\n`)
  process.stdout.write(`${steps.length - failed.length} passed, ${failed.length} failed\n`)
  process.exitCode = failed.length === 0 && steps.length > 0 ? 0 : 1
}
