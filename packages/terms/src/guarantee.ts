/** What of a party's amount is guaranteed on chain: floor(amount × guaranteeBps / 10,000), in the smallest unit. */
export function guaranteeOf(amount: bigint, guaranteeBps: number): bigint {
  return (amount * BigInt(guaranteeBps)) / 10_000n
}
