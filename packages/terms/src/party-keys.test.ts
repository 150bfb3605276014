import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { native } from '@consign/envelope'
import { privateKeyToAccount } from 'viem/accounts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadPartyKeys, partyIdentity, partyKeysFromSeed, savePartyKeys } from './party-keys.ts'

const keys = partyKeysFromSeed(new Uint8Array(32).fill(7))
let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'consign-terms-'))
  file = join(folder, 'party.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const refused = (code: string) => expect.objectContaining({ code })

it('gives the same keys for the same seed, and others for another', () => {
  expect(partyIdentity(partyKeysFromSeed(new Uint8Array(32).fill(7)))).toEqual(partyIdentity(keys))
  expect(partyIdentity(partyKeysFromSeed(new Uint8Array(32).fill(8)))).not.toEqual(partyIdentity(keys))
  expect(() => partyKeysFromSeed(new Uint8Array(31))).toThrow(refused('partyKeys.seed'))
})

it('keeps keys in a file that only its owner reads, and loads keys that sign alike', async () => {
  await savePartyKeys(file, keys)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const loaded = await loadPartyKeys(file)
  expect(partyIdentity(loaded)).toEqual(partyIdentity(keys))
  expect(await loaded.wallet.signMessage({ message: 'x' })).toBe(
    await keys.wallet.signMessage({ message: 'x' }),
  )
  const signature = await native.mlDsaSign(loaded.pq, new Uint8Array(32))
  expect(await native.mlDsaVerify(keys.pq.public.mlDsa, new Uint8Array(32), signature)).toBe(true)
})

it('never overwrites a file', async () => {
  await savePartyKeys(file, keys)
  await expect(savePartyKeys(file, keys)).rejects.toThrow(refused('partyKeys.exists'))
})

it('is refused where no file can be, or be read', async () => {
  await expect(savePartyKeys(join(folder, 'none', 'a.key'), keys)).rejects.toThrow(
    refused('partyKeys.folder'),
  )
  await expect(loadPartyKeys(folder)).rejects.toThrow(refused('partyKeys.missing'))
})

it('refuses a file that others may read', async () => {
  await savePartyKeys(file, keys)
  chmodSync(file, 0o640)
  await expect(loadPartyKeys(file)).rejects.toThrow(refused('partyKeys.mode'))
})

it('refuses a missing and a damaged file without repeating what it holds', async () => {
  await expect(loadPartyKeys(file)).rejects.toThrow(refused('partyKeys.missing'))
  await savePartyKeys(file, keys)
  const secret = (JSON.parse(readFileSync(file, 'utf8')) as { wallet: string }).wallet
  for (const content of [
    readFileSync(file, 'utf8').slice(0, -40),
    JSON.stringify({ version: 1, wallet: secret, pq: '0x00' }),
    secret,
  ]) {
    writeFileSync(file, content)
    const error = await loadPartyKeys(file).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'partyKeys.malformed' })
    expect(inspect(error, { depth: 9 })).not.toContain(secret.slice(2, 20))
  }
})

it('shows no secret when printed or serialised', async () => {
  await savePartyKeys(file, keys)
  const secret = (JSON.parse(readFileSync(file, 'utf8')) as { wallet: string }).wallet.slice(2)
  expect(inspect(keys, { depth: 9, showHidden: true })).not.toContain(secret)
  expect(JSON.stringify(keys)).not.toContain(secret)
})

it('cannot save a wallet whose private key is elsewhere', async () => {
  const foreign = { wallet: privateKeyToAccount(`0x${'01'.repeat(32)}`), pq: keys.pq }
  await expect(savePartyKeys(file, foreign)).rejects.toThrow(refused('partyKeys.noSecret'))
})
