import { given } from '@consign/eventlog'
import type { Hex } from 'viem'
import { describe, it } from 'vitest'
import type { SettlementFact } from './settlement.ts'
import { settlementDecider } from './settlement.ts'

const of = { agreement: `0x${'a1'.repeat(20)}` as Hex, shipment: '340123450000000018' }
const wallet: Hex = `0x${'b1'.repeat(20)}`
const signature = { ecdsa: '0x01' as Hex, mlDsa: '0x02' as Hex }
const decider = () => given(settlementDecider, [])

const funded: SettlementFact = { type: 'settlement.guarantee.funded.v1', data: { ...of, guarantee: '150' } }
const acknowledged = (cumulative: string): SettlementFact => ({
  type: 'settlement.payment.acknowledged.v1',
  data: { ...of, wallet, cumulative, signature },
})
const recorded: SettlementFact = {
  type: 'settlement.acknowledgement.recorded.v1',
  data: { ...of, wallet, cumulative: '70' },
}
const concluded: SettlementFact = {
  type: 'settlement.agreement.concluded.v1',
  data: { ...of, settledAtMs: 5 },
}
const released: SettlementFact = {
  type: 'settlement.guarantee.released.v1',
  data: { ...of, wallet, released: '35' },
}

describe('what the chain shows', () => {
  it.each([
    ['the guarantee', { type: 'recordFunded', ...of, guarantee: 150n }, funded],
    [
      'what it knows of an acknowledgement',
      { type: 'recordAcknowledged', ...of, wallet, cumulative: 70n },
      recorded,
    ],
    ['the settlement', { type: 'recordConcluded', ...of, settledAtMs: 5 }, concluded],
    ['a release', { type: 'recordReleased', ...of, wallet, released: 35n }, released],
  ] as const)('is recorded once: %s', (_, command, fact) => {
    decider().when(command).then([fact])
    given(settlementDecider, [fact]).when(command).then([])
  })
})

describe('an acknowledgement', () => {
  const acknowledge = (cumulative: string) =>
    ({ type: 'acknowledge', ...of, wallet, cumulative, signature }) as const

  it('is taken when it is of more than the one before; the same again changes nothing', () => {
    decider()
      .when(acknowledge('50'))
      .then([acknowledged('50')])
    given(settlementDecider, [acknowledged('50')])
      .when(acknowledge('50'))
      .then([])
    given(settlementDecider, [acknowledged('50')])
      .when(acknowledge('70'))
      .then([acknowledged('70')])
  })

  it('is refused when it is of less', () => {
    given(settlementDecider, [acknowledged('70')])
      .when(acknowledge('50'))
      .thenRefused('acknowledgement.old')
  })
})
