/** The wallet of a node on disk: an encrypted keystore and the file with its password, which nobody but its owner may read. */
import { createECDH } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { Refusal } from '@consign/envelope'
import { utils, Wallet } from 'ethers'
import { decryptKey, encryptKey, type Randomness } from './secret-storage.ts'

/** The trimmed text of a file that only its owner can read; throws `raiden.secret_file`. */
export function readSecretFile(path: string): string {
  let text: string
  try {
    const { mode } = statSync(path)
    if (mode & 0o077) throw new Refusal('raiden.secret_file', `${path} can be read by others: chmod 600 it.`)
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Refusal) throw error
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Refusal('raiden.secret_file', `${path} cannot be read (${reason}).`)
  }
  if (text === '') throw new Refusal('raiden.secret_file', `${path} is empty.`)
  return text
}

/** Throws `raiden.secret_file`, `raiden.keystore` or `raiden.password`, each one line that names the file. */
export function openWallet(keystoreFile: string, passwordFile: string): Wallet {
  const password = readSecretFile(passwordFile)
  let text: string
  try {
    text = readFileSync(keystoreFile, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Refusal('raiden.keystore', `${keystoreFile} cannot be read (${reason}).`)
  }
  try {
    return walletOf(decryptKey(text, password))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(error.code, `${keystoreFile}: ${error.message}`)
  }
}

/** The wallet of a private key of 32 bytes; throws `raiden.key` for what is none. The SDK's library takes any number. */
export function walletOf(privateKey: Buffer): Wallet {
  try {
    createECDH('secp256k1').setPrivateKey(privateKey)
  } catch {
    throw new Refusal('raiden.key', 'That is no private key of secp256k1.')
  }
  return new Wallet(privateKey)
}

/** Writes a keystore that must not exist yet, mode 0600; returns the address. */
export function writeWallet(
  file: string,
  wallet: Wallet,
  password: string,
  n: number,
  randomness: Randomness,
): string {
  const key = Buffer.from(utils.arrayify(wallet.privateKey))
  try {
    writeFileSync(file, encryptKey(key, wallet.address, password, n, randomness), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unwritable'
    throw new Refusal('raiden.keystore', `${file} cannot be written (${reason}).`)
  }
  return wallet.address
}
