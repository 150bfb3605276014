import { describe, expect, it } from 'vitest'
import type { ChannelClause, PartyClause, Terms } from './clauses.ts'
import { inDocumentOrder } from './order.ts'
import { parseTerms } from './parse.ts'
import { SAMPLE_DRAFT, sampleAgreement } from './testing.ts'
import { parties } from './views.ts'

const { terms } = sampleAgreement()
const [factory, supplier, shipperX, shipperY] = parties(terms) as [
  PartyClause,
  PartyClause,
  PartyClause,
  PartyClause,
]
const OUTSIDER = { wallet: `0x${'99'.repeat(20)}` } as const

type Edge = [from: { wallet: `0x${string}` }, to: { wallet: `0x${string}` }]
const withChannels = (edges: Edge[], of: Terms = terms): Terms => {
  const added = edges.map(
    ([from, to], i): ChannelClause => ({
      kind: 'channel',
      salt: `0x${String(i).repeat(64)}`,
      from: from.wallet,
      to: to.wallet,
    }),
  )
  return { ...of, clauses: [...of.clauses, ...added].sort(inDocumentOrder) }
}
/** The field of the channel that leads there, as a refusal names it. */
const field = (json: Terms, to: { wallet: string }, name: 'from' | 'to'): string =>
  `clauses[${json.clauses.findIndex((clause) => clause.kind === 'channel' && clause.to === to.wallet)}].${name}`

const STAR: Edge[] = [
  [factory, supplier],
  [factory, shipperX],
  [factory, shipperY],
]
const [, toX, toY] = STAR as [Edge, Edge, Edge]

function refusedField(json: Terms): string {
  try {
    parseTerms(json)
  } catch (error) {
    return (error as Error).message.split(':')[0] as string
  }
  return 'nothing was refused'
}

describe('channel clauses', () => {
  it('may lead through parties to parties', () => {
    const chain = withChannels([
      [factory, supplier],
      [supplier, shipperX],
      [shipperX, shipperY],
    ])
    expect(parseTerms(JSON.parse(JSON.stringify(chain)))).toEqual(chain)
  })

  it.each<[string, Edge[], Edge, 'from' | 'to', string]>([
    ['from a stranger', [toX, toY], [OUTSIDER, supplier], 'from', 'is no party of these terms'],
    ['to a stranger', STAR, [supplier, OUTSIDER], 'to', 'is no party of these terms'],
    ['from a party to itself', [toX, toY], [supplier, supplier], 'to', 'through itself'],
    ['to the payer', STAR, [supplier, factory], 'to', 'is the payer'],
    [
      'from a party that none leads to',
      [[factory, supplier]],
      [shipperX, shipperY],
      'from',
      'no channel leads to shipper-x, from whom',
    ],
  ])('are refused %s', (_what, others, wrong, name, reason) => {
    const json = withChannels([...others, wrong])
    expect(() => parseTerms(json)).toThrow(
      expect.objectContaining({ code: 'terms.channel', message: expect.stringContaining(reason) }),
    )
    expect(() => parseTerms(json)).toThrow(field(json, wrong[1], name))
  })

  it('are refused when two lead to one party', () => {
    expect(() => parseTerms(withChannels([...STAR, [supplier, shipperX]]))).toThrow(
      expect.objectContaining({
        code: 'terms.channel',
        message: expect.stringMatching(/^clauses\[\d+\]\.to: clauses\[\d+\] leads to it already; remove one/),
      }),
    )
  })

  it('are refused in a circle, also of who is only paid through it', () => {
    for (const lastFrom of [factory, shipperX]) {
      const circle: Edge[] = [
        [shipperX, supplier],
        [supplier, shipperX],
        [lastFrom, shipperY],
      ]
      const json = withChannels(circle)
      const members = [supplier, shipperX].map((member) => field(json, member, 'from'))
      expect(() => parseTerms(json)).toThrow('lead in a circle')
      expect(members).toContain(refusedField(json))
    }
  })

  it('are refused when they do not reach everyone who is paid', () => {
    expect(() => parseTerms(withChannels([toX, toY]))).toThrow(
      expect.objectContaining({
        code: 'terms.channel',
        message: 'clauses[2].wallet: no channel leads to supplier, who is paid; add one',
      }),
    )
  })

  it('are refused when one leads to nobody who is paid', () => {
    const unpaid = SAMPLE_DRAFT.parties.map((party) =>
      party.name === 'shipper-y' ? { ...party, amountTokens: 0 } : party,
    )
    const free = sampleAgreement({ ...SAMPLE_DRAFT, parties: unpaid }).terms
    const json = withChannels(STAR, free)
    expect(() => parseTerms(json)).toThrow(
      expect.objectContaining({
        code: 'terms.channel',
        message: `${field(json, shipperY, 'to')}: leads to nobody who is paid; remove the channel`,
      }),
    )
    expect(() =>
      parseTerms(withChannels([STAR[0] as Edge, [supplier, shipperY], [shipperY, shipperX]], free)),
    ).not.toThrow()
  })

  it('are refused out of order, so that one graph has one document', () => {
    const json = withChannels(STAR)
    json.clauses.splice(-3, 3, ...json.clauses.slice(-3).reverse())
    expect(() => parseTerms(json)).toThrow(
      expect.objectContaining({
        code: 'terms.order',
        message: expect.stringMatching(/^clauses\[\d+\]\.to: 0x[0-9a-f]{40} must stand before 0x/),
      }),
    )
  })

  it('are refused without a wallet or with a field that they do not have', () => {
    const [channel] = withChannels(STAR).clauses.slice(-1) as [ChannelClause]
    for (const wrong of [
      { ...channel, from: '0x' },
      { ...channel, amount: '1' },
    ]) {
      expect(() => parseTerms({ ...terms, clauses: [...terms.clauses, wrong] })).toThrow(
        expect.objectContaining({ code: 'terms.schema' }),
      )
    }
  })
})
