// viem clients for any EVM chain that is reached by JSON-RPC over HTTP.
import { createPublicClient, createWalletClient, http, type LocalAccount, publicActions } from 'viem'

// Often enough for a chain with blocks of a second, and at most four requests a second while something is awaited.
const POLLING_INTERVAL_MS = 250
const REQUEST_TIMEOUT_MS = 10_000

export type PublicClient = ReturnType<typeof publicClient>
export type WalletClient = ReturnType<typeof walletClient>

/** Reads the chain at `url`. */
export function publicClient(url: string) {
  return createPublicClient({
    transport: http(url, { timeout: REQUEST_TIMEOUT_MS }),
    pollingInterval: POLLING_INTERVAL_MS,
  })
}

/** Reads the chain at `url` and sends transactions that `account` signs here; no key leaves the process. */
export function walletClient(url: string, account: LocalAccount) {
  return createWalletClient({
    account,
    transport: http(url, { timeout: REQUEST_TIMEOUT_MS }),
    pollingInterval: POLLING_INTERVAL_MS,
  }).extend(publicActions)
}
