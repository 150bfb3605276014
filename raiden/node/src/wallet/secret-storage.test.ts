import { randomBytes } from 'node:crypto'
import { Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { decryptKey, encryptKey, SCRYPT_N } from './secret-storage.ts'

const KEY = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'
const ADDRESS = '0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b'

// The two test vectors of the definition, password "testpassword".
const PBKDF2 = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
}
const SCRYPT = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
}

const randomness = () => ({
  salt: randomBytes(32),
  iv: randomBytes(16),
  id: 'f8a5a6b4-9e0c-4c55-9a7b-0f3a5d1a6f10',
})

test('opens the vector of the definition for PBKDF2', () => {
  expect(decryptKey(JSON.stringify(PBKDF2), 'testpassword').toString('hex')).toBe(KEY)
})

// Its r of 1 is outside of RFC 7914 for that n, so that it takes seconds of JavaScript.
test.runIf(process.env.CONSIGN_DEEP)('opens the vector of the definition for scrypt', () => {
  expect(decryptKey(JSON.stringify(SCRYPT), 'testpassword').toString('hex')).toBe(KEY)
})

test('opens a keystore whose scrypt parameters are outside of RFC 7914', async () => {
  const text = await new Wallet(`0x${KEY}`).encrypt('pass phrase', { scrypt: { N: 2 ** 16, r: 1, p: 1 } })
  expect(decryptKey(text, 'pass phrase').toString('hex')).toBe(KEY)
  expect(() => decryptKey(text, 'pass')).toThrow('does not open')
})

test('opens what it wrote, and ethers opens it too', async () => {
  const text = encryptKey(Buffer.from(KEY, 'hex'), ADDRESS, 'pass phrase', SCRYPT_N.light, randomness())
  expect(text).not.toContain(KEY)
  expect(decryptKey(text, 'pass phrase').toString('hex')).toBe(KEY)
  expect((await Wallet.fromEncryptedJson(text, 'pass phrase')).address).toBe(ADDRESS)
})

test('opens what ethers wrote', async () => {
  const text = await new Wallet(`0x${KEY}`).encrypt('pass phrase', { scrypt: { N: 64 } })
  expect(decryptKey(text, 'pass phrase').toString('hex')).toBe(KEY)
})

test('refuses another password and a keystore that was changed', () => {
  expect(() => decryptKey(JSON.stringify(PBKDF2), 'testpasswore')).toThrow('does not open')
  const changed = {
    ...PBKDF2,
    crypto: { ...PBKDF2.crypto, ciphertext: PBKDF2.crypto.ciphertext.replace('53', '54') },
  }
  expect(() => decryptKey(JSON.stringify(changed), 'testpassword')).toThrow('does not open')
})

test.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...PBKDF2, version: 1 })],
  [
    'a cipher that is none of the definition',
    JSON.stringify({ ...PBKDF2, crypto: { ...PBKDF2.crypto, cipher: 'x' } }),
  ],
  [
    'parameters that would take all memory',
    JSON.stringify({
      ...SCRYPT,
      crypto: { ...SCRYPT.crypto, kdfparams: { ...SCRYPT.crypto.kdfparams, n: 2 ** 30 } },
    }),
  ],
])('refuses %s', (_what, text) => {
  expect(() => decryptKey(text, 'testpassword')).toThrow('no keystore')
})
