/** Finds paths through channels. Pure. */
import type { Address } from 'viem'

/** `from` can send `capacity` to `to`. */
export type Edge = { from: Address; to: Address; capacity: bigint }

export type PathQuestion = {
  from: Address
  to: Address
  amount: bigint
  /** Whether a node takes part now; the sender asks, so it does. */
  isOnline: (node: Address) => boolean
}

/** A shortest path from `from` to `to`, both included, all of whose channels can carry `amount`. Each node is entered once: O(nodes + edges). */
export function findPath(edges: readonly Edge[], question: PathQuestion): Address[] | undefined {
  const { from, to, amount, isOnline } = question
  const usable = Map.groupBy(
    edges.filter((edge) => edge.capacity >= amount),
    (edge) => edge.from,
  )
  const cameFrom = new Map<Address, Address | undefined>([[from, undefined]])
  for (const node of cameFrom.keys()) {
    if (node === to) return pathTo(node, cameFrom)
    for (const edge of usable.get(node) ?? [])
      if (!cameFrom.has(edge.to) && isOnline(edge.to)) cameFrom.set(edge.to, node)
  }
  return undefined
}

function pathTo(end: Address, cameFrom: Map<Address, Address | undefined>): Address[] {
  const path: Address[] = []
  for (let node: Address | undefined = end; node !== undefined; node = cameFrom.get(node)) path.unshift(node)
  return path
}
