/**
 * Names of payments in Raiden, all derived, so that a process that was killed finds them again. Secrets come from the payer's wallet key: whoever can
 * restore that, and nobody else, can restore them; a key of their own could be lost apart from it, and then a payment could no longer be told from
 * a new one. HKDF (RFC 5869) is one way: a secret that was revealed tells nothing of the wallet key.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { bytesToHex, type Hex, hexToBytes } from 'viem'

const KEY_INFO = 'consign.raiden.secret'
const SECRET_TAG = 'consign.raiden.secret\0'
const IDENTIFIER_TAG = 'consign.raiden.identifier\0'

export type Secret = { secret: Hex; secretHash: Hex }

/** The key that secrets are made with; `walletKey`: 32 bytes. */
export function secretKeyOf(walletKey: Hex): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', hexToBytes(walletKey), new Uint8Array(0), KEY_INFO, 32))
}

/** `number`: of the secrets of one payment, from 0; the next one only when a transfer under the one before it has failed for good. */
export function secretOf(key: Uint8Array, paymentId: Hex, number: number): Secret {
  const counter = Buffer.alloc(4)
  counter.writeUInt32BE(number)
  const secret = createHmac('sha256', key)
    .update(SECRET_TAG, 'latin1')
    .update(hexToBytes(paymentId))
    .update(counter)
    .digest()
  return { secret: bytesToHex(secret), secretHash: bytesToHex(createHash('sha256').update(secret).digest()) }
}

/** 1 to 2^64 - 1, as Raiden has it; the same for every attempt. */
export function identifierOf(paymentId: Hex): bigint {
  const digest = createHash('sha256').update(IDENTIFIER_TAG, 'latin1').update(hexToBytes(paymentId)).digest()
  return digest.readBigUInt64BE(0) || 1n
}
