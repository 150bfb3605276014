import { encodeSignedLegKeys, type SignedLegKeys, toHex } from '@consign/envelope'
import { given } from '@consign/eventlog/testing'
import type { Hex } from '@consign/events'
import { partyByName, termsHash } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { describe, test } from 'vitest'
import type { CustodyFact } from './agreement.ts'
import { type Command, type CutLeg, custody } from './decide.ts'

const { terms, facts: sample } = sampleAgreement()
const agreement: Hex = `0x${'a1'.repeat(20)}`
const { shipment } = sample
const hash32 = (byte: string): Hex => `0x${byte.repeat(32)}`
const party = (name: string) => {
  const clause = partyByName(terms, name)
  if (clause === undefined) throw new Error(`no party ${name} in the sample`)
  return clause
}
const wallet = (name: string): Hex => party(name).wallet

// Signatures are checked before a command is decided: here they are zeros of the right length.
const legKeys = (leg: number): Hex => {
  const record = { chainId: 31_337, agreement, leg, keys: new Uint8Array(128).fill(leg) }
  const signatures = { p256: new Uint8Array(64), mlDsa: new Uint8Array(2420), slhDsa: new Uint8Array(7856) }
  const signed: SignedLegKeys = { record, mlDsaKey: new Uint8Array(1312), ...signatures }
  return toHex(encodeSignedLegKeys(signed))
}

const signature = { ecdsa: '0x', mlDsa: '0x' } as const
const agreed = {
  agreement,
  terms,
  termsHash: termsHash(terms),
  payerSignature: signature,
  payeeSignature: signature,
}
const sign: Command = { type: 'sign', ...agreed }
const signed: CustodyFact = { type: 'custody.agreement.signed.v1', data: { ...agreed, shipment } }
const keys = { keys: legKeys(0), keysHash: hash32('10') }
const packed: CustodyFact = {
  type: 'custody.packed.v1',
  data: { agreement, shipment, leg: 0, custodian: wallet('supplier'), ...keys },
}
const offer = {
  leg: 0,
  offer: '0x0f',
  offerDigest: hash32('0f'),
  m: 5,
  ttlEnvelopes: 3,
  nextKeys: legKeys(1),
} as const
const offered: CustodyFact = { type: 'custody.offered.v1', data: { agreement, shipment, ...offer } }

const acceptanceBy = (name: string) => ({
  offerDigest: offer.offerDigest,
  party: wallet(name),
  termsHash: termsHash(terms),
  amount: BigInt(party(name).amount),
  penaltyMax: BigInt(party(name).penaltyCap),
  reservationsHash: hash32('00'),
})
const record = acceptanceBy('shipper-x')
const answered = { accept: '0xac', acceptDigest: hash32('ac') } as const
const accept = { type: 'accept', ...answered, record, highestSeq: 6 } as const
const accepted: CustodyFact = {
  type: 'custody.accepted.v1',
  data: { agreement, shipment, leg: 0, party: record.party, offerDigest: offer.offerDigest, ...answered },
}

const ends = { leg: 0, n: 7, head: hash32('11'), root: hash32('12') }
const cut: CutLeg = {
  type: 'cut',
  record: { ...ends, offerDigest: offer.offerDigest, acceptDigest: answered.acceptDigest },
  cut: '0xc0',
  cutDigest: hash32('c0'),
}
const [afterOffer, afterAccept] = [
  [signed, packed, offered],
  [signed, packed, offered, accepted],
]
const transferred = custody.decide(cut, afterAccept.reduce(custody.evolve, custody.initial))
const afterCut = [...afterAccept, ...transferred]

describe('terms and packing', () => {
  test('signed terms become an agreement, once', () => {
    given(custody, []).when(sign).then([signed])
    given(custody, [signed]).when(sign).thenNothing()
  })

  test('leg 0 begins with the payee, once, and not before terms are signed', () => {
    given(custody, [signed])
      .when({ type: 'pack', ...keys })
      .then([packed])
    given(custody, [signed, packed])
      .when({ type: 'pack', ...keys, keysHash: hash32('66') })
      .thenNothing()
    given(custody, [])
      .when({ type: 'pack', ...keys })
      .thenRefused('agreement.unknown')
  })
})

describe('offers', () => {
  test('an offer is told once', () => {
    given(custody, [signed, packed])
      .when({ type: 'offer', ...offer })
      .then([offered])
    given(custody, afterOffer)
      .when({ type: 'offer', ...offer })
      .thenNothing()
  })

  test('an offer of a leg that has not begun is refused, of one that has ended it is too late', () => {
    given(custody, [signed])
      .when({ type: 'offer', ...offer })
      .thenRefused('leg.unknown')
    given(custody, afterCut)
      .when({ type: 'offer', ...offer, offerDigest: hash32('77') })
      .thenNothing()
  })
})

describe('acceptances', () => {
  test('an acceptance of an open offer is told once', () => {
    given(custody, afterOffer).when(accept).then([accepted])
    given(custody, afterAccept).when(accept).thenNothing()
    given(custody, afterCut).when(accept).thenNothing()
  })

  test.each([
    ['of an offer that is not of this agreement', { offerDigest: hash32('99') }, 'accept.offer'],
    ['by a party that is not in the terms', { party: `0x${'99'.repeat(20)}` as Hex }, 'accept.party'],
    ['of other terms', { termsHash: hash32('99') }, 'accept.termsHash'],
    ['for another amount', { amount: record.amount + 1n }, 'accept.amount'],
    ['with a lower maximum penalty', { penaltyMax: record.penaltyMax - 1n }, 'accept.penaltyMax'],
  ] as const)('one %s is refused', (_, changes, code) => {
    const other = { ...accept, acceptDigest: hash32('ad'), record: { ...record, ...changes } }
    given(custody, afterOffer).when(other).thenRefused(code)
  })

  test('expired is at envelope m + ttl and later, and unknown when nothing was seen', () => {
    given(custody, afterOffer)
      .when({ ...accept, highestSeq: 7 })
      .then([accepted])
    given(custody, afterOffer)
      .when({ ...accept, highestSeq: 8 })
      .thenRefused('accept.expired')
    given(custody, afterOffer)
      .when({ ...accept, highestSeq: undefined })
      .then([accepted])
  })

  test('one by who has the goods already is refused', () => {
    const own = { ...accept, acceptDigest: hash32('ad'), record: acceptanceBy('supplier') }
    given(custody, afterOffer).when(own).thenRefused('accept.custodian')
  })

  test('another one for a leg that has ended is a replay', () => {
    given(custody, afterCut)
      .when({ ...accept, acceptDigest: hash32('ad') })
      .thenRefused('accept.replayed')
  })

  test('one for an agreement that nobody signed is refused', () => {
    given(custody, []).when(accept).thenRefused('accept.agreement')
  })
})

describe('cuts', () => {
  const moved: CustodyFact = {
    type: 'custody.transferred.v1',
    data: {
      agreement,
      shipment,
      ...ends,
      cut: cut.cut,
      cutDigest: cut.cutDigest,
      accept: answered.accept,
      offer: offer.offer,
      from: wallet('supplier'),
      to: wallet('shipper-x'),
      nextKeys: offer.nextKeys,
      nextKeysHash: custody.evolve(afterOffer.slice(0, 2).reduce(custody.evolve, custody.initial), offered)
        .legs[0]?.offers[0]?.nextKeysHash as Hex,
    },
  }

  test('a cut moves custody to who accepted, once', () => {
    given(custody, afterAccept).when(cut).then([moved])
    given(custody, afterCut).when(cut).thenNothing()
  })

  test('one with an acceptance that only the device had seen tells both', () => {
    given(custody, afterOffer)
      .when({ ...cut, attached: { record, accept: answered.accept } })
      .then([accepted, moved])
  })

  test('the device has the last word: an acceptance that a request would find expired still moves custody', () => {
    const late = { ...cut, record: { ...cut.record, n: 8 }, attached: { record, accept: answered.accept } }
    given(custody, afterOffer)
      .when(late)
      .then([accepted, { ...moved, data: { ...moved.data, n: 8 } } as CustodyFact])
  })

  test('when the payer is who accepted, the goods are delivered', () => {
    const byPayer = { record: acceptanceBy('factory'), accept: answered.accept }
    const to = wallet('factory')
    given(custody, afterOffer)
      .when({ ...cut, attached: byPayer })
      .then([
        { ...accepted, data: { ...accepted.data, party: to } } as CustodyFact,
        { ...moved, data: { ...moved.data, to } } as CustodyFact,
        { type: 'custody.delivered.v1', data: { agreement, shipment, leg: 0, to } },
      ])
  })

  test('one without its offer, without its acceptance or with one of another offer is refused', () => {
    given(custody, [signed, packed]).when(cut).thenRefused('cut.offer')
    given(custody, afterOffer).when(cut).thenRefused('cut.accept')
    const other = { record: { ...record, offerDigest: hash32('98') }, accept: answered.accept }
    given(custody, afterOffer)
      .when({ ...cut, attached: other })
      .thenRefused('cut.accept')
  })

  test('one with an attached acceptance by a stranger or for other amounts is refused', () => {
    const attach = (changes: object) => ({
      ...cut,
      attached: { record: { ...record, ...changes }, accept: answered.accept },
    })
    given(custody, afterOffer)
      .when(attach({ party: `0x${'99'.repeat(20)}` }))
      .thenRefused('accept.party')
    given(custody, afterOffer)
      .when(attach({ amount: 0n }))
      .thenRefused('accept.amount')
  })

  test('one to who has the goods already is refused', () => {
    const attached = { record: acceptanceBy('supplier'), accept: answered.accept }
    given(custody, afterOffer)
      .when({ ...cut, attached })
      .thenRefused('cut.custodian')
  })

  test('one outside its offer is refused', () => {
    for (const n of [4, 9]) {
      given(custody, afterAccept)
        .when({ ...cut, record: { ...cut.record, n } })
        .thenRefused('cut.expired')
    }
  })

  test('one of a leg that has not begun is refused', () => {
    given(custody, afterAccept)
      .when({ ...cut, record: { ...cut.record, leg: 1 } })
      .thenRefused('leg.unknown')
  })

  test('a second, different one is evidence of tampering with both, once', () => {
    const second = { ...cut, cut: '0xc1', cutDigest: hash32('c1') } as const
    const reason = 'the device signed two different cuts of leg 0'
    const tampered: CustodyFact = {
      type: 'custody.tampered.v1',
      data: { agreement, shipment, leg: 0, evidence: ['0xc0', '0xc1'], reason },
    }
    given(custody, afterCut).when(second).then([tampered])
    given(custody, [...afterCut, tampered])
      .when({ ...second, cutDigest: hash32('c2') })
      .thenNothing()
  })
})

describe('dispute windows', () => {
  const delivered: CustodyFact = {
    type: 'custody.delivered.v1',
    data: { agreement, shipment, leg: 0, to: wallet('factory') },
  }
  const closed: CustodyFact = {
    type: 'custody.window.closed.v1',
    data: { agreement, shipment, dueMs: 5_000 },
  }
  const close: Command = { type: 'closeWindow', dueMs: 5_000, nowMs: 5_000 }

  test('one that has passed is closed, once', () => {
    given(custody, [...afterCut, delivered])
      .when(close)
      .then([closed])
    given(custody, [...afterCut, delivered, closed])
      .when({ ...close, nowMs: 9_000 })
      .thenNothing()
  })

  test('one that is open stays open', () => {
    given(custody, [...afterCut, delivered])
      .when({ ...close, nowMs: 4_999 })
      .thenRefused('window.open')
  })

  test('without delivery there is none', () => {
    given(custody, afterCut).when(close).thenRefused('window.undelivered')
  })
})
