/**
 * One process per wallet and chain: two that sign balance proofs of the same channels would undo each other, and lose money. The lock is
 * an exclusive transaction of SQLite on a file of its own, thus a lock of the kernel, gone when the process is, however it ended.
 * It reaches as far as the directory does: two machines, or two users, need other care.
 */
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Refusal } from '@consign/envelope'

/** Throws `raiden.wallet_in_use` when another process holds it. Keep what it returns until the end. */
export function lockWallet(directory: string, chainId: number, address: string): { release(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, `${chainId}-${address.toLowerCase()}.lock`)
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new Refusal(
      'raiden.wallet_in_use',
      `Another process runs a Raiden node with wallet ${address} on chain ${chainId}: end it first.`,
      { cause },
    )
  }
  return { release: () => database.close() }
}

export function defaultLockDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'consign', 'raiden-wallets')
}
