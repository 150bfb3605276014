/** Amounts for people: decimal text in whole tokens or ether, against integers in the smallest unit; both have 18 decimals. */
import { Refusal } from '@consign/envelope'
import { formatUnits, parseUnits } from 'viem'
import { UINT256_MAX } from './clause-fields.ts'

export const TOKEN_DECIMALS = 18

/** "12.5" or 12.5 tokens as an integer of 1e-18 tokens; exact, never rounded. Refusal 'tokens.amount'. */
export const parseTokens = (tokens: string | number): bigint => parseAmount(tokens, 'tokens')

/** The same for ether, in wei. Refusal 'tokens.amount'. */
export const parseEther = (ether: string | number): bigint => parseAmount(ether, 'ether')

/** Exact, without trailing zeros: 12500000000000000000n is "12.5". Of wei it gives ether. */
export function formatTokens(units: bigint): string {
  return formatUnits(units, TOKEN_DECIMALS)
}

function parseAmount(value: string | number, noun: string): bigint {
  const text = String(value)
  if (!/^(0|[1-9][0-9]{0,59})(\.[0-9]{1,18})?$/.test(text)) {
    throw new Refusal(
      'tokens.amount',
      `"${text}" is not an amount of ${noun}; write it like "50" or "12.5", at most 18 decimals`,
    )
  }
  const units = parseUnits(text, TOKEN_DECIMALS)
  if (units > UINT256_MAX) throw new Refusal('tokens.amount', `"${text}" ${noun} do not fit in 256 bits`)
  return units
}
