import fc from 'fast-check'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import type { Terms } from './clauses.ts'
import type { TermsDraft } from './draft.ts'
import { type PaymentEdge, paymentGraph } from './payment-graph.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'
import { exampleDraft } from './vectors/examples.ts'
import { channels, general, parties, partyByName, partyByWallet, payer } from './views.ts'

const TOKEN = 10n ** 18n
const sum = (amounts: bigint[]): bigint => amounts.reduce((total, each) => total + each, 0n)
const byName = (terms: Terms) =>
  paymentGraph(terms).map(({ from, to, amount }) => [
    partyByWallet(terms, from)?.name,
    partyByWallet(terms, to)?.name,
    amount / TOKEN,
  ])

describe('paymentGraph', () => {
  it('is a star around the payer when no party says through whom it is paid', () => {
    const { terms } = sampleAgreement()
    expect(channels(terms)).toEqual([])
    expect(byName(terms)).toEqual([
      ['factory', 'supplier', 200n],
      ['factory', 'shipper-x', 50n],
      ['factory', 'shipper-y', 50n],
    ])
  })

  it('has no edge to a party that is due nothing', () => {
    const [factory, supplier, shipper] = SAMPLE_DRAFT.parties
    const unpaid = { ...shipper, amountTokens: 0 }
    const { terms } = sampleAgreement({ ...SAMPLE_DRAFT, parties: [factory, supplier, unpaid] as never })
    expect(byName(terms)).toEqual([['factory', 'supplier', 200n]])
  })

  it('carries over an edge what all behind it are due, from the payer outward', () => {
    expect(byName(sampleAgreement(exampleDraft('default')).terms)).toEqual([
      ['factory', 'supplier', 250n],
      ['factory', 'shipper-y', 50n],
      ['supplier', 'shipper-x', 50n],
    ])
    expect(byName(sampleAgreement(exampleDraft('cold-chain')).terms)).toEqual([
      ['hospital', 'vaccine-maker', 5200n],
      ['vaccine-maker', 'airline', 1200n],
      ['airline', 'courier', 300n],
    ])
  })

  it('conserves amounts on every tree', () => {
    fc.assert(
      fc.property(trees, (draft) => {
        const { terms } = sampleAgreement(draft)
        const graph = paymentGraph(terms)
        expect(
          sum(graph.filter(({ from }) => from === payer(terms).wallet).map(({ amount }) => amount)),
        ).toBe(BigInt(general(terms).amountTotal))
        expect(amountByEnd(graph)).toEqual(alongEachWay(terms, draft))
        graph.forEach(({ from }, i) => {
          const before = [payer(terms).wallet, ...graph.slice(0, i).map(({ to }) => to)]
          expect(before).toContain(from)
        })
      }),
    )
  })
})

const NAMES = ['payer', 'a', 'b', 'c', 'd', 'e', 'f']

/** Drafts in which each party but the payer is paid through one before it; who has nobody behind it is paid something. */
const trees: fc.Arbitrary<TermsDraft> = fc
  .array(fc.record({ through: fc.nat(), said: fc.boolean(), units: fc.bigInt({ min: 0n, max: 9n }) }), {
    minLength: 1,
    maxLength: NAMES.length - 1,
  })
  .map((rows) => {
    const sources = rows.map(({ through }, i) => NAMES[through % (i + 1)] as string)
    const paid = rows.map(({ said, units }, i) => {
      const [name, source] = [NAMES[i + 1] as string, sources[i]]
      const amount = sources.includes(name) || units > 0n ? units : 1n
      return {
        name,
        role: i === 0 ? ('payee' as const) : ('carrier' as const),
        amountTokens: String(amount),
        // Not to say it means the payer, as long as anyone says anything.
        ...(source === 'payer' && !said ? {} : { paidThrough: source }),
      }
    })
    return { parties: [{ name: 'payer', role: 'payer' }, ...paid.toReversed()], limits: [] }
  })

const amountByEnd = (graph: PaymentEdge[]): Map<Hex, bigint> =>
  new Map(graph.map(({ to, amount }) => [to, amount]))

/** The same from the other end: what each party is due, added along its way to the payer. */
function alongEachWay(terms: Terms, draft: TermsDraft): Map<Hex, bigint> {
  const amounts = new Map<Hex, bigint>()
  for (const party of parties(terms).filter(({ amount }) => amount !== '0')) {
    let name: string = party.name
    while (name !== 'payer') {
      const { wallet } = partyByName(terms, name) as { wallet: Hex }
      amounts.set(wallet, (amounts.get(wallet) ?? 0n) + BigInt(party.amount))
      name = draft.parties.find((each) => each.name === name)?.paidThrough ?? 'payer'
    }
  }
  return amounts
}
