// npm run lock: names in package-lock.json the packages of other platforms that npm left out. A registry mirror that holds only some platforms
// makes `npm install` drop them, and then `npm ci` refuses the lock everywhere. What could not be read has no integrity hash.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LOCK = join(fileURLToPath(new URL('../../', import.meta.url)), 'package-lock.json')
const SYSTEMS = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  win32: 'win32',
  windows: 'win32',
}
const PROCESSORS = {
  arm64: 'arm64',
  arm: 'arm',
  amd64: 'x64',
  x64: 'x64',
  64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
}

/** The optional packages that `lock` refers to and does not describe: [path, entry]. */
export function missingEntries(lock) {
  const found = []
  for (const [path, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const places = [`node_modules/${name}`, `${path}/node_modules/${name}`]
      if (!places.some((place) => place in lock.packages))
        found.push([places[0], entryOf(name, version, parent.dev)])
    }
  }
  return found
}

/** The platform as the package's name tells it: `@scope/tool-linux-arm64-musl`. */
function entryOf(name, version, dev) {
  const parts = name.split('/').at(-1).split('-')
  const os = parts.map((part) => SYSTEMS[part]).find(Boolean)
  const cpu = parts.map((part) => PROCESSORS[part]).find(Boolean)
  const libc = parts.some((part) => part.startsWith('musl'))
    ? 'musl'
    : parts.some((part) => part.startsWith('gnu'))
      ? 'glibc'
      : undefined
  return {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(dev && { dev: true }),
    ...(libc && { libc: [libc] }),
    optional: true,
    ...(os && { os: [os] }),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(LOCK, 'utf8'))
  const missing = missingEntries(lock)
  const packages = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(LOCK, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`)
  console.error(
    missing.length === 0
      ? 'package-lock.json is complete'
      : `added ${missing.map(([path]) => path).join(', ')}`,
  )
}
