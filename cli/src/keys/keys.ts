import { readFile } from 'node:fs/promises'
import { Refusal } from '@consign/envelope'
import {
  generatePartyKeys,
  loadPartyKeys,
  type PartyKeys,
  partyIdentity,
  partyKeysFrom,
  savePartyKeys,
} from '@consign/terms'
import { type Hex, sha256 } from 'viem'
import { command, optional, type Report, required } from '../command.ts'
import { file } from '../values.ts'

export const newKeys = command({
  name: 'keys new',
  summary: 'Makes a wallet and post-quantum keys, in a new file that only you can read (mode 0600).',
  details:
    'With --wallet-of the wallet of an old file is kept and only the post-quantum keys are new: for consign registry rotate.',
  example: 'consign keys new --out supplier.key',
  options: {
    out: required(file, 'the new key file; never overwritten'),
    'wallet-of': optional(file, 'key file whose wallet is kept'),
  },
  common: ['dry-run'],
  run: async (context, { out, 'wallet-of': old }): Promise<Report> => {
    const keys = old
      ? partyKeysFrom(await walletKeyOf(old), context.crypto.generateKeys())
      : generatePartyKeys(context.crypto)
    if (!context.dryRun) await savePartyKeys(out, keys)
    return identityReport(
      keys,
      context.dryRun ? [] : [`Keys are in ${out}; keep a copy where only you can reach it.`],
    )
  },
})

export const showKeys = command({
  name: 'keys show',
  summary: 'Shows the public side of a key file: what terms name of a party.',
  example: 'consign keys show --key-file supplier.key --json > supplier.json',
  options: {},
  common: ['key-file'],
  run: async (context): Promise<Report> => identityReport(await context.keys(), []),
})

function identityReport(keys: PartyKeys, more: string[]): Report {
  const identity = partyIdentity(keys)
  const mlDsaKeyHash = sha256(identity.mlDsaKey)
  return {
    lines: [
      `wallet       ${keys.wallet.address}`,
      `ML-DSA-44    ${mlDsaKeyHash} (SHA-256 of the key)`,
      `SLH-DSA      ${identity.slhDsaKey}`,
      ...more,
    ],
    data: { ...identity, mlDsaKeyHash },
  }
}

// The file is checked by loadPartyKeys first; keys in memory never show their secret again.
async function walletKeyOf(path: string): Promise<Hex> {
  await loadPartyKeys(path)
  const { wallet } = JSON.parse(await readFile(path, 'utf8')) as { wallet?: Hex }
  if (!wallet)
    throw new Refusal('partyKeys.malformed', `${path} is not a file of party keys; restore it from a copy`)
  return wallet
}
