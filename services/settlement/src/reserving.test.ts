import { Refusal } from '@consign/envelope'
import { memoryEventLog } from '@consign/eventlog/testing'
import { type ChargedCase, limits, partyByName, payoutPlan } from '@consign/terms'
import { SAMPLE_DRAFT, sampleAgreement } from '@consign/terms/testing'
import { expect, it } from 'vitest'
import type { PaymentChannel, Reservation } from './adapters/payment-channel.ts'
import type { Known, Ledger } from './ledger.ts'
import { Reserving } from './reserving.ts'
import { SettlementStream } from './stream.ts'

const { terms } = sampleAgreement({
  ...SAMPLE_DRAFT,
  limits: [{ metric: 'temperature', above: 40, penaltyTokens: '10', beneficiary: 'supplier' }],
})
const [supplier, shipperX] = ['supplier', 'shipper-x'].map((name) => partyByName(terms, name)!)
const TOKEN = 10n ** 18n
const shipment = {
  agreement: `0x${'a1'.repeat(20)}`,
  shipment: '340123450000000018',
  terms,
} as unknown as Known

/** Its plan is in the log: shipper-x is charged so much, due to the supplier. Returns what the channel is asked for. */
async function reservedDue(
  charged: bigint,
  answer: () => Promise<void> = async () => {},
): Promise<Reservation[]> {
  const options = { log: memoryEventLog(), now: () => 1_000, step: () => {}, onWritten: () => {} }
  const violation: ChargedCase = {
    caseId: `0x${'0c'.repeat(32)}`,
    limitId: limits(terms)[0]!.limitId,
    custodian: shipperX!.wallet,
    penalty: charged,
    beneficiary: supplier!.wallet,
  }
  await new SettlementStream(shipment.agreement, options).decide(
    {
      type: 'plan',
      agreement: shipment.agreement,
      shipment: shipment.shipment,
      plan: payoutPlan({ terms, violations: charged === 0n ? [] : [violation] }),
      guaranteed: [],
      sliceBps: 5_000,
      dueAtMs: 0,
      nowMs: 1_000,
    },
    'settlement.planned',
  )
  const asked: Reservation[] = []
  const channel = {
    reserve: async (reservation: Reservation) => {
      asked.push(reservation)
      await answer()
    },
  } as unknown as PaymentChannel
  const ledger = { reserved: () => [shipment] } as unknown as Ledger
  await new Reserving(ledger, { ...options, channel }).reserveDue(shipment)
  return asked
}

it('asks for more where an award is more than was agreed, and for that channel alone', async () => {
  const [reservation, ...rest] = await reservedDue(10n * TOKEN)
  expect(rest).toEqual([])
  const amount = BigInt(supplier!.amount) + 10n * TOKEN
  expect(reservation?.channels).toEqual([{ partner: supplier!.wallet, amount }])
  expect(reservation?.aside).toBe(0n)
})

it('asks for nothing where the plan is within what was agreed', async () => {
  expect(await reservedDue(0n)).toEqual([])
})

it('leaves what cannot be had to the payments, and hides no fault of ours', async () => {
  const refusal = new Refusal('channel.tokens', 'the wallet lacks tokens: send them', { retry: true })
  expect(await reservedDue(10n * TOKEN, () => Promise.reject(refusal))).toHaveLength(1)
  await expect(reservedDue(10n * TOKEN, () => Promise.reject(new TypeError('a bug')))).rejects.toThrow(
    'a bug',
  )
})
