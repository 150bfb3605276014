import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readSecretFile, walletOf } from './wallet-file.ts'
import { lockWallet } from './wallet-lock.ts'

const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

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

test.each([0o640, 0o604, 0o644, 0o660])('refuses a secret file of mode %o', (mode) => {
  const { secret } = directory()
  const file = secret('password', 'hush')
  chmodSync(file, mode)
  expect(() => readSecretFile(file)).toThrow('chmod 600')
})

test('refuses a secret file that is empty or not there', () => {
  const { secret, path } = directory()
  expect(() => readSecretFile(secret('password', ' \n'))).toThrow('is empty')
  expect(() => readSecretFile(path('nothing'))).toThrow('ENOENT')
})

test('a wallet is locked once per chain, and free again afterwards', () => {
  const { path } = directory()
  const lock = lockWallet(path('locks'), 1, ADDRESS)
  expect(() => lockWallet(path('locks'), 1, ADDRESS.toLowerCase())).toThrow('Another process')
  lockWallet(path('locks'), 2, ADDRESS).release()
  lock.release()
  lockWallet(path('locks'), 1, ADDRESS).release()
})

test.each([
  '00'.repeat(32),
  'ff'.repeat(32),
  'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
])('refuses %s as a private key', (key) => {
  expect(() => walletOf(Buffer.from(key, 'hex'))).toThrow('no private key')
})
