import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openWallet } from '../src/wallet/wallet-file.ts'

const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
const PROGRAM = fileURLToPath(new URL('../src/keystore.ts', import.meta.url))

function directory(): { path: (name: string) => string; secret: (name: string, text: string) => string } {
  const dir = mkdtempSync(join(tmpdir(), 'consign-wallet-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const path = (name: string) => join(dir, name)
  const secret = (name: string, text: string) => {
    writeFileSync(path(name), text, { mode: 0o600 })
    return path(name)
  }
  return { path, secret }
}

const keystore = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

test('keystore.ts import makes a keystore that opens to the same wallet, once, for its owner only', () => {
  const { secret, path } = directory()
  const [key, password] = [secret('key', KEY), secret('password', 'hush\n')]
  const args = [
    'import',
    '--key-file',
    key,
    '--password-file',
    password,
    '--out',
    path('out.json'),
    '--light',
  ]
  expect(keystore(...args)).toEqual({ code: 0, stdout: `${ADDRESS}\n`, stderr: '' })
  expect(statSync(path('out.json')).mode & 0o777).toBe(0o600)
  expect(readFileSync(path('out.json'), 'utf8')).not.toContain(KEY.slice(2))
  expect(openWallet(path('out.json'), password).address).toBe(ADDRESS)
  expect(keystore(...args)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^raiden\.keystore: .*EEXIST.*\n$/),
  })
})

test('keystore.ts new makes another wallet each time', () => {
  const { secret, path } = directory()
  const password = secret('password', 'hush')
  const make = (name: string) =>
    keystore('new', '--password-file', password, '--out', path(name), '--light').stdout
  expect(make('a')).not.toBe(make('b'))
  expect(openWallet(path('a'), password).address).toMatch(/^0x/)
})

test('keystore.ts never shows the key it is given', () => {
  const { secret, path } = directory()
  const password = secret('password', 'hush')
  const wrong = keystore(
    'import',
    '--key-file',
    secret('key', `${KEY}00`),
    '--password-file',
    password,
    '--out',
    path('o'),
  )
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).not.toContain(KEY.slice(2, 20))
  // Above the order of the curve.
  const beyond = `0x${'f'.repeat(64)}`
  const outside = keystore(
    'import',
    '--key-file',
    secret('key2', beyond),
    '--password-file',
    password,
    '--out',
    path('o'),
  )
  expect(outside).toMatchObject({ code: 2, stdout: '' })
  expect(outside.stderr).not.toContain('ffff')
})
