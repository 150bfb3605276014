import { describe, expect, it } from 'vitest'
import type { TermsDraft } from './draft.ts'
import { parseTermsDraft } from './draft.ts'
import { sampleAgreement } from './testing.ts'
import { channels, partyByWallet } from './views.ts'

type Party = { through?: string; tokens?: number }
const draftOf = ({
  payer,
  payee,
  x,
  y,
}: {
  payer?: Party
  payee?: Party
  x?: Party
  y?: Party
}): TermsDraft => {
  const said = (party: Party = {}) => (party.through === undefined ? {} : { paidThrough: party.through })
  const paid = (party: Party = {}) => ({ amountTokens: party.tokens ?? 50, ...said(party) })
  return {
    parties: [
      { name: 'factory', role: 'payer', ...said(payer) },
      { name: 'supplier', role: 'payee', ...paid(payee) },
      { name: 'shipper-x', role: 'carrier', ...paid(x) },
      { name: 'shipper-y', role: 'carrier', ...paid(y) },
    ],
    limits: [],
  }
}

/** "from → to" of the channel clauses, in order of name. */
const channelsOf = (draft: TermsDraft): string[] => {
  const { terms } = sampleAgreement(draft)
  const nameOf = (wallet: `0x${string}`) => partyByWallet(terms, wallet)?.name
  return channels(terms)
    .map(({ from, to }) => `${nameOf(from)} → ${nameOf(to)}`)
    .sort()
}

describe('paidThrough', () => {
  it('writes no channels when nobody says it', () => {
    expect(channelsOf(draftOf({}))).toEqual([])
  })

  it('writes one channel to each party that is paid, once anyone says it', () => {
    expect(channelsOf(draftOf({ x: { through: 'supplier' } }))).toEqual([
      'factory → shipper-y',
      'factory → supplier',
      'supplier → shipper-x',
    ])
  })

  it('may go over several parties, in whatever order the draft has them', () => {
    expect(channelsOf(draftOf({ payee: { through: 'shipper-y' }, x: { through: 'supplier' } }))).toEqual([
      'factory → shipper-y',
      'shipper-y → supplier',
      'supplier → shipper-x',
    ])
  })

  it('of the payer means directly', () => {
    expect(channelsOf(draftOf({ x: { through: 'factory' } }))).toEqual([
      'factory → shipper-x',
      'factory → shipper-y',
      'factory → supplier',
    ])
  })

  it('may name a party that is paid nothing itself; a party that is paid nothing has no channel otherwise', () => {
    expect(channelsOf(draftOf({ x: { tokens: 0 }, y: { through: 'shipper-x' } }))).toEqual([
      'factory → shipper-x',
      'factory → supplier',
      'shipper-x → shipper-y',
    ])
    expect(channelsOf(draftOf({ x: { through: 'supplier' }, y: { tokens: 0 } }))).toEqual([
      'factory → supplier',
      'supplier → shipper-x',
    ])
  })

  it.each<[string, TermsDraft, string]>([
    [
      'an unknown name',
      draftOf({ x: { through: 'broker' } }),
      'parties[2].paidThrough: no party is called "broker"',
    ],
    [
      'a party through itself',
      draftOf({ x: { through: 'shipper-x' } }),
      'parties[2].paidThrough: a party cannot be paid through itself',
    ],
    [
      'a payer through somebody',
      draftOf({ payer: { through: 'supplier' } }),
      'parties[0].paidThrough: the payer pays and is not paid; leave it out',
    ],
    [
      'a circle, not who only leads into it',
      draftOf({ payee: { through: 'shipper-x' }, x: { through: 'shipper-y' }, y: { through: 'shipper-x' } }),
      'parties[2].paidThrough: goes in a circle: shipper-x, shipper-y, shipper-x; let one of them be paid by the payer',
    ],
    [
      'a channel that reaches nobody who is paid',
      draftOf({ x: { tokens: 0, through: 'supplier' } }),
      'parties[2].paidThrough: shipper-x is paid nothing, and nobody is paid through it; leave it out',
    ],
  ])('refuses %s', (_what, draft, message) => {
    expect(() => parseTermsDraft(draft)).toThrow(
      expect.objectContaining({ code: 'draft.paidThrough', message }),
    )
  })
})
