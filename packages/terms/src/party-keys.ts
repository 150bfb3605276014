/**
 * What a party signs with: a wallet (secp256k1) and, as wallets have none, a separate key set whose ML-DSA-44 and SLH-DSA keys the terms
 * name. Files hold secrets: created with mode 0600, never overwritten, refused when others may read them.
 */
import {
  type CryptoProvider,
  exportKeySet,
  importKeySet,
  type KeySet,
  native,
  Refusal,
} from '@consign/envelope'
import { bytesToHex, concatBytes, type Hex, hexToBytes, type LocalAccount, sha256, stringToBytes } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'

export type PartyKeys = { wallet: LocalAccount; pq: KeySet }
/** What the terms name of a party. */
export type PartyIdentity = { wallet: Hex; mlDsaKey: Hex; slhDsaKey: Hex }

// Beside the object, not in it: nothing that prints or serialises PartyKeys can show the wallet's private key.
const walletSecrets = new WeakMap<PartyKeys, Hex>()

/** From a wallet's private key (32 bytes) and a key set. */
export function partyKeysFrom(walletKey: Hex, pq: KeySet): PartyKeys {
  const keys = { wallet: privateKeyToAccount(walletKey), pq }
  walletSecrets.set(keys, walletKey)
  return keys
}

export function generatePartyKeys(crypto: CryptoProvider = native): PartyKeys {
  return partyKeysFrom(generatePrivateKey(), crypto.generateKeys())
}

/** Deterministic, for tests and demos: one 32-byte seed gives wallet and key set. */
export function partyKeysFromSeed(seed: Uint8Array, crypto: CryptoProvider = native): PartyKeys {
  if (seed.length !== 32) throw new Refusal('partyKeys.seed', `a seed has 32 bytes, got ${seed.length}`)
  const derive = (label: string) => sha256(concatBytes([stringToBytes(label), seed]), 'bytes')
  return partyKeysFrom(
    bytesToHex(derive('consign party wallet')),
    crypto.keysFromSeed(derive('consign party keys')),
  )
}

/** The public side, as it goes into a party clause; lower case. */
export function partyIdentity(keys: PartyKeys): PartyIdentity {
  return {
    wallet: keys.wallet.address.toLowerCase() as Hex,
    mlDsaKey: bytesToHex(keys.pq.public.mlDsa),
    slhDsaKey: bytesToHex(keys.pq.public.slhDsa),
  }
}

const privateHex = (pattern: RegExp) =>
  z.custom<Hex>((value) => typeof value === 'string' && pattern.test(value))
const partyKeysFile = z.strictObject({
  version: z.literal(1),
  wallet: privateHex(/^0x[0-9a-f]{64}$/),
  pq: privateHex(/^0x([0-9a-f]{2})+$/),
})

/** Writes a new file with mode 0600. Refusal 'partyKeys.exists', 'partyKeys.folder', 'partyKeys.noSecret' (a wallet whose key is elsewhere). */
export async function savePartyKeys(file: string, keys: PartyKeys): Promise<void> {
  const wallet = walletSecrets.get(keys)
  if (wallet === undefined) {
    throw new Refusal(
      'partyKeys.noSecret',
      'the private key of this wallet is not held here; keep it where it is',
    )
  }
  const document: z.infer<typeof partyKeysFile> = {
    version: 1,
    wallet,
    pq: bytesToHex(exportKeySet(keys.pq)),
  }
  const { writeFile } = await import('node:fs/promises')
  try {
    await writeFile(file, `${JSON.stringify(document)}\n`, { mode: 0o600, flag: 'wx', flush: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST')
      throw new Refusal('partyKeys.exists', `${file} exists; keys are never overwritten, move it away first`)
    throw new Refusal(
      'partyKeys.folder',
      `${file} cannot be written (${code}); its folder must exist and be yours`,
    )
  }
}

/** Refusal 'partyKeys.missing', 'partyKeys.mode', 'partyKeys.malformed'; none of them repeats what the file holds. */
export async function loadPartyKeys(file: string): Promise<PartyKeys> {
  const { open } = await import('node:fs/promises')
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'ENOENT' ? 'does not exist; create keys first' : `cannot be read (${cause.code})`
    throw new Refusal('partyKeys.missing', `${file} ${why}`)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile())
      throw new Refusal('partyKeys.missing', `${file} is no file; name the file with the keys`)
    const { mode } = stat
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Refusal('partyKeys.mode', `${file} may be read by others; run chmod 600 on it`)
    }
    return parsePartyKeys(file, await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}

function parsePartyKeys(file: string, content: string): PartyKeys {
  try {
    const { wallet, pq } = partyKeysFile.parse(JSON.parse(content))
    return partyKeysFrom(wallet, importKeySet(hexToBytes(pq)))
  } catch {
    // The cause may quote the file, which is secret.
    throw new Refusal('partyKeys.malformed', `${file} is not a file of party keys; restore it from a copy`)
  }
}
