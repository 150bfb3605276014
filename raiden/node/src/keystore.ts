/** Makes the keystore of a node: from a key that is there, or a new one. The key is never an argument and never printed. */
import { randomBytes, randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { Refusal } from '@consign/envelope'
import type { Wallet } from 'ethers'
import { SCRYPT_N } from './wallet/secret-storage.ts'
import { readSecretFile, walletOf, writeWallet } from './wallet/wallet-file.ts'

const HELP = `Makes the encrypted keystore (web3 secret storage v3) of a Raiden node and prints its address.

  keystore.ts import --key-file FILE --password-file FILE --out FILE [--light]
  keystore.ts new --password-file FILE --out FILE [--light]

  --key-file       32 bytes in hex; mode 0600, as for the password file
  --light          opens in a hundredth of the time, and is as much easier to guess: for tests and demonstrations
`

function makeKeystore(args: string[]): string {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'key-file': { type: 'string' },
      'password-file': { type: 'string' },
      out: { type: 'string' },
      light: { type: 'boolean', default: false },
    },
  })
  const [command, ...rest] = positionals
  const { 'key-file': keyFile, 'password-file': passwordFile, out } = values
  const isComplete = command === 'import' ? keyFile !== undefined : command === 'new' && keyFile === undefined
  if (!isComplete || rest.length > 0 || passwordFile === undefined || out === undefined)
    throw new Refusal('raiden.usage', `Wrong arguments.\n\n${HELP}`)
  const password = readSecretFile(passwordFile)
  const wallet = keyFile === undefined ? walletOf(randomBytes(32)) : walletOfFile(keyFile)
  const n = values.light ? SCRYPT_N.light : SCRYPT_N.standard
  return writeWallet(out, wallet, password, n, {
    salt: randomBytes(32),
    iv: randomBytes(16),
    id: randomUUID(),
  })
}

function walletOfFile(keyFile: string): Wallet {
  const key = readSecretFile(keyFile).replace(/^0x/, '')
  if (/^[0-9a-fA-F]{64}$/.test(key)) return walletOf(Buffer.from(key, 'hex'))
  throw new Refusal('raiden.key', `${keyFile} must hold a private key: 32 bytes in hex.`)
}

if (process.argv.includes('--help')) {
  process.stdout.write(HELP)
} else {
  try {
    process.stdout.write(`${makeKeystore(process.argv.slice(2))}\n`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exitCode = 2
  }
}
