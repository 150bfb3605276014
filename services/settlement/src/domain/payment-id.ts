/** Names of payments, and of the ways that they take. Pure. */
import { createHash } from 'node:crypto'
import type { PayoutPlan } from '@consign/terms'
import { type Hex, hexToBytes, numberToBytes } from 'viem'

/** `via` of what the contract pays out of a guarantee. */
export const VIA_GUARANTEE = 'guarantee'
/** `via` of transfers from the payer's wallet, which need no channel. */
export const VIA_ONCHAIN = 'onchain'

/** `slice`: its number, 0 of what a guarantee pays. */
export type PaymentPart = { wallet: Hex; amount: bigint; slice: number }

/**
 * Name of a payment, for ever: 0x and 64 hex digits of SHA-256(tag ‖ agreement 20 ‖ wallet 20 ‖ amount 32 ‖ slice 4 ‖ SHA-256 of the plan's
 * JSON); tag = `consign.payment`, or `consign.guarantee` of what is claimed, zero byte at the end. Who plans the same again gets the same
 * name, so that a payment channel can know that it has paid.
 */
export function paymentIdOf(
  agreement: Hex,
  plan: PayoutPlan,
  { wallet, amount, slice }: PaymentPart,
  tag: 'payment' | 'guarantee' = 'payment',
): Hex {
  const planHash = createHash('sha256').update(JSON.stringify(plan)).digest()
  const digest = createHash('sha256')
    .update(Buffer.from(`consign.${tag}\0`, 'latin1'))
    .update(hexToBytes(agreement))
    .update(hexToBytes(wallet))
    .update(numberToBytes(amount, { size: 32 }))
    .update(numberToBytes(slice, { size: 4 }))
    .update(planHash)
    .digest('hex')
  return `0x${digest}`
}
