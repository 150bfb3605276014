// The payment channel contract over real Raiden: the payer's node, one in the middle through which everybody is paid, and the receivers'.
import { ensureChannel, raidenClient } from '@consign/raiden-client'
import type { Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'
import { afterAll, beforeAll, vi } from 'vitest'
import { raidenChannel } from '../src/adapters/raiden-channel.ts'
import { secretKeyOf } from '../src/adapters/raiden-secret.ts'
import { type PaymentChannelFixture, paymentChannelContract } from './payment-channel-contract.ts'
import { describeRaiden, type RaidenNode, type RaidenWorld, startRaidenWorld } from './raiden-world.ts'
import { rememberedAttempts } from './remembered-attempts.ts'

const NAMES = ['one', 'two']
/** Enough for all tests together. */
const PASSED_ON_MAX = 10_000n

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

describeRaiden('over Raiden nodes', () => {
  let raiden: RaidenWorld
  let hub: RaidenNode
  let receivers: Map<string, RaidenNode>
  let payers = 0

  beforeAll(async () => {
    raiden = await startRaidenWorld()
    hub = await raiden.startNode('hub', generatePrivateKey())
    await raiden.giveTokens(hub.address, PASSED_ON_MAX * 2n)
    receivers = new Map()
    for (const name of NAMES) {
      const node = await raiden.startNode(name, generatePrivateKey())
      receivers.set(name, node)
      await ensureChannel(hub.client, {
        token: raiden.token,
        partner: node.address,
        balanceMin: PASSED_ON_MAX,
      })
    }
  })
  afterAll(() => raiden?.close())

  paymentChannelContract('raiden', openFixture)

  // Each with a payer of its own, which begins with nothing.
  async function openFixture(): Promise<PaymentChannelFixture> {
    const { token } = raiden
    const payerKey = generatePrivateKey()
    payers += 1
    const payer = await raiden.startNode(`payer-${payers}`, payerKey)
    const before = new Map<Hex, bigint>()
    for (const node of receivers.values()) before.set(node.address, await arrived(node))
    const attempts = rememberedAttempts()
    const open = () =>
      attempts.remembering(
        raidenChannel({
          client: raidenClient({ url: payer.url }),
          token,
          secretKey: secretKeyOf(payerKey),
          attempts,
          payMsMax: 6000,
          quietMs: 1000,
          exposureMax: PASSED_ON_MAX,
          tokensOf: async () => 0n,
          now: Date.now,
          step: () => undefined,
          logger: { error: (_, line) => process.stderr.write(`${line}\n`) },
        }),
      )
    const signalReceivers = (signal: NodeJS.Signals) => {
      for (const { program } of receivers.values()) program.signal(signal)
    }
    return {
      channel: open(),
      evidence: 'secretHash',
      wallet: async (name) => receivers.get(name)!.address,
      async fund(amount) {
        await raiden.giveTokens(payer.address, amount)
        const channel = await payer.client.channel({ token, partner: hub.address })
        const balanceMin = (channel?.balance ?? 0n) + amount
        await ensureChannel(payer.client, { token, partner: hub.address, balanceMin })
      },
      received: async (wallet) => {
        const node = [...receivers.values()].find(({ address }) => address === wallet)!
        return (await arrived(node)) - before.get(wallet)!
      },
      stall: async () => signalReceivers('SIGSTOP'),
      resume: async () => signalReceivers('SIGCONT'),
      restart: async () => open(),
      close: async () => {
        signalReceivers('SIGCONT')
        await payer.program.kill()
      },
    }
  }

  /** What a receiver's own node says that it can pay out of what came in. */
  async function arrived({ client }: RaidenNode): Promise<bigint> {
    const channel = await client.channel({ token: raiden.token, partner: hub.address })
    return channel?.balance ?? 0n
  }
})
