// The channel `raiden` against a second, independent node: one that answers as the Python node does, and that pays a repeated request twice.

import type { Fault } from '@consign/raiden-client/testing'
import { sha256, stringToHex } from 'viem'
import { afterEach, describe, expect, it } from 'vitest'
import type { RaidenOptions } from '../src/adapters/raiden-channel.ts'
import { paymentChannelContract } from './payment-channel-contract.ts'
import { HUB, openPythonScene, type PythonScene, TOKEN } from './python-scene.ts'
import { randomOf } from './random.ts'
import { rememberedAttempts } from './remembered-attempts.ts'

// Deep: the profile of `npm run test:deep`.
const SEEDS = process.env.CONSIGN_DEEP === '1' ? 300 : 30

let scene: PythonScene
afterEach(() => scene?.close())

paymentChannelContract('raiden, over a node that speaks as the Python node', async () => {
  const attempts = rememberedAttempts()
  scene = await openPythonScene([], { attempts })
  const opened = scene
  return {
    channel: attempts.remembering(await opened.start()),
    evidence: 'secretHash',
    wallet: async (name) => `0x${sha256(stringToHex(name)).slice(-40)}`,
    fund: async (amount) => opened.fund(amount),
    received: async (wallet) => opened.node.received(wallet),
    stall: async () => {
      opened.node.holds = true
    },
    resume: async () => opened.node.release(),
    restart: async () => attempts.remembering(await opened.start()),
    close: async () => {},
  }
})

describe('what became of a payment', () => {
  it('is looked up when the answer was lost: nothing is sent again', async () => {
    const { channel, order } = await open()
    scene.node.faults = once('POST', 'lostReply')
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'paid' })
    expect(posts()).toBe(1)
    expect(scene.node.received(order.to)).toBe(60n)
  })

  it('is waited for when the node may still receive it, then it is repeated under the same secret', async () => {
    const { channel, order } = await open()
    scene.node.faults = once('POST', 'lostRequest')
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    expect(posts()).toBe(1)
    await untilPaid(order)
    expect(posts()).toBe(2)
    const [payment] = await scene.payments()
    expect(payment!.attempts).toHaveLength(1)
    expect(scene.node.payments).toMatchObject([{ secretHash: payment!.attempts[0]!.secretHash }])
  })

  it('is unknown while the node is away or not synchronised, once it was asked; refused when it never was', async () => {
    const { channel, order } = await open()
    scene.node.status = 'syncing'
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'refused', code: 'channel.syncing' })
    scene.node.status = 'ready'
    scene.node.faults = once('POST', 'killed')
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    await untilPaid(order)
    expect(scene.node.received(order.to)).toBe(60n)
  })

  it('stays unknown, with a line for people, when the node forgot it but its channels lack the amount', async () => {
    const { channel, order } = await open()
    scene.node.faults = once('POST', 'lostReply')
    await scene.pay(channel, order)
    scene.node.payments.length = 0
    await new Promise((resolve) => setTimeout(resolve, 80))
    const restarted = await scene.start()
    for (const asked of [channel, restarted, restarted])
      expect(await scene.pay(asked, order)).toMatchObject({ status: 'unknown' })
    expect(posts()).toBe(1)
    expect(scene.lines.at(-1)).toMatch(/its channels lack 60: find out whether 0x[0-9a-f]{40} was paid/)
  })

  it('stays unknown when a channel of then is gone, as nothing tells what went over it', async () => {
    const { channel, order } = await open()
    scene.node.faults = once('POST', 'lostRequest')
    await scene.pay(channel, order)
    scene.node.channels.clear()
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'unknown' })
    expect(posts()).toBe(1)
    expect(scene.lines.at(-1)).toMatch(/a channel is gone since: find out/)
  })

  it('is explained by payments that were made since', async () => {
    const { channel, order } = await open([60n, 70n])
    const [, other] = await scene.orders()
    scene.node.faults = once('POST', 'lostRequest')
    await scene.pay(channel, order)
    expect(await scene.pay(channel, other!)).toMatchObject({ status: 'paid' })
    await untilPaid(order)
    expect([scene.node.received(order.to), scene.node.received(other!.to)]).toEqual([60n, 70n])
    expect(scene.lines).toEqual([])
  })
})

describe('a look-up that ends a payment', () => {
  it('says that the node never received it, once it cannot any more, and never pays', async () => {
    let laterMs = 0
    const now = () => Date.now() + laterMs
    const { channel, order } = await open([60n], { quietMs: 60_000, now })
    expect(await channel.lookup(order)).toBeUndefined()
    scene.node.faults = once('POST', 'lostRequest')
    await scene.pay(channel, order)
    expect(await channel.lookup(order)).toMatchObject({ status: 'unknown' })
    laterMs = 60_001
    expect(await channel.lookup(order)).toMatchObject({ status: 'refused', code: 'channel.lost' })
    expect(posts()).toBe(1)
  })
})

describe('a payment that failed', () => {
  it('is refused, and made later under another secret, as others may know the first', async () => {
    const { channel, order } = await open()
    scene.node.failureOf = () => 'lock expired'
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'refused', code: 'channel.conflict' })
    scene.node.failureOf = () => undefined
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'paid' })
    const [first, second] = (await scene.payments())[0]!.attempts
    expect(second!.secretHash).not.toBe(first!.secretHash)
  })

  it('for want of a route is refused, and made later under the same secret', async () => {
    const { channel, order } = await open()
    scene.node.failureOf = () => 'there is no route available'
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'refused', code: 'channel.path' })
    scene.node.failureOf = () => undefined
    expect(await scene.pay(channel, order)).toMatchObject({ status: 'paid' })
    const [first, second] = (await scene.payments())[0]!.attempts
    expect(second!.secretHash).toBe(first!.secretHash)
  })

  it('is not found again under the wallet key of somebody else', async () => {
    const { channel, order } = await open()
    scene.node.faults = once('POST', 'lostRequest')
    await scene.pay(channel, order)
    await new Promise((resolve) => setTimeout(resolve, 80))
    scene.node.faults = () => undefined
    const attempts = rememberedAttempts((await scene.payments())[0]!.attempts)
    const other = await openPythonScene([], { attempts, secretKey: new Uint8Array(32), quietMs: 0 })
    other.fund(100n)
    expect(await (await other.start()).pay(order)).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('another wallet key'),
    })
    await other.close()
  })
})

describe('reserving', () => {
  it('opens channels, tops them up, and keeps within the limit', async () => {
    scene = await openPythonScene([], { exposureMax: 100n })
    const channel = await scene.start()
    scene.node.walletTokens = 1000n
    const reserve = (amount: bigint) =>
      channel.reserve({ channels: [{ partner: HUB, amount }], total: amount, aside: 0n })
    await reserve(60n)
    await reserve(100n)
    await reserve(40n)
    expect(scene.node.walletTokens).toBe(900n)
    await expect(reserve(101n)).rejects.toMatchObject({ code: 'settlement.waits.exposure', retry: true })
    expect(scene.node.walletTokens).toBe(900n)
  })

  it('names address, token and amount that are missing', async () => {
    scene = await openPythonScene([])
    const channel = await scene.start()
    scene.fund(10n)
    scene.node.walletTokens = 20n
    const reserving = channel.reserve({ channels: [{ partner: HUB, amount: 100n }], total: 100n, aside: 0n })
    await expect(reserving).rejects.toMatchObject({
      code: 'channel.tokens',
      retry: true,
      message: `the Raiden node's wallet ${scene.node.address.toLowerCase()} lacks 70 of token ${TOKEN} for the channel with ${HUB}: send it`,
    })
  })
})

// Every request may be lost, or its answer, or fail, or come late; the process is killed in between, and the node too; what is refused may be diverted.
describe('whatever goes wrong, each payee gets its payment once or not at all when it was diverted', () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => [seed]))('seed %i', async (seed) => {
    const random = randomOf(seed)
    const amounts = [60n, 70n, 60n, 80n]
    scene = await openPythonScene(amounts)
    scene.fund(200n)
    let channel = await scene.start()
    const faults: Fault[] = ['lostRequest', 'lostReply', 'error', 'errorAfter', 'killed', 'late']
    let trouble = 40
    scene.node.faults = () => {
      if (trouble <= 0 || random() < 0.6) return undefined
      trouble -= 1
      return faults[Math.floor(random() * faults.length)]
    }
    const orders = await scene.orders()
    const isOpen = async () => (await scene.payments()).some(({ made, diverted }) => !made && !diverted)
    for (let round = 0; await isOpen(); round++) {
      const failure = trouble > 0 && random() < 0.2 ? 'lock expired' : undefined
      scene.node.failureOf = () => failure
      if (round === 3) scene.fund(100n)
      // Not for ever: who is started again waits anew until the node can no longer receive what was sent before.
      if (trouble > 0 && random() < 0.2) channel = await scene.start()
      const open = (await scene.payments()).filter(({ made, diverted }) => !made && !diverted)
      await Promise.all(
        orders
          .filter(({ paymentId }) => open.some((one) => one.paymentId === paymentId))
          .map(async (order) => {
            await scene.pay(channel, order).catch(() => undefined)
            if (random() < 0.1) await divert(order.paymentId)
          }),
      )
    }
    for (const payment of await scene.payments())
      expect(scene.node.received(payment.wallet)).toBe(payment.made ? BigInt(payment.amount) : 0n)
    expect(scene.lines).toEqual([])
  })
})

async function divert(paymentId: string): Promise<void> {
  const command = { type: 'divert', paymentId, nowMs: Date.now(), patienceMs: 0, guarantee: 0n } as const
  await scene.decide(command).catch(() => undefined)
}

async function open(amounts: readonly bigint[] = [60n], changes: Partial<RaidenOptions> = {}) {
  scene = await openPythonScene(amounts, changes)
  scene.fund(200n)
  const [order] = await scene.orders()
  return { channel: await scene.start(), order: order! }
}

async function untilPaid(order: Awaited<ReturnType<typeof open>>['order']): Promise<void> {
  const channel = await scene.start()
  while ((await scene.pay(channel, order)).status !== 'paid')
    await new Promise((resolve) => setTimeout(resolve, 20))
}

function posts(): number {
  return scene.node.requests.filter((request) => request.startsWith('POST')).length
}

function once(method: string, fault: Fault): (asked: string) => Fault | undefined {
  let isDone = false
  return (asked) => {
    if (isDone || asked !== method) return undefined
    isDone = true
    return fault
  }
}
