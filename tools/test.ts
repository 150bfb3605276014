import { spawnSync } from 'node:child_process'

const HELP = `Runs every test: npm test, or npm run test:deep for long seeds, more kills and the deep contract profile.

  npm test                 unit, contracts, integration
  npm test -- unit         only the steps whose name begins so (unit, contracts, int)
  npm run test:deep        the same with long seeds and every kill on its own
`

type Step = { name: string; args: string[]; cwd?: string }

const vitest = (project: string): string[] => ['node_modules/vitest/vitest.mjs', 'run', '--project', project]
const STEPS: Step[] = [
  { name: 'unit', args: vitest('unit') },
  { name: 'contracts', args: ['script/forge.ts', 'test'], cwd: 'contracts' },
  { name: 'int', args: vitest('int') },
]

const args = process.argv.slice(2)
if (args.includes('--help')) {
  process.stdout.write(HELP)
} else {
  const deep = args.includes('--deep')
  const names = args.filter((arg) => arg !== '--deep')
  const env = { ...process.env, ...(deep ? { CONSIGN_DEEP: '1', FOUNDRY_PROFILE: 'deep' } : {}) }
  const steps = STEPS.filter((step) => names.length === 0 || names.some((name) => step.name.startsWith(name)))
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
