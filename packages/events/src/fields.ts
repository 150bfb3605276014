import { z } from 'zod'

/** Lower-case hex with `0x`, whole bytes. */
export type Hex = `0x${string}`

const hexOf = (pattern: RegExp, message: string) =>
  z.string().regex(pattern, message) as unknown as z.ZodType<Hex, Hex>

/** Bytes of any length; empty is `0x`. */
export const hexField = hexOf(/^0x(?:[0-9a-f]{2})*$/, 'must be lower-case hex of whole bytes, with 0x')
/** 20 bytes; lower case, because addresses are subject tokens and keys. */
export const addressField = hexOf(/^0x[0-9a-f]{40}$/, 'must be an address: 0x and 40 lower-case hex digits')
/** 32 bytes: a digest, root, hash or case id. */
export const hash32Field = hexOf(/^0x[0-9a-f]{64}$/, 'must be 32 bytes: 0x and 64 lower-case hex digits')
/** Token amounts in the smallest unit; JSON has no bigint. */
export const amountField = z.string().regex(/^(?:0|[1-9]\d*)$/, 'must be a decimal integer without sign')
/** SSCC of 18 digits; its check digit is the business of the terms. */
export const shipmentField = z.string().regex(/^\d{18}$/, 'must be an SSCC of 18 digits')
/** Milliseconds since 1970 UTC. */
export const timeMsField = z.int().nonnegative()
/** Number of a leg, an envelope or a reading: uint32. */
export const countField = z.int().min(0).max(0xffff_ffff)
export const limitIdField = z.int().min(0).max(0xffff)
/** Readings are int32 in fixed units. */
export const valueField = z.int().min(-0x7fff_ffff).max(0x7fff_ffff)

/** A device by its identity keys, as the terms name one; `deviceId` is their digest. */
export const deviceKeysField = z.strictObject({
  deviceId: hash32Field,
  p256: hexOf(/^0x[0-9a-f]{128}$/, 'must be a P-256 key: 0x and 128 lower-case hex digits'),
  mlDsaKey: hexOf(/^0x[0-9a-f]{2624}$/, 'must be an ML-DSA-44 key: 0x and 2624 lower-case hex digits'),
  slhDsaKey: hash32Field,
})

export const partySignatureField = z.strictObject({ ecdsa: hexField, mlDsa: hexField })
