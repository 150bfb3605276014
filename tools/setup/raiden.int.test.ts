import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findContracts } from './raiden.mjs'
import { WHEEL } from './wheel-fixture.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'consign-set-up-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const onlyThere = () => ({ PATH: dir })

/** A pip that is all there is on PATH; `download` runs when it is asked to download into `target`. */
function putPip(download: string): void {
  const program = `#!${process.execPath}
const [command] = process.argv.slice(2)
const target = process.argv.at(-1)
if (command === 'download') { ${download} }
`
  writeFileSync(join(dir, 'pip'), program, { mode: 0o755 })
}

it('takes the file that CONSIGN_RAIDEN_CONTRACTS names, and refuses when it is not there', async () => {
  const file = join(dir, 'contracts.json')
  await expect(findContracts({ CONSIGN_RAIDEN_CONTRACTS: file }, dir)).rejects.toMatchObject({
    code: 'setup.raiden-contracts-named',
  })
  writeFileSync(file, '{}')
  expect(await findContracts({ CONSIGN_RAIDEN_CONTRACTS: file }, dir)).toBe(file)
})

it('says what to install where there is no pip', async () => {
  await expect(findContracts(onlyThere(), join(dir, 'cache'))).rejects.toMatchObject({
    code: 'setup.raiden-contracts',
    message: expect.stringContaining('install Python with pip, or set CONSIGN_RAIDEN_CONTRACTS'),
  })
})

it('says what pip said when it fetches nothing', async () => {
  putPip(`console.error('no network here'); process.exit(1)`)
  await expect(findContracts(onlyThere(), join(dir, 'cache'))).rejects.toMatchObject({
    code: 'setup.raiden-contracts',
    message: expect.stringContaining('no network here'),
  })
})

it('refuses contracts that are not the known ones', async () => {
  const write = `require('fs').writeFileSync(target + '/some.whl', Buffer.from('${WHEEL.toString('base64')}', 'base64'))`
  putPip(write)
  await expect(findContracts(onlyThere(), join(dir, 'cache'))).rejects.toMatchObject({
    code: 'setup.raiden-contracts',
    message: expect.stringContaining('is something else'),
  })
})

it('a damaged file in the cache is not taken', async () => {
  writeFileSync(join(dir, 'raiden-contracts-0.50.2.json'), '{}')
  await expect(findContracts(onlyThere(), dir)).rejects.toMatchObject({ code: 'setup.raiden-contracts' })
})

const known = process.env.CONSIGN_RAIDEN_CONTRACTS
it.skipIf(known === undefined)('what is in the cache needs no pip', async () => {
  const cached = join(dir, 'raiden-contracts-0.50.2.json')
  copyFileSync(known!, cached)
  expect(await findContracts(onlyThere(), dir)).toBe(cached)
})
