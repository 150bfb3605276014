import { encodeSignedAccept, type SignedAccept, type SignedDelegation } from '@consign/envelope'
import { clauseByLimitId, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { bytesToHex, type Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import { type Agreement, UNKNOWN_AGREEMENT } from './agreements.ts'
import type { CallEvent } from './calls.ts'
import { isSilent, spansOf } from './evidence.ts'
import { RUN_ENVELOPES_MAX } from './run.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const draft: TermsDraft = {
  ...SAMPLE_DRAFT,
  silence: { minutesMax: 60, penaltyTokens: '2' },
  tamper: { penaltyTokens: '50' },
  deadline: { hours: 240, penaltyTokens: '20' },
  tender: { destination: { south: 52, north: 53, west: 13, east: 14 } },
}
const { terms } = sampleAgreement(draft)
const known: Agreement = { ...UNKNOWN_AGREEMENT, terms, ends: new Map([[0, 12]]) }

const limitIdOf = (kind: string): number => {
  for (let limitId = 1; limitId < 10; limitId++)
    if (clauseByLimitId(terms, limitId)?.kind === kind) return limitId
  throw new Error(`the terms have no ${kind}`)
}
const charged = (kind: string, at: { leg: number; startSeq: number; runFromSeq: number; runToSeq: number }) =>
  ({
    id: '1',
    type: 'penalty.violation.charged.v1',
    time: 1,
    data: { agreement: AGREEMENT, limitId: limitIdOf(kind), startIndex: 3, ...at },
  }) as CallEvent
const offered = (m: number) =>
  ({ id: '1', type: 'custody.offered.v1', time: 1, data: { agreement: AGREEMENT, leg: 2, m } }) as CallEvent

const HEAD: Hex = `0x${'4e'.repeat(32)}`
const accept: SignedAccept = {
  record: {
    ...{ offerDigest: HEAD, party: AGREEMENT, termsHash: HEAD, reservationsHash: HEAD },
    ...{ amount: 1n, penaltyMax: 1n },
  },
  ecdsa: new Uint8Array(65),
  mlDsa: new Uint8Array(2420),
  slhDsa: new Uint8Array(7856),
}
const delegation: SignedDelegation = {
  ...accept,
  record: {
    ...{ party: AGREEMENT, delegate: AGREEMENT, scope: HEAD, notAfterMs: 1 },
    ...{ mlDsaKey: new Uint8Array(1312), slhDsaKey: new Uint8Array(32) },
  },
}
const cut = (n: number, isDelegated: boolean) => {
  const signed = bytesToHex(encodeSignedAccept(isDelegated ? { ...accept, delegation } : accept))
  const data = { agreement: AGREEMENT, leg: 1, n, head: HEAD, accept: signed }
  return { id: '1', type: 'custody.transferred.v1', time: 1, data } as CallEvent
}
const lastOf = (n: number) => ({ leg: 1, fromSeq: n - 1, toSeq: n - 1, digest: HEAD })

describe('the envelopes of a proof', () => {
  it.each([
    [
      'a limit: all of its run',
      charged('limit.instantaneous', { leg: 1, startSeq: 5, runFromSeq: 3, runToSeq: 9 }),
      [{ leg: 1, fromSeq: 3, toSeq: 9 }],
    ],
    [
      'silence: those around the gap',
      charged('silence', { leg: 1, startSeq: 5, runFromSeq: 5, runToSeq: 6 }),
      [{ leg: 1, fromSeq: 5, toSeq: 6 }],
    ],
    [
      'a deadline in the first leg: the late one',
      charged('deadline', { leg: 0, startSeq: 0xffffffff, runFromSeq: 8, runToSeq: 8 }),
      [{ leg: 0, fromSeq: 8, toSeq: 8 }],
    ],
    [
      'a deadline later on: the last one of the leg before, too',
      charged('deadline', { leg: 1, startSeq: 0xffffffff, runFromSeq: 8, runToSeq: 8 }),
      [
        { leg: 0, fromSeq: 11, toSeq: 11 },
        { leg: 1, fromSeq: 8, toSeq: 8 },
      ],
    ],
    [
      'tampering: both of the number',
      charged('tamper', { leg: 1, startSeq: 5, runFromSeq: 5, runToSeq: 5 }),
      [{ leg: 1, fromSeq: 5, toSeq: 5, fork: true }],
    ],
    ['a cut that a driver accepted: the last one before it', cut(3, true), [lastOf(3)]],
    ['a cut that a driver accepted of a leg without any: none', cut(0, true), []],
    ['a cut that the party accepted: none', cut(3, false), []],
    ['an offer: the one that it follows', offered(7), [{ leg: 2, fromSeq: 6, toSeq: 6 }]],
  ])('are, of %s', (_, event, spans) => {
    expect(spansOf(event, known)).toEqual(spans)
  })

  it.each([
    [
      'silence that never ended',
      charged('silence', { leg: 1, startSeq: 5, runFromSeq: 5, runToSeq: 5 }),
      'violation.claim',
    ],
    [
      'a deadline after a leg without envelopes',
      charged('deadline', { leg: 3, startSeq: 0xffffffff, runFromSeq: 8, runToSeq: 8 }),
      'violation.before',
    ],
    [
      'a run that is too long',
      charged('limit.instantaneous', { leg: 1, startSeq: 5, runFromSeq: 3, runToSeq: 3 + RUN_ENVELOPES_MAX }),
      'violation.run',
    ],
  ])('cannot be shown: %s', (_, event, code) => {
    expect(() => spansOf(event, known)).toThrowError(expect.objectContaining({ code }))
  })
})

describe('an offer', () => {
  it('leads to nothing when the terms know no destination, or nothing was packed yet', () => {
    expect(isSilent(offered(7), known)).toBe(false)
    expect(isSilent(offered(0), known)).toBe(true)
    expect(isSilent(offered(7), { ...known, terms: sampleAgreement().terms })).toBe(true)
  })
})
