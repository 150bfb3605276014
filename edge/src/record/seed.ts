import { createHmac } from 'node:crypto'
import { exportKeySet, type KeySet, SEED_BYTES } from '@consign/envelope'

/**
 * Seed of an envelope's column salts, derived from the leg's secret and the seq (HMAC-SHA-256): nobody can guess it before the body is shown,
 * and signing the same envelope again after a crash gives the same header, so that no seq ever has two.
 */
export function bodySeed(keys: KeySet, leg: number, seq: number): Uint8Array {
  const hmac = createHmac('sha256', exportKeySet(keys)).update(`consign body seed ${leg} ${seq}`)
  return new Uint8Array(hmac.digest().subarray(0, SEED_BYTES))
}
