import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportKeySet, generateSessionKey, type KeySet, native } from '@consign/envelope'
import { type PartyKeys, partyKeysFrom } from '@consign/terms'
import { type Hex, toHex } from 'viem'

export type Identity = PartyKeys & { name: string; privateKey: Hex }

/** The keys of one party or device of a run, derived from the run's seed: the same seed gives the same keys. */
export function identityOf(seed: number, name: string): Identity {
  const privateKey = toHex(seedOf(seed, `${name} wallet`))
  return { name, privateKey, ...partyKeysFrom(privateKey, keySetOf(seed, name)) }
}

export function keySetOf(seed: number, name: string): KeySet {
  return native.keysFromSeed(seedOf(seed, `${name} post-quantum`))
}

/** The nth clause salt of a shipment; random in earnest, derived here so that the same seed gives the same terms. */
export function saltOf(seed: number, shipment: string, n: number): Uint8Array {
  return seedOf(seed, `${shipment} salt ${n}`)
}

/** 32 bytes: play keys for play money, never a pattern for real ones. */
function seedOf(seed: number, name: string): Uint8Array {
  return hash('sha256', `consign demo ${seed} ${name}`, 'buffer')
}

/** Writes a secret with mode 0600 and returns its path; programs are told the path, never the secret. */
export function writeSecret(dir: string, name: string, secret: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = join(dir, name)
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  return file
}

export type IngestKeyFiles = Record<
  'sessionPrivate' | 'sessionPublic' | 'receiptPrivate' | 'receiptPublic',
  string
>

/** The keys that devices seal for, and that sign their receipts. */
export async function writeIngestKeys(dir: string, seed: number): Promise<IngestKeyFiles> {
  const session = await generateSessionKey()
  const receipt = keySetOf(seed, 'ingest receipts')
  return {
    sessionPrivate: writeSecret(dir, 'ingest-session', toHex(session.privateKey)),
    sessionPublic: writeSecret(dir, 'ingest-session.pub', toHex(session.publicKey)),
    receiptPrivate: writeSecret(dir, 'ingest-receipt', toHex(exportKeySet(receipt))),
    receiptPublic: writeSecret(dir, 'ingest-receipt.pub', toHex(receipt.public.mlDsa)),
  }
}
