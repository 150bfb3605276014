/** Who in the middle of the payment graph has not said that it can pass on what is agreed: said before the goods are there, when it can be mended. */
import { formatTokens, partyByWallet, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import type { PaymentChannel } from './adapters/payment-channel.ts'
import { VIA_ONCHAIN } from './domain/payment-id.ts'
import { agreedByPartner, mediatorsOf } from './domain/reservation.ts'
import { Waiting } from './domain/waiting.ts'
import type { Known } from './ledger.ts'
import { SettlementStream, type StreamOptions } from './stream.ts'

/** Resolves when all have said it. Throws Waiting 'mediator', which names channels and amounts, before: nothing stops for it. */
export async function requireMediators(
  { agreement, terms }: Known,
  options: StreamOptions & { channel: Pick<PaymentChannel, 'via'> },
): Promise<void> {
  const mediators = mediatorsOf(terms)
  if (mediators.length === 0 || options.channel.via === VIA_ONCHAIN) return
  const said = (await new SettlementStream(agreement, options).state()).mediators
  const silent = mediators.filter((wallet) => !said.has(wallet))
  if (silent.length === 0) return
  const what = silent.map((wallet) => lackOf(terms, wallet)).join('; ')
  throw new Waiting(
    'mediator',
    `${what}: run its settlement with ROLE=mediator, or see by consign channels open --dry-run; what cannot be paid so is diverted to guarantee and wallet`,
  )
}

function lackOf(terms: Terms, mediator: Hex): string {
  const nameOf = (wallet: Hex) => partyByWallet(terms, wallet)?.name ?? wallet
  const edges = [...agreedByPartner(terms, mediator)].map(
    ([partner, amount]) => `${formatTokens(amount)} tokens to ${nameOf(partner)}`,
  )
  return `${nameOf(mediator)} has not said that its channels can pay ${edges.join(' and ')}`
}
