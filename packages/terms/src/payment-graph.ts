/**
 * Over which channels the payer's money reaches each party off chain. A tree that the payer is the root of: the channel clauses, or without any a
 * channel from the payer to each party that is due something. docs/formats.md, Payment graph.
 */
import type { Hex } from 'viem'
import type { PartyClause, Terms } from './clauses.ts'
import { channels, parties, payer } from './views.ts'

/** `amount`: the agreed amounts of all parties reached over the edge, together, in the smallest unit. */
export type PaymentEdge = { from: Hex; to: Hex; amount: bigint }

/**
 * One row per edge, from the payer outward: an edge stands after the one that leads to its `from`, those equally far from the payer in order of
 * the parties they come from and lead to. Of terms that `parseTerms` has taken.
 */
export function paymentGraph(terms: Terms): PaymentEdge[] {
  const sources = sourcesOf(terms)
  const paidBy = (wallet: Hex): PartyClause[] =>
    parties(terms).filter((party) => sources.get(party.wallet) === wallet)
  const dueBeyond = ({ wallet, amount }: PartyClause): bigint =>
    paidBy(wallet).reduce((sum, party) => sum + dueBeyond(party), BigInt(amount))
  const graph: PaymentEdge[] = []
  let reached = [payer(terms).wallet]
  while (reached.length > 0) {
    const next = reached.flatMap((from) =>
      paidBy(from).map((party) => ({ from, to: party.wallet, amount: dueBeyond(party) })),
    )
    graph.push(...next)
    reached = next.map(({ to }) => to)
  }
  return graph
}

/** By wallet: from whom its one channel comes. */
function sourcesOf(terms: Terms): Map<Hex, Hex> {
  const named = channels(terms)
  if (named.length > 0) return new Map(named.map(({ from, to }) => [to, from]))
  const due = parties(terms).filter(({ amount }) => amount !== '0')
  return new Map(due.map(({ wallet }) => [wallet, payer(terms).wallet]))
}
