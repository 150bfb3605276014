/** What the channels of the payer, or of a party in the middle, must be able to pay for agreements that are open. Pure. */
import { type PaymentEdge, payer, paymentGraph, type Terms } from '@consign/terms'
import type { Hex } from 'viem'
import { dueByWallet } from './guaranteed.ts'
import type { Settlement } from './settlement.ts'
import { isClaim } from './slices.ts'

/** By partner of `from`, what is agreed to flow over the channel with it. */
export function agreedByPartner(terms: Terms, from: Hex): Map<Hex, bigint> {
  return sumByPartner(edgesFrom(paymentGraph(terms), from).map(({ to, amount }) => [to, amount]))
}

/** The same of what is still to flow: the plan, once it is made, less what was paid, what guarantees pay, and what was diverted. */
export function openByPartner(terms: Terms, settlement: Settlement, from: Hex): Map<Hex, bigint> {
  const { plan, guaranteed, payments, concluded } = settlement
  if (concluded) return new Map()
  if (plan === undefined) return agreedByPartner(terms, from)
  const graph = paymentGraph(terms)
  const open = [...dueByWallet(plan)].flatMap(([wallet, due]): [Hex, bigint][] => {
    const hop = hopFrom(graph, from, wallet) ?? (from === payer(terms).wallet ? wallet : undefined)
    const own = payments.filter((payment) => payment.wallet === wallet)
    if (hop === undefined || own.some(({ diverted }) => diverted)) return []
    const left = BigInt(guaranteed.find((one) => one.wallet === wallet)?.amount ?? 0)
    const claimed = own.filter(isClaim).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    const paid = own
      .filter((one) => one.made && !isClaim(one))
      .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    return [[hop, due - paid - (claimed > left ? claimed : left)]]
  })
  return sumByPartner(open)
}

/** Parties in the middle: over whose channels others are paid. */
export function mediatorsOf(terms: Terms): Hex[] {
  const own = payer(terms).wallet
  return [...new Set(paymentGraph(terms).map(({ from }) => from))].filter((from) => from !== own)
}

export function addedUp(maps: Iterable<ReadonlyMap<Hex, bigint>>): Map<Hex, bigint> {
  return sumByPartner([...maps].flatMap((one) => [...one]))
}

function sumByPartner(amounts: readonly (readonly [Hex, bigint])[]): Map<Hex, bigint> {
  const sums = new Map<Hex, bigint>()
  for (const [partner, amount] of amounts)
    if (amount > 0n) sums.set(partner, (sums.get(partner) ?? 0n) + amount)
  return sums
}

function edgesFrom(graph: readonly PaymentEdge[], from: Hex): PaymentEdge[] {
  return graph.filter((edge) => edge.from === from)
}

// The partner of `from` over which a wallet is paid. One that the graph does not reach, such as a beneficiary that is no payee, has a channel of
// its own with the payer.
function hopFrom(graph: readonly PaymentEdge[], from: Hex, wallet: Hex): Hex | undefined {
  const edge = graph.find(({ to }) => to === wallet)
  return edge === undefined || edge.from === from ? edge?.to : hopFrom(graph, from, edge.from)
}
