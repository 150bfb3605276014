import fc from 'fast-check'
import type { Address } from 'viem'
import { expect, it } from 'vitest'
import { type Edge, findPath } from './paths.ts'

const [ORGANISATION, SUPPLIER, SHIPPER, OTHER] = ['a', 'b', 'c', 'd'] as unknown as [
  Address,
  Address,
  Address,
  Address,
]
const everybody = () => true
const edge = (from: Address, to: Address, capacity: bigint): Edge => ({ from, to, capacity })

it('goes through the supplier to the shipper', () => {
  const edges = [edge(ORGANISATION, SUPPLIER, 10n), edge(SUPPLIER, SHIPPER, 10n)]
  const question = { from: ORGANISATION, to: SHIPPER, amount: 10n, isOnline: everybody }
  expect(findPath(edges, question)).toEqual([ORGANISATION, SUPPLIER, SHIPPER])
})

it('takes the shortest of several', () => {
  const edges = [
    edge(ORGANISATION, SUPPLIER, 10n),
    edge(SUPPLIER, OTHER, 10n),
    edge(OTHER, SHIPPER, 10n),
    edge(SUPPLIER, SHIPPER, 10n),
  ]
  const question = { from: ORGANISATION, to: SHIPPER, amount: 1n, isOnline: everybody }
  expect(findPath(edges, question)).toEqual([ORGANISATION, SUPPLIER, SHIPPER])
})

it('finds none where a channel carries less than the amount, or only the other way', () => {
  const edges = [
    edge(ORGANISATION, SUPPLIER, 10n),
    edge(SUPPLIER, SHIPPER, 9n),
    edge(SHIPPER, SUPPLIER, 100n),
  ]
  const question = { from: ORGANISATION, to: SHIPPER, amount: 10n, isOnline: everybody }
  expect(findPath(edges, question)).toBeUndefined()
  expect(findPath(edges, { ...question, amount: 9n })).toEqual([ORGANISATION, SUPPLIER, SHIPPER])
})

it('goes round a node that is not there, and not to one that is not there', () => {
  const edges = [
    edge(ORGANISATION, SUPPLIER, 10n),
    edge(SUPPLIER, SHIPPER, 10n),
    edge(ORGANISATION, OTHER, 10n),
    edge(OTHER, SHIPPER, 10n),
  ]
  const without = (absent: Address) => ({
    from: ORGANISATION,
    to: SHIPPER,
    amount: 1n,
    isOnline: (node: Address) => node !== absent,
  })
  expect(findPath(edges, without(SUPPLIER))).toEqual([ORGANISATION, OTHER, SHIPPER])
  expect(findPath(edges, without(SHIPPER))).toBeUndefined()
})

it('finds a path of least length exactly where there is one', () => {
  const node = fc.integer({ min: 0, max: 6 }).map((index) => `n${index}` as unknown as Address)
  const capacity = fc.integer({ min: 0, max: 5 }).map(BigInt)
  const edges = fc.array(fc.record({ from: node, to: node, capacity }), { maxLength: 20 })
  fc.assert(
    fc.property(edges, node, node, capacity, (graph, from, to, amount) => {
      fc.pre(from !== to)
      const path = findPath(graph, { from, to, amount, isOnline: everybody })
      const steps = stepsBetween(graph, from, to, amount)
      expect(path === undefined ? undefined : path.length - 1).toBe(steps)
      for (const [index, hop] of (path ?? []).slice(1).entries())
        expect(
          graph.some((known) => known.from === path![index] && known.to === hop && known.capacity >= amount),
        ).toBe(true)
    }),
  )
})

/** The same by another method: widen the set of what is reached, one step at a time. */
function stepsBetween(graph: Edge[], from: Address, to: Address, amount: bigint): number | undefined {
  let reached = new Set([from])
  for (let steps = 0; steps <= 7; steps++) {
    if (reached.has(to)) return steps
    reached = new Set([
      ...reached,
      ...graph.filter((edge) => reached.has(edge.from) && edge.capacity >= amount).map((edge) => edge.to),
    ])
  }
  return undefined
}
