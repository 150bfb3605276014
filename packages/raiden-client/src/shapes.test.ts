import { describe, expect, it } from 'vitest'
import { channelShape, madeShape, paymentsShape, pendingTransfersShape, shaped } from './shapes.ts'

const TOKEN = '0xEA674fdDe714fd979de3EdF0F56AA9716B898ec8'
const PARTNER = '0x61C808D82A3Ac53231750daDc13c777b59310bD9'
const HASH = `0x${'ab'.repeat(32)}`
const lower = (address: string) => address.toLowerCase()

describe('payments', () => {
  it('are read as the Python node lists them: no amount, no identifier of one that failed', () => {
    const common = { log_time: '2018-10-30T07:10:13.122', token_address: TOKEN }
    const listed = [
      { ...common, event: 'EventPaymentSentSuccess', amount: '20', target: PARTNER, identifier: '3' },
      { ...common, event: 'EventPaymentSentFailed', target: PARTNER, reason: 'there is no route available' },
      { ...common, event: 'EventPaymentReceivedSuccess', amount: '5', initiator: PARTNER, identifier: '1' },
    ]
    const known = { token: lower(TOKEN), timeMs: Date.UTC(2018, 9, 30, 7, 10, 13, 122) }
    expect(paymentsShape.parse(listed)).toEqual([
      { outcome: 'sent', target: lower(PARTNER), ...known, amount: 20n, identifier: 3n },
      { outcome: 'failed', target: lower(PARTNER), ...known, reason: 'there is no route available' },
      { outcome: 'received', initiator: lower(PARTNER), ...known, amount: 5n, identifier: 1n },
    ])
  })

  it('are read as TypeScript nodes list them: with both ends and the secret hash', () => {
    const listed = {
      event: 'EventPaymentSentSuccess',
      initiator: TOKEN,
      target: PARTNER,
      token_address: TOKEN,
      amount: '20',
      identifier: '18446744073709551615',
      secret: '',
      secret_hash: HASH,
      log_time: '2026-10-30T07:10:13.122Z',
    }
    expect(paymentsShape.parse([listed])).toEqual([
      {
        outcome: 'sent',
        initiator: lower(TOKEN),
        target: lower(PARTNER),
        token: lower(TOKEN),
        amount: 20n,
        identifier: 2n ** 64n - 1n,
        secretHash: HASH,
        timeMs: Date.UTC(2026, 9, 30, 7, 10, 13, 122),
      },
    ])
  })

  it('are read without a time that is none', () => {
    const listed = { event: 'EventPaymentSentSuccess', amount: '1', log_time: 'yesterday' }
    expect(paymentsShape.parse([listed])).toEqual([{ outcome: 'sent', amount: 1n }])
  })

  it('that were made just now are read in both dialects', () => {
    const amounts = { amount: '20', identifier: '3', secret_hash: HASH, token_address: TOKEN }
    const python = { ...amounts, initiator_address: TOKEN, target_address: PARTNER }
    const typescript = { ...amounts, event: 'EventPaymentSentSuccess', initiator: TOKEN, target: PARTNER }
    expect(madeShape.parse(python)).toEqual(madeShape.parse(typescript))
    expect(madeShape.parse(python)).toMatchObject({ outcome: 'sent', target: lower(PARTNER), amount: 20n })
  })
})

it('reads pending transfers of the light client, with its null rows and its spelling of target', () => {
  const row = {
    initiator: TOKEN,
    target: PARTNER,
    token_address: TOKEN,
    payment_identifier: '7',
    role: 'target,',
    locked_amount: '119',
  }
  expect(pendingTransfersShape.parse([null, row])).toMatchObject([
    { role: 'target', amount: 119n, identifier: 7n },
  ])
})

it('refuses in one line what is no answer of a Raiden node', () => {
  expect(() => shaped(channelShape, { balance: '-1' }, 'GET /channels')).toThrow(
    expect.objectContaining({
      code: 'channel.shape',
      message: expect.stringMatching(/^GET \/channels: .+$/),
    }),
  )
})
