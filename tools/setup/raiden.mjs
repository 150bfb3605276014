import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CACHE } from './nats-server.mjs'
import { install, ROOT } from './packages.mjs'
import { run, SetupFailure, say } from './report.mjs'
import { fileOfWheel } from './wheel.mjs'

const VERSION = '0.50.2'
const WHEEL_SHA256 = '2c89496bda40e55079ea221a804573bfa579678b453af34a121990b96d33eaad'
const CONTRACTS_SHA256 = '6dac43eaec4190c2595335862f57b3650ddaf8e864b2d6ad0b29aed92e334315'
const CONTRACTS = 'raiden_contracts/data/contracts.json'
const NAMED_IS_MISSING = 'setup.raiden-contracts-named'
const PIPS = [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']]

/**
 * Path of Raiden's contracts.json, with the packages of raiden/ installed. Undefined, after one line that says why, where they cannot be had:
 * everything but Raiden works without.
 */
export async function prepareRaiden() {
  try {
    await install(
      join(ROOT, 'raiden'),
      'packages of the Raiden node into raiden/node_modules (npm ci, seconds)',
    )
    return await findContracts(process.env, CACHE)
  } catch (error) {
    if (!(error instanceof SetupFailure) || error.code === NAMED_IS_MISSING) throw error
    say(
      `no Raiden here (${error.code}): ${error.message} Until then payments go on chain, and tests that need Raiden are skipped.`,
    )
    return undefined
  }
}

/** Named by CONSIGN_RAIDEN_CONTRACTS; else from the cache folder, or out of the wheel that pip fetches, and then with the known hash. */
export async function findContracts(env, cache) {
  const named = env.CONSIGN_RAIDEN_CONTRACTS
  if (named !== undefined) {
    if (existsSync(named)) return named
    throw new SetupFailure(
      NAMED_IS_MISSING,
      `CONSIGN_RAIDEN_CONTRACTS=${named} is not there; unset it or name the contracts.json of raiden-contracts ${VERSION}.`,
    )
  }
  const cached = join(cache, `raiden-contracts-${VERSION}.json`)
  if (existsSync(cached) && sha256(readFileSync(cached)) === CONTRACTS_SHA256) return cached
  const contracts = fileOfWheel(await downloadWheel(await firstPip(env), env), CONTRACTS)
  if (sha256(contracts) !== CONTRACTS_SHA256) {
    throw new SetupFailure(
      'setup.raiden-contracts',
      `what pip fetched as raiden-contracts ${VERSION} is something else; check where pip takes its packages from.`,
    )
  }
  mkdirSync(cache, { recursive: true })
  // Renamed: another set-up at the same time never sees half a file.
  writeFileSync(`${cached}.${process.pid}`, contracts)
  renameSync(`${cached}.${process.pid}`, cached)
  return cached
}

async function firstPip(env) {
  for (const pip of PIPS) {
    try {
      await run(pip[0], [...pip.slice(1), '--version'], { env })
      return pip
    } catch {
      // Not there; the next one may be.
    }
  }
  throw new SetupFailure(
    'setup.raiden-contracts',
    `Raiden's contracts come by pip, and there is none; install Python with pip, or set CONSIGN_RAIDEN_CONTRACTS to the contracts.json of raiden-contracts ${VERSION}, then run it again.`,
  )
}

async function downloadWheel([command, ...first], env) {
  say(`fetching Raiden's contracts ${VERSION} with ${[command, ...first].join(' ')}`)
  const dir = mkdtempSync(join(tmpdir(), 'consign-pip-'))
  try {
    const requirement = join(dir, 'requirements.txt')
    writeFileSync(requirement, `raiden-contracts==${VERSION} --hash=sha256:${WHEEL_SHA256}\n`)
    const patience = ['--retries', '1', '--timeout', '15', '--disable-pip-version-check', '--quiet']
    const wanted = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', requirement, '-d', dir]
    await run(command, [...first, 'download', ...patience, ...wanted], { env })
    const wheel = readdirSync(dir).find((file) => file.endsWith('.whl'))
    return readFileSync(join(dir, wheel))
  } catch (error) {
    throw new SetupFailure(
      'setup.raiden-contracts',
      `pip could not fetch raiden-contracts ${VERSION}; check the network, or set CONSIGN_RAIDEN_CONTRACTS to its contracts.json. ${error.message}`,
    )
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
