/**
 * Web3 Secret Storage, version 3 (ethereum.org, "Web3 secret storage definition"): a private key encrypted with AES-128-CTR under a key
 * derived from a password by scrypt or PBKDF2-HMAC-SHA-256, and a Keccak-256 MAC over the derived key's second half and the ciphertext.
 * In node:crypto, because the pure JavaScript scrypt of ethers takes seconds for what this does in a third of one.
 */
import { createCipheriv, createDecipheriv, hash, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import { Refusal } from '@consign/envelope'
import { utils, Wallet } from 'ethers'
import { z } from 'zod'

const hex = (bytes?: number) =>
  z
    .string()
    .regex(/^(0x)?([0-9a-fA-F]{2})*$/)
    .transform((text) => Buffer.from(text.replace(/^0x/, ''), 'hex'))
    .refine((value) => bytes === undefined || value.length === bytes)

// Bounds against a file that would take all memory or time: 128 × n × r bytes is 1 GiB at most.
const SCRYPT_BYTES_MAX = 2 ** 30
const scrypt = z
  .object({
    n: z.int().min(2),
    r: z.int().min(1),
    p: z.int().min(1).max(16),
    dklen: z.literal(32),
    salt: hex(),
  })
  .refine(({ n, r }) => 128 * n * r <= SCRYPT_BYTES_MAX)
const pbkdf2 = z.object({
  c: z.int().min(1).max(10_000_000),
  dklen: z.literal(32),
  prf: z.literal('hmac-sha256'),
  salt: hex(),
})
const kdf = z.discriminatedUnion('kdf', [
  z.object({ kdf: z.literal('scrypt'), kdfparams: scrypt }),
  z.object({ kdf: z.literal('pbkdf2'), kdfparams: pbkdf2 }),
])
const cipher = z.object({
  cipher: z.literal('aes-128-ctr'),
  cipherparams: z.object({ iv: hex(16) }),
  ciphertext: hex(32),
  mac: hex(32),
})
const keystore = z.object({ version: z.literal(3), crypto: z.intersection(kdf, cipher) })

export type Randomness = { salt: Buffer; iv: Buffer; id: string }

/** n of scrypt: the standard's own, and one for tests and demonstrations that take it often. */
export const SCRYPT_N = { standard: 2 ** 18, light: 2 ** 12 }

/** The JSON text of a keystore. `randomness`: 32 bytes of salt, 16 of iv, a UUID; each used once. */
export function encryptKey(
  privateKey: Buffer,
  address: string,
  password: string,
  n: number,
  { salt, iv, id }: Randomness,
): string {
  const params = { n, r: 8, p: 1, dklen: 32, salt: salt.toString('hex') }
  const derived = deriveByScrypt(password, { ...params, salt })
  const aes = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const ciphertext = Buffer.concat([aes.update(privateKey), aes.final()])
  const crypto = {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: iv.toString('hex') },
    ciphertext: ciphertext.toString('hex'),
    kdf: 'scrypt',
    kdfparams: params,
    mac: macOf(derived, ciphertext).toString('hex'),
  }
  return `${JSON.stringify({ version: 3, id, address: address.replace(/^0x/, '').toLowerCase(), crypto })}\n`
}

/** The private key, 32 bytes. Throws `raiden.keystore` for text that is no keystore, `raiden.password` for another password. */
export function decryptKey(text: string, password: string): Buffer {
  const { crypto } = parseKeystore(text)
  if (crypto.kdf === 'scrypt' && !isOfRfc7914(crypto.kdfparams)) return decryptSlowly(text, password)
  const derived =
    crypto.kdf === 'scrypt'
      ? deriveByScrypt(password, crypto.kdfparams)
      : pbkdf2Sync(password, crypto.kdfparams.salt, crypto.kdfparams.c, 32, 'sha256')
  if (!timingSafeEqual(macOf(derived, crypto.ciphertext), crypto.mac))
    throw new Refusal('raiden.password', 'The password does not open the keystore.')
  const aes = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), crypto.cipherparams.iv)
  return Buffer.concat([aes.update(crypto.ciphertext), aes.final()])
}

function parseKeystore(text: string): z.output<typeof keystore> {
  try {
    return keystore.parse(JSON.parse(text))
  } catch (cause) {
    throw new Refusal(
      'raiden.keystore',
      'The file is no keystore of version 3 (web3 secret storage) with a key of 32 bytes.',
      { cause },
    )
  }
}

// RFC 7914 §2 bounds n by r, and OpenSSL keeps to it; the definition's own vector and some old wallets do not.
function isOfRfc7914({ n, r }: ScryptParameters): boolean {
  return r > 3 || n < 2 ** (16 * r)
}

function decryptSlowly(text: string, password: string): Buffer {
  try {
    return Buffer.from(utils.arrayify(Wallet.fromEncryptedJsonSync(text, password).privateKey))
  } catch (cause) {
    throw new Refusal('raiden.password', 'The password does not open the keystore.', { cause })
  }
}

type ScryptParameters = { n: number; r: number; p: number; salt: Buffer }

function deriveByScrypt(password: string, { n, r, p, salt }: ScryptParameters): Buffer {
  return scryptSync(password, salt, 32, { N: n, r, p, maxmem: 128 * n * r + 128 * r * p + 2 ** 20 })
}

function macOf(derived: Buffer, ciphertext: Buffer): Buffer {
  return hash('keccak-256', Buffer.concat([derived.subarray(16, 32), ciphertext]), 'buffer')
}
