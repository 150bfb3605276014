import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const packagesOf = (lock: string): string[] =>
  Object.keys(JSON.parse(readFileSync(new URL(lock, import.meta.url), 'utf8')).packages)

// What services, edge and cli install is the root's lock; docs/adr/0013-raiden-apart.md.
it('nothing but raiden/ installs the SDK of Raiden, or what it brings', () => {
  const sdk = /(^|\/)node_modules\/(raiden-ts|ethers|pouchdb|leveldown|matrix-js-sdk)$/
  expect(packagesOf('../../package-lock.json').filter((path) => sdk.test(path))).toEqual([])
  expect(
    packagesOf('../../raiden/package-lock.json').filter((path) => sdk.test(path)).length,
  ).toBeGreaterThan(3)
})
