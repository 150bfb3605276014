import { deadline, payee, payer, windows } from '@consign/terms'
import { sampleAgreement } from '@consign/terms/testing'
import { describe, expect, it } from 'vitest'
import {
  byChainNow,
  dueAtMs,
  evolveShipment,
  isLost,
  newShipment,
  openProofs,
  planOf,
  type ShipmentEvent,
} from './shipment.ts'

const AGREEMENT = `0x${'a1'.repeat(20)}` as const
const CASE = `0x${'ca'.repeat(32)}` as const
const { terms } = sampleAgreement()
const disputeMs = windows(terms).disputeMs
const of = { agreement: AGREEMENT, shipment: '340123450000000018' }
const event = (type: ShipmentEvent['type'], data: object) =>
  ({ id: type, type, time: 1, data: { ...of, ...data } }) as ShipmentEvent

const signed = event('custody.agreement.signed.v1', { terms })
const delivered = event('custody.delivered.v1', { leg: 2 })
const charged = event('penalty.violation.charged.v1', {
  caseId: CASE,
  custodian: payee(terms).wallet,
  limitId: 1,
  penalty: '7',
  beneficiary: payer(terms).wallet,
})
const assessed = event('penalty.shipment.assessed.v1', { legs: 3, violations: [CASE] })

const fold = (...events: [ShipmentEvent, number][]) =>
  events.reduce((shipment, [one, atMs]) => evolveShipment(shipment, one, atMs), newShipment(AGREEMENT))

describe('a shipment', () => {
  it('is due its dispute window after the log stored its delivery, in whatever order the rest came', () => {
    expect(dueAtMs(fold([signed, 1], [charged, 2], [assessed, 3], [delivered, 4000]))).toBe(4000 + disputeMs)
    expect(dueAtMs(fold([signed, 1], [delivered, 4000], [assessed, 5000], [charged, 6000]))).toBe(
      4000 + disputeMs,
    )
  })

  it('counts from the first delivery when it is told again', () => {
    const shipment = fold([signed, 1], [delivered, 4000], [charged, 5], [assessed, 6], [delivered, 9000])
    expect(dueAtMs(shipment)).toBe(4000 + disputeMs)
  })

  it.each([
    ['its terms', [delivered, charged, assessed]],
    ['its delivery', [signed, charged, assessed]],
    ['its assessment', [signed, delivered, charged]],
    ['a case of the assessment', [signed, delivered, assessed]],
  ])('is not due without %s', (_, events) => {
    expect(dueAtMs(fold(...events.map((one): [ShipmentEvent, number] => [one, 1])))).toBeUndefined()
  })

  it('charges the cases of its assessment and no others', () => {
    const other = event('penalty.violation.charged.v1', { ...charged.data, caseId: `0x${'cb'.repeat(32)}` })
    const plan = planOf(fold([signed, 1], [charged, 2], [charged, 2], [other, 2], [assessed, 3]))
    expect(plan.payouts.find(({ wallet }) => wallet === payee(terms).wallet)?.penalty).toBe('7')
  })

  it.each([
    ['nothing was tried', [], [CASE]],
    ['a part waits', ['intended.v1 ', 'mined.v1 ', 'intended.v1 :1'], [CASE]],
    ['every part is in a block', ['intended.v1 ', 'mined.v1 ', 'intended.v1 :1', 'mined.v1 :1'], []],
    ['it was refused for good', ['refused.v1 '], []],
  ])('waits for its proofs or for their refusal: %s', (_, parts, open) => {
    const tried = parts.map((part): [ShipmentEvent, number] => {
      const [type, suffix = ''] = part.split(' ')
      const said = { key: `violation:${CASE}${suffix}`, ok: true, reason: 'AgreementLimitKept(1, 2)' }
      return [event(`chain.${type}` as ShipmentEvent['type'], said), 4]
    })
    expect(openProofs(fold([signed, 1], [charged, 2], [assessed, 3], ...tried))).toEqual(open)
  })

  it.each([
    ['refused', 'chain.refused.v1', { reason: 'AgreementBeyondCut(7, 5)' }, [{ caseId: CASE, penalty: '0' }]],
    ['reverted', 'chain.mined.v1', { ok: false }, [{ caseId: CASE, penalty: '0' }]],
    ['in a block', 'chain.mined.v1', { ok: true }, []],
    ['proven by somebody else', 'chain.refused.v1', { reason: `AgreementAlreadyProven(${CASE})` }, []],
  ] as const)('knows what the contract will not charge: a proof that is %s', (_, type, said, less) => {
    const tried = event(type, { key: `violation:${CASE}:2`, ...said })
    expect(byChainNow(fold([signed, 1], [charged, 2], [assessed, 3], [tried, 4])).less).toEqual(less)
  })

  it('waits for the proofs of all that is charged, while nothing is assessed', () => {
    const inBlock = event('chain.mined.v1', { key: `violation:${CASE}` })
    expect(openProofs(fold([signed, 1], [charged, 2]))).toEqual([CASE])
    expect(openProofs(fold([signed, 1], [charged, 2], [inBlock, 3]))).toEqual([])
  })

  it('counts as lost from the time of its terms on, unless it was delivered', () => {
    const { lostAfterMs } = deadline(terms)
    expect(isLost(fold([signed, 1]), lostAfterMs - 1)).toBe(false)
    expect(isLost(fold([signed, 1]), lostAfterMs)).toBe(true)
    expect(isLost(fold([signed, 1], [delivered, 2]), lostAfterMs)).toBe(false)
    expect(isLost(newShipment(AGREEMENT), lostAfterMs)).toBe(false)
  })
})
