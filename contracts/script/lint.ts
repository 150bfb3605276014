// Format and lint of the Solidity sources; exits 1 when forge fmt, forge lint or solhint has anything to say.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runForge } from './forge.ts'
import { CONTRACTS } from './foundry.ts'

const solhint = join(dirname(createRequire(import.meta.url).resolve('solhint/package.json')), 'solhint.js')

function runSolhint(args: string[]): Promise<number> {
  // Without --disc it asks a registry for newer versions; the poster is an advertisement.
  const child = spawn(process.execPath, [solhint, '--disc', '--noPoster', '--max-warnings', '0', ...args], {
    cwd: CONTRACTS,
    stdio: 'inherit',
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

const codes = [
  await runForge(['fmt', '--check']),
  // Tests are full of what it warns of: casts of short literals, shifts of one.
  // It compiles without bytecode, which a later build in the same folders would take for whole.
  await runForge(['lint', '--deny', 'warnings', 'contracts/src'], {
    FOUNDRY_OUT: 'contracts/cache/lint/out',
    FOUNDRY_CACHE_PATH: 'contracts/cache/lint',
  }),
  await runSolhint(['--config', '.solhint.json', 'src/**/*.sol']),
  await runSolhint(['--config', 'test/.solhint.json', 'test/**/*.sol']),
]
process.exitCode = codes.every((code) => code === 0) ? 0 : 1
