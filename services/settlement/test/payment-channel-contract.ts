// What every payment channel must hold, whatever moves the money. An adapter's test calls this with a fixture of real parts.
import { createHash } from 'node:crypto'
import type { Hex } from 'viem'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PaymentChannel, PaymentOrder } from '../src/adapters/payment-channel.ts'

export type PaymentChannelFixture = {
  channel: PaymentChannel
  /** What it shows of a payment that was made. */
  evidence: 'txHash' | 'secretHash'
  /** Gives the payer this much more to pay with; it begins with nothing. */
  fund(amount: bigint): Promise<void>
  /** Of a receiver, by name. */
  wallet(name: string): Promise<Hex>
  /** What has arrived at a wallet, for good. */
  received(wallet: Hex): Promise<bigint>
  /** From now on payments do not become final, until `resume`. */
  stall(): Promise<void>
  resume(): Promise<void>
  /** The channel of a process that was killed and started again: what the old one had in memory is gone. */
  restart(): Promise<PaymentChannel>
  close(): Promise<void>
}

export function paymentChannelContract(name: string, open: () => Promise<PaymentChannelFixture>): void {
  describe(`payment channel ${name}`, () => {
    let fixture: PaymentChannelFixture
    let channel: PaymentChannel

    beforeEach(async () => {
      fixture = await open()
      channel = fixture.channel
    })
    afterEach(() => fixture?.close())

    it('pays the amount, and knows of it', async () => {
      await fixture.fund(100n)
      const order = await orderOf('one', 60n)
      expect(await channel.lookup(order)).toBeUndefined()
      const paid = await channel.pay(order)
      expect(paid).toEqual({
        status: 'paid',
        [fixture.evidence]: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      })
      expect(await channel.lookup(order)).toEqual(paid)
      expect(await fixture.received(order.to)).toBe(60n)
    })

    it('pays once however often and however concurrently it is asked', async () => {
      await fixture.fund(1000n)
      const order = await orderOf('one', 60n)
      const outcomes = await Promise.all([channel.pay(order), channel.pay(order), channel.pay(order)])
      outcomes.push(await channel.pay(order))
      expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1)
      expect(await fixture.received(order.to)).toBe(60n)
    })

    it('pays different orders, also to one wallet, each once', async () => {
      await fixture.fund(1000n)
      const orders = await Promise.all(['one', 'two', 'three'].map((label) => orderOf(label, 60n, 'one')))
      await Promise.all(orders.map((order) => channel.pay(order)))
      expect(await fixture.received(orders[0]!.to)).toBe(180n)
    })

    it('refuses what the payer cannot pay, in one line, and pays it later', async () => {
      await fixture.fund(59n)
      const order = await orderOf('one', 60n)
      const refused = await channel.pay(order)
      expect(refused).toEqual({
        status: 'refused',
        code: 'payment.balance',
        reason: expect.stringMatching(/^.+$/),
      })
      expect(await fixture.received(order.to)).toBe(0n)
      await fixture.fund(1n)
      await paidInTheEnd(channel, order)
      expect(await fixture.received(order.to)).toBe(60n)
    })

    it('does not promise the same tokens twice', async () => {
      await fixture.fund(100n)
      const orders = [await orderOf('one', 60n), await orderOf('two', 60n)]
      const outcomes = await Promise.all(orders.map((order) => channel.pay(order)))
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['paid', 'refused'])
      await fixture.fund(20n)
      for (const order of orders) await paidInTheEnd(channel, order)
      const received = await Promise.all(orders.map(({ to }) => fixture.received(to)))
      expect(received).toEqual([60n, 60n])
    })

    it('answers unknown, within its bound, while a payment is not final, and pays it once', async () => {
      await fixture.fund(100n)
      await fixture.stall()
      const order = await orderOf('one', 60n)
      expect((await channel.pay(order)).status).toBe('unknown')
      expect((await channel.lookup(order))?.status).toBe('unknown')
      expect((await channel.pay(order)).status).toBe('unknown')
      await fixture.resume()
      await paidInTheEnd(channel, order)
      expect(await fixture.received(order.to)).toBe(60n)
    })

    it('goes on with what was under way after a restart, and repeats nothing', async () => {
      await fixture.fund(1000n)
      const [done, underWay] = [await orderOf('one', 60n), await orderOf('two', 70n)]
      const before = await channel.pay(done)
      await fixture.stall()
      await channel.pay(underWay)
      const restarted = await fixture.restart()
      await fixture.resume()
      await paidInTheEnd(restarted, underWay)
      expect(await restarted.pay(done)).toEqual(before)
      expect(await restarted.lookup(done)).toEqual(before)
      expect([await fixture.received(done.to), await fixture.received(underWay.to)]).toEqual([60n, 70n])
    })

    async function orderOf(label: string, amount: bigint, receiver = label): Promise<PaymentOrder> {
      const paymentId: Hex = `0x${createHash('sha256').update(`payment ${label}`).digest('hex')}`
      return { agreement: `0x${'a1'.repeat(20)}`, paymentId, to: await fixture.wallet(receiver), amount }
    }
  })
}

async function paidInTheEnd(channel: PaymentChannel, order: PaymentOrder): Promise<void> {
  while ((await channel.pay(order)).status !== 'paid');
}
