// Sets up what Consign needs, then runs one of its programs on Node 26: `node tools/setup/run.mjs [program.ts] [arguments]`.
// Plain JavaScript without dependencies, because it is the one file that a bare machine's Node 20 runs.
import { spawn } from 'node:child_process'
import { compileContracts } from './contracts.mjs'
import { findNatsServer } from './nats-server.mjs'
import { installPackages, nodePath } from './packages.mjs'
import { prepareRaiden } from './raiden.mjs'
import { SetupFailure, say } from './report.mjs'

const EXIT_SETUP_FAILED = 3

async function setUp() {
  await installPackages()
  await compileContracts()
  const raidenContracts = await prepareRaiden()
  return {
    CONSIGN_NATS_SERVER: await findNatsServer(),
    ...(raidenContracts === undefined ? {} : { CONSIGN_RAIDEN_CONTRACTS: raidenContracts }),
  }
}

/** Runs the program in the foreground. Ctrl-C reaches it directly; what reaches only us is passed on. */
function runProgram(program, args, env) {
  const child = spawn(nodePath(), [program, ...args], { stdio: 'inherit', env: { ...process.env, ...env } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

try {
  const [program, ...args] = process.argv.slice(2)
  const env = await setUp()
  if (program === undefined) say('ready')
  else process.exitCode = await runProgram(program, args, env)
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error
  console.error(`set-up failed (${error.code}): ${error.message}`)
  process.exitCode = EXIT_SETUP_FAILED
}
