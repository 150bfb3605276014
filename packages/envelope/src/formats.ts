/** What both entries of the package export: bytes, records and their checks, without any `node:` module. */
export * from './accept.ts'
export {
  type Body,
  type BodyDisclosure,
  bodyBytesOf,
  bodyHash,
  decodeBody,
  disclose,
  encodeBody,
  type Reading,
  type SaltedColumn,
  SEED_BYTES,
} from './body.ts'
export { concatBytes, equalBytes, fromHex, type Hex, hexDigits, toHex } from './bytes.ts'
export * from './cut.ts'
export * from './delegation.ts'
export { SUITE, TAG, tagged, taggedDigest } from './digest.ts'
export * from './envelope.ts'
export * from './frame.ts'
export * from './header.ts'
export { exportKeySet, importKeySet, type KeySet } from './key-set.ts'
export * from './keys.ts'
export * from './leg-keys.ts'
export { type LegRef, PREFIX_BYTES } from './leg-ref.ts'
export * from './metrics.ts'
export * from './offer.ts'
export { isHighS } from './p256-order.ts'
export type { CryptoProvider } from './provider.ts'
export * from './receipt.ts'
export { Refusal } from './refusal.ts'
export * from './seal.ts'
