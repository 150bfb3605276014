/** What a party says it got: cumulative, signed, at most what it was paid off chain. Pure: the signature was checked. */
import { Refusal } from '@consign/envelope'
import type { EventData, FactOf } from '@consign/events'
import type { Hex } from 'viem'
import type { Settlement } from './settlement.ts'

export type Acknowledged = Omit<EventData<'settlement.acknowledged.v1'>, 'agreement' | 'shipment'>

/**
 * The same again changes nothing. Throws Refusal 'acknowledgement.unplanned', 'acknowledgement.party' (nothing was paid to it),
 * 'acknowledgement.old', 'acknowledgement.unpaid' (more than it was paid so far).
 */
export function acknowledge(
  { party, cumulative, signature }: Acknowledged,
  settlement: Settlement,
): FactOf<'settlement.acknowledged.v1'>[] {
  const { of, plan, acknowledged } = settlement
  if (of === undefined || plan === undefined)
    throw new Refusal('acknowledgement.unplanned', 'nothing was planned yet: acknowledge what was paid')
  const known = BigInt(acknowledged.get(party)?.cumulative ?? 0)
  const paid = paidOffChain(settlement, party)
  if (paid === undefined)
    throw new Refusal('acknowledgement.party', `${party} is paid nothing by this settlement`)
  if (BigInt(cumulative) === known) return []
  if (BigInt(cumulative) < known)
    throw new Refusal(
      'acknowledgement.old',
      `${party} has acknowledged ${known}: acknowledge more or nothing`,
    )
  if (BigInt(cumulative) > paid)
    throw new Refusal(
      'acknowledgement.unpaid',
      `${party} was paid ${paid} so far, not ${cumulative}: acknowledge what was paid`,
    )
  return [{ type: 'settlement.acknowledged.v1', data: { ...of, party, cumulative, signature } }]
}

/** Made so far, without what a guarantee paid; undefined when nothing is ever paid to the wallet. */
export function paidOffChain({ payments }: Settlement, wallet: Hex): bigint | undefined {
  const own = payments.filter((payment) => payment.wallet === wallet && payment.via !== 'guarantee')
  if (own.length === 0) return undefined
  return own.filter(({ made }) => made).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
}
