import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, SetupFailure, say } from './report.mjs'

/** The version fetched when none is found. The least accepted one is 2.14.1: earlier ones have published vulnerabilities. */
export const NATS_VERSION = '2.14.9'
const VERSION_MIN = [2, 14, 1]

export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'consign')

/**
 * Path of a nats-server binary: named by CONSIGN_NATS_SERVER, on PATH, from our cache, built by Go, or taken out of the
 * official container image; the first that is recent enough.
 */
export async function findNatsServer() {
  const named = process.env.CONSIGN_NATS_SERVER
  if (named !== undefined) {
    if (await isRecent(named)) return named
    throw new SetupFailure(
      'setup.nats',
      `CONSIGN_NATS_SERVER=${named} is not a nats-server ${VERSION_MIN.join('.')} or later; unset it or name another.`,
    )
  }
  const cached = join(CACHE, `nats-server-${NATS_VERSION}`)
  for (const candidate of ['nats-server', cached]) if (await isRecent(candidate)) return candidate
  mkdirSync(CACHE, { recursive: true })
  const failures = []
  for (const fetchBinary of [buildWithGo, takeFromImage]) {
    try {
      await fetchBinary(cached)
      if (await isRecent(cached)) return cached
    } catch (error) {
      failures.push(error.message)
    }
  }
  throw new SetupFailure(
    'setup.nats',
    `no nats-server ${VERSION_MIN.join('.')} or later; install Go or Docker, or set CONSIGN_NATS_SERVER to a binary. Tried: ${failures.join('; ')}`,
  )
}

async function isRecent(binary) {
  if (binary.includes('/') && !existsSync(binary)) return false
  try {
    const found = /v(\d+)\.(\d+)\.(\d+)/.exec(await run(binary, ['--version']))
    if (found === null) return false
    const version = found.slice(1).map(Number)
    const difference = version.map((part, i) => part - VERSION_MIN[i]).find((part) => part !== 0)
    return (difference ?? 0) >= 0
  } catch {
    return false
  }
}

async function buildWithGo(target) {
  await run('go', ['version'])
  say(`building nats-server ${NATS_VERSION} with Go into ${CACHE} (a minute or two)`)
  const bin = mkdtempSync(join(tmpdir(), 'consign-go-'))
  try {
    const env = { ...process.env, GOBIN: bin, CGO_ENABLED: '0', GOFLAGS: '' }
    await run('go', ['install', `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`], { env })
    install(join(bin, 'nats-server'), target)
  } finally {
    rmSync(bin, { recursive: true, force: true })
  }
}

/** The image's binary is static, so it runs outside a container as well, where a test can kill and restart it. */
async function takeFromImage(target) {
  await run('docker', ['version'])
  say(`taking nats-server ${NATS_VERSION} out of its container image`)
  const dir = mkdtempSync(join(tmpdir(), 'consign-image-'))
  const container = await run('docker', ['create', `nats:${NATS_VERSION}`, '/nats-server'])
  try {
    await run('docker', ['cp', `${container.split('\n').at(-1)}:/nats-server`, join(dir, 'nats-server')])
    install(join(dir, 'nats-server'), target)
  } finally {
    await run('docker', ['rm', container.split('\n').at(-1)]).catch(() => {})
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Copies beside the target, then renames: another set-up at the same time never sees half a file. */
function install(binary, target) {
  const partial = `${target}.${process.pid}`
  copyFileSync(binary, partial)
  chmodSync(partial, 0o755)
  renameSync(partial, target)
}
