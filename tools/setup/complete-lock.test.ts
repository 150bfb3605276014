import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { missingEntries } from './complete-lock.mjs'

it('package-lock.json names the packages of every platform, so that npm ci takes it (npm run lock)', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
  expect(missingEntries(lock)).toEqual([])
})

it('an optional package that the lock leaves out gets its platform from its name', () => {
  const parent = { optionalDependencies: { '@tool/cli-linux-arm64-musl': '1.2.3', here: '1.0.0' }, dev: true }
  expect(missingEntries({ packages: { 'node_modules/tool': parent, 'node_modules/here': {} } })).toEqual([
    [
      'node_modules/@tool/cli-linux-arm64-musl',
      { version: '1.2.3', cpu: ['arm64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
    ],
  ])
})
