import { Refusal } from '@consign/envelope'
import type { Hex } from 'viem'
import { describe, expect, it } from 'vitest'
import { ensureChannel } from './ensure-channel.ts'
import type { Channel } from './shapes.ts'

const of = { token: `0x${'0a'.repeat(20)}`, partner: `0x${'0b'.repeat(20)}` } as const
const channel = (changes: Partial<Channel> = {}): Channel => ({
  identifier: 1n,
  ...of,
  tokenNetwork: `0x${'0c'.repeat(20)}`,
  balance: 40n,
  totalDeposit: 100n,
  totalWithdraw: 0n,
  state: 'opened',
  settleTimeout: 60n,
  revealTimeout: 20n,
  ...changes,
})

function clientOf(found: (Channel | undefined)[], answer: () => Channel = () => channel()) {
  const done: [string, bigint][] = []
  return {
    done,
    channel: async () => (found.length > 1 ? found.shift() : found[0]),
    open: async ({ totalDeposit }: { totalDeposit: bigint }) => {
      done.push(['open', totalDeposit])
      return answer()
    },
    deposit: async (_: { partner: Hex }, total: bigint) => {
      done.push(['deposit', total])
      return answer()
    },
  }
}
const conflict = () => {
  throw new Refusal('channel.conflict', 'exists')
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: Refusal) => error.code,
  )

describe('a channel that can pay an amount', () => {
  it('is opened with the amount where there is none, or only one that is over', async () => {
    for (const none of [undefined, channel({ state: 'settled' })]) {
      const client = clientOf([none])
      await ensureChannel(client, { ...of, balanceMin: 70n })
      expect(client.done).toEqual([['open', 70n]])
    }
  })

  it('is topped up by what its balance lacks, as a total of all deposits', async () => {
    const client = clientOf([channel()])
    await ensureChannel(client, { ...of, balanceMin: 70n })
    expect(client.done).toEqual([['deposit', 130n]])
  })

  it('is left alone when its balance is enough, also above the limit', async () => {
    const client = clientOf([channel()])
    expect(await ensureChannel(client, { ...of, balanceMin: 40n, exposureMax: 10n })).toEqual(channel())
    expect(client.done).toEqual([])
  })

  it('never has more than the limit', async () => {
    const client = clientOf([channel()])
    expect(await codeOf(ensureChannel(client, { ...of, balanceMin: 70n, exposureMax: 69n }))).toBe(
      'channel.exposure',
    )
    expect(client.done).toEqual([])
  })

  it('waits while the old one is closed and not settled', async () => {
    expect(
      await codeOf(ensureChannel(clientOf([channel({ state: 'closed' })]), { ...of, balanceMin: 1n })),
    ).toBe('channel.closed')
  })

  it('is there when somebody else was faster, and only then', async () => {
    const opened = channel({ balance: 70n })
    expect(await ensureChannel(clientOf([undefined, opened], conflict), { ...of, balanceMin: 70n })).toBe(
      opened,
    )
    expect(await codeOf(ensureChannel(clientOf([undefined], conflict), { ...of, balanceMin: 70n }))).toBe(
      'channel.conflict',
    )
  })
})
