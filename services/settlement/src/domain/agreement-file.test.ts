import type { ConsignEvent } from '@consign/events'
import { limits, partyByName, type TermsDraft } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  type AgreementFile,
  evolveFile,
  type FileEvent,
  isDone,
  isFileEvent,
  openFile,
  stepsOf,
} from './agreement-file.ts'

const AGREEMENT: Hex = `0x${'a1'.repeat(20)}`
const [PROVABLE, SERVICES, REFUSED] = ['01', '02', '03'].map((byte): Hex => `0x${byte.repeat(32)}`) as [
  Hex,
  Hex,
  Hex,
]
const draft: TermsDraft = {
  ...SAMPLE_DRAFT,
  guaranteePercent: 50,
  limits: [
    { metric: 'temperature', above: 40, penaltyTokens: '10' },
    { metric: 'temperature', kind: 'meanKinetic', above: 30, penaltyTokens: '10' },
  ],
  windows: { disputeHours: 1, contestHours: 6, answerHours: 6, sealEveryHours: 1 },
}
const { terms } = sampleAgreement(draft)
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const wallet = partyByName(terms, 'supplier')!.wallet
const DELIVERED_MS = 1_000_000
const LATER_MS = DELIVERED_MS + 3_600_000

const event = (type: FileEvent['type'], data: object = {}) =>
  ({ id: '1', time: 1, type, data: { ...of, ...data } }) as unknown as ConsignEvent
const fileAfter = (...events: ConsignEvent[]): AgreementFile => {
  const none = { ecdsa: '0x', mlDsa: '0x' } as const
  const signed = { ...of, terms, termsHash: PROVABLE, payerSignature: none, payeeSignature: none }
  return events.reduce((file, one) => {
    if (!isFileEvent(one)) throw new Error(`${one.type} is no event of a file`)
    return evolveFile(file, one, DELIVERED_MS)
  }, openFile(signed))
}
const typesAfter = (...events: ConsignEvent[]) =>
  stepsOf(fileAfter(...events), LATER_MS).map(({ type }) => type)

const funded = event('settlement.guarantee.funded.v1', { guarantee: '1' })
const delivered = event('custody.delivered.v1', { leg: 2, to: wallet })
const charged = (caseId: Hex, limit: number) =>
  event('penalty.violation.charged.v1', { caseId, limitId: limits(terms)[limit]?.limitId })
const assessed = (...violations: Hex[]) => event('penalty.shipment.assessed.v1', { legs: 2, violations })
const refused = event('chain.refused.v1', { key: `violation:${REFUSED}`, what: '', reason: '' })
const paid = event('settlement.payment.made.v1', { wallet, amount: '70' })
const paidUp = event('settlement.settled.v1', { paid: '70', refund: '0' })
const concluded = event('settlement.agreement.concluded.v1', { settledAtMs: 1 })
const acknowledged = event('settlement.payment.acknowledged.v1', { wallet, cumulative: '70', signature: {} })
const told = event('settlement.acknowledgement.recorded.v1', { wallet, cumulative: '70' })
const released = (name: string) =>
  event('settlement.guarantee.released.v1', { wallet: partyByName(terms, name)!.wallet, released: '1' })

describe('what is to be done for an agreement', () => {
  it('is to fund its guarantee first, once', () => {
    expect(typesAfter()).toEqual(['fund'])
    expect(typesAfter(funded)).toEqual([])
    const { terms: unguaranteed } = sampleAgreement()
    expect(stepsOf({ ...fileAfter(), terms: unguaranteed }, LATER_MS)).toEqual([])
  })

  it('is to conclude it when the dispute window has passed and all cases are known', () => {
    expect(typesAfter(funded, delivered)).toEqual([])
    expect(typesAfter(funded, delivered, assessed(PROVABLE))).toEqual([])
    const file = fileAfter(funded, delivered, charged(PROVABLE, 0), assessed(PROVABLE))
    expect(stepsOf(file, LATER_MS - 1)).toEqual([])
    expect(stepsOf(file, LATER_MS)).toEqual([{ type: 'conclude', proofs: [PROVABLE] }])
  })

  it('is to wait for proofs of what the chain can judge, and of nothing that it refused', () => {
    const cases = [charged(PROVABLE, 0), charged(SERVICES, 1), charged(REFUSED, 0)]
    const file = fileAfter(funded, delivered, ...cases, refused, assessed(PROVABLE, SERVICES, REFUSED))
    expect(stepsOf(file, LATER_MS)).toEqual([{ type: 'conclude', proofs: [PROVABLE] }])
  })

  it('is to tell the chain what a party acknowledged', () => {
    expect(typesAfter(funded, paid, acknowledged)).toEqual(['tell'])
    expect(typesAfter(funded, paid, acknowledged, told)).toEqual([])
  })

  it('is to take back guarantees of those who have nothing to claim any more', () => {
    const over = [funded, delivered, assessed(), concluded, paid, paidUp]
    const walletsAfter = (...events: ConsignEvent[]) =>
      stepsOf(fileAfter(...over, ...events), LATER_MS).flatMap((step) =>
        step.type === 'release' ? [step.wallet] : [],
      )
    const carriers = ['shipper-x', 'shipper-y'].map((name) => partyByName(terms, name)!.wallet)
    // Nothing was due to the carriers here, and nothing paid: they have nothing to acknowledge.
    expect(walletsAfter()).toEqual(carriers)
    expect(walletsAfter(acknowledged)).toEqual(carriers)
    expect(walletsAfter(acknowledged, told)).toEqual([wallet, ...carriers])
    expect(walletsAfter(acknowledged, told, released('shipper-x'))).toEqual([wallet, carriers[1]])
  })

  it('is nothing before all is paid, and nothing once all is released', () => {
    expect(typesAfter(funded, delivered, assessed(), concluded)).toEqual([])
    const all = ['supplier', 'shipper-x', 'shipper-y'].map(released)
    const file = fileAfter(funded, delivered, assessed(), concluded, paid, paidUp, acknowledged, told, ...all)
    expect([stepsOf(file, LATER_MS), isDone(file)]).toEqual([[], true])
  })
})
