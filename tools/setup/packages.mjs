import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, SetupFailure, say } from './report.mjs'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NODE_MAJOR_MIN = 26

/** SHA-256 over files in the given order; what a stamp compares to know whether a step must run again. */
export function fingerprint(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

/** The packages of this folder, and Node 26 among them. */
export async function installPackages() {
  if (!(await install(ROOT, 'packages into node_modules (npm ci, about half a minute)'))) return
  const version = await run(nodePath(), ['--version'])
  if (Number(version.slice(1).split('.')[0]) < NODE_MAJOR_MIN) {
    rmSync(stampOf(ROOT))
    throw new SetupFailure(
      'setup.node',
      `Node ${NODE_MAJOR_MIN} or later is needed and ${version} was found; install it and put it first in PATH.`,
    )
  }
}

/** `npm ci` in `folder`, once per package-lock.json; false when nothing was to be done. */
export async function install(folder, what) {
  const wanted = `${fingerprint([join(folder, 'package-lock.json')])} ${process.platform} ${process.arch}\n`
  if (existsSync(stampOf(folder)) && readFileSync(stampOf(folder), 'utf8') === wanted) return false
  say(`installing ${what}`)
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      shell: process.platform === 'win32',
    })
  } catch (error) {
    throw new SetupFailure(
      'setup.packages',
      `npm could not install the packages; check the network, then run it again. ${error.message}`,
    )
  }
  writeFileSync(stampOf(folder), wanted)
  return true
}

function stampOf(folder) {
  return join(folder, 'node_modules', '.consign-setup')
}

/** Node 26: the one that npm installed for this platform, else the one that runs us. */
export function nodePath() {
  const installed = join(ROOT, 'node_modules', '.bin', 'node')
  return existsSync(installed) ? installed : process.execPath
}
