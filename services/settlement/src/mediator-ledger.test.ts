import { type ConsignFact, encodeEvent } from '@consign/events'
import { general, partyByName, termsHash } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { expect, it } from 'vitest'
import { MediatorLedger } from './mediator-ledger.ts'

const { terms } = sampleAgreement({
  ...SAMPLE_DRAFT,
  parties: SAMPLE_DRAFT.parties.map((party) =>
    party.name === 'shipper-x' ? { ...party, paidThrough: 'supplier' } : party,
  ),
})
const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const of = { agreement: AGREEMENT, shipment: general(terms).shipment }
const supplier = partyByName(terms, 'supplier')!.wallet
const { token, chainId } = general(terms)
const signature = { ecdsa: '0x01', mlDsa: '0x02' } as const
const signed: ConsignFact = {
  type: 'custody.agreement.signed.v1',
  data: { ...of, terms, termsHash: termsHash(terms), payerSignature: signature, payeeSignature: signature },
}
const reserved: ConsignFact = { type: 'settlement.reserved.v1', data: { ...of, channels: [] } }
const passedOn = (mediator: Hex): ConsignFact => ({
  type: 'settlement.mediator.reserved.v1',
  data: { ...of, mediator, channels: [] },
})
const settled: ConsignFact = { type: 'settlement.settled.v1', data: { ...of, paid: '0', refund: '0' } }

/** What is to be reserved, and what is, once the ledger of this wallet has taken the facts. */
function after(facts: ConsignFact[], own: Partial<{ wallet: Hex; token: Hex; chainId: number }> = {}) {
  const ledger = new MediatorLedger({ wallet: supplier, token, chainId, ...own })
  for (const [seq, fact] of facts.entries()) {
    const data = encodeEvent({ id: String(seq), time: seq, ...fact })
    ledger.take({ data, seq, timeMs: seq, subject: 'any' } as unknown as Parameters<
      MediatorLedger['take']
    >[0])
  }
  return [ledger.unreserved().length, ledger.reserved().length, ledger.size]
}

it('has to reserve what the payer can pay, once', () => {
  expect(after([signed])).toEqual([0, 0, 1])
  expect(after([signed, reserved])).toEqual([1, 0, 1])
  expect(after([signed, reserved, passedOn(supplier)])).toEqual([0, 1, 1])
  expect(after([signed, reserved, passedOn(`0x${'0e'.repeat(20)}`)])).toEqual([1, 0, 1])
})

it('is free of it when the agreement is over, also when its signature is told again', () => {
  expect(after([signed, reserved, passedOn(supplier), settled, signed])).toEqual([0, 0, 0])
})

it('has nothing to do for agreements in which it is not in the middle, nor of another token or chain', () => {
  const shipper = partyByName(terms, 'shipper-x')!.wallet
  for (const other of [{ wallet: shipper }, { token: shipper }, { chainId: chainId + 1 }])
    expect(after([signed, reserved], other)).toEqual([0, 0, 0])
})
