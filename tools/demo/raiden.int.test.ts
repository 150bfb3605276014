// A shipment whose payments go over real Raiden channels, directly and mediated by the supplier, by a settlement service that is killed while it pays.
import { raidenClient } from '@consign/raiden-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasRaiden } from './raiden.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'
import { auditApart, type ShipmentRun } from './run.ts'

const KILLED_AT = ['settlement.attempted', 'settlement.posted']
const ALL_HOLD = { conserved: true, replayIdentical: true, anchorsVerified: true, nothingLost: true }

if (!hasRaiden())
  process.stderr.write("skipped: payments over Raiden, as set-up could not get Raiden's contracts\n")

describe.skipIf(!hasRaiden())('a shipment that is paid over Raiden', () => {
  let rehearsal: Rehearsal
  let run: ShipmentRun
  beforeAll(async () => {
    rehearsal = await rehearse({ payments: 'raiden', killAt: { settlement: KILLED_AT } })
    run = await rehearsal.ship({ name: 'channels', serial: 700 })
  }, 180_000)
  afterAll(() => rehearsal?.end())

  it('pays every party what the plan says, once however often it was killed, and all checks hold', () => {
    expect(rehearsal.stack.restarts.settlement).toBe(KILLED_AT.length)
    const { payouts, refundTokens, checks } = run.document
    expect(payouts.map(({ party, paidTokens, via }) => [party, paidTokens, via])).toEqual([
      ['supplier', '200', 'raiden'],
      ['shipper-x', '40', 'raiden'],
      ['shipper-y', '50', 'raiden'],
    ])
    expect(refundTokens).toBe('10')
    expect(checks).toEqual(ALL_HOLD)
  })

  it('shows in every channel exactly what was paid over it, the mediated hop too', () => {
    expect(run.document.channels).toEqual([
      {
        name: 'PC-A',
        from: 'factory',
        to: 'supplier',
        before: { fromTokens: '250', toTokens: '0' },
        after: { fromTokens: '10', toTokens: '240' },
      },
      {
        name: 'PC-B',
        from: 'factory',
        to: 'shipper-y',
        before: { fromTokens: '50', toTokens: '0' },
        after: { fromTokens: '0', toTokens: '50' },
      },
      {
        name: 'PC-C',
        from: 'supplier',
        to: 'shipper-x',
        before: { fromTokens: '50', toTokens: '0' },
        after: { fromTokens: '10', toTokens: '40' },
      },
    ])
  })

  it('notices a payment that nobody planned', async () => {
    const { raiden, deployment } = rehearsal.stack
    const [organisation, supplier] = [
      raiden!.organisation,
      raiden!.nodes().find(({ name }) => name === 'supplier')!,
    ]
    await raidenClient({ url: organisation.url }).pay({
      token: deployment.token,
      target: supplier.address,
      amount: 1n,
      timeoutMs: 30_000,
    })
    expect((await auditApart(run.auditFile)).checks).toEqual({ ...ALL_HOLD, conserved: false })
  }, 60_000)
})
