// The SDK in this process, where its actions can be seen and answered.
import { createHash } from 'node:crypto'
import { createLogger } from '@consign/runtime'
import { Wallet } from 'ethers'
import { firstValueFrom } from 'rxjs'
import { getAddress } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import type { MendedRaiden } from '../src/sdk/mended-raiden.ts'
import { RaidenNode } from '../src/sdk/node.ts'
import { type Deps, matrixPresence, messageSend, transferAction } from '../src/sdk/raiden-ts.ts'
import { startWorld, type TestNode, until, type World } from './world.ts'

const PAYMENTS = 6
const DEPOSIT = 1_000

describeRaiden('the SDK, mended', () => {
  const end = new AbortController()
  let world: World
  let partner: TestNode
  let raiden: MendedRaiden
  let here: { name: string; address: string }
  let ran: Promise<void>

  beforeAll(async () => {
    world = await startWorld()
    partner = await world.startNode('partner')
    const wallet = Wallet.createRandom()
    here = { name: 'here', address: getAddress(wallet.address) }
    await world.chain.fund(getAddress(wallet.address), BigInt(DEPOSIT))
    raiden = await new Promise((resolve) => {
      const node = new RaidenNode({
        wallet,
        contracts: world.network.deployment.contracts,
        rpcUrl: world.chain.url,
        chainId: world.chain.chainId,
        matrixUrl: world.network.url,
        pfsUrl: world.network.url,
        dataDir: world.chain.networkOptions.dir,
        revealTimeoutS: 20,
        confirmationBlocks: 0,
        pollMs: 200,
        log: createLogger('test', { CONSIGN_LOG_LEVEL: 'silent' }),
        onCreated: () => {},
        onSynced: async () => {},
        onReady: resolve,
      })
      ran = node.run(end.signal)
    })
  }, 240_000)
  afterAll(async () => {
    end.abort()
    await ran
    await world?.close()
  })

  // Without the mend of matrixMonitorPresenceEpic the second request is dropped, and whoever made it waits for ever: a payment, and all after it.
  it('a presence that is asked for in reaction to an answer is answered too', async () => {
    const again = new Promise((resolve) => {
      const answers = raiden.action$.subscribe((action) => {
        if (!matrixPresence.success.is(action)) return
        answers.unsubscribe()
        resolve(raiden.getAvailability(partner.address))
      })
    })
    expect(await raiden.getAvailability(partner.address)).toMatchObject({ available: true })
    expect(await again).toMatchObject({ available: true })
  })

  // Without the mend of matrixMessageReceivedEpic the lines of two events are taken in turn, one of each, and what is ahead is thrown away.
  it('messages that arrive together are taken in the order in which they were sent, and none is thrown away', async () => {
    await world.open(partner, here, DEPOSIT)
    const refused: unknown[] = []
    const watching = raiden.action$.subscribe((action) => {
      const { direction } = (action.meta ?? {}) as { direction?: string }
      if (transferAction.failure.is(action) && direction === 'received') refused.push(action.payload)
    })
    const held = await holdMessages(raiden)
    const paying = Promise.all(Array.from({ length: PAYMENTS }, () => world.pay(partner, here, 1)))
    await until('all transfers are here', async () => held.transfers().length === PAYMENTS)
    held.release(PAYMENTS / 2)
    expect((await paying).map(({ status }) => status)).toEqual(Array(PAYMENTS).fill(200))
    watching.unsubscribe()
    expect(refused).toEqual([])
  }, 120_000)

  // Without the mend of transferRetryMessageEpic the second comes after POLL_MS, here 200 ms.
  it('a message that is not answered is sent again after two seconds at the earliest', async () => {
    await raiden.depositChannel(world.token, partner.address, String(DEPOSIT / 2))
    partner.signal('SIGSTOP')
    const sentMs = new Map<string, number[]>()
    const watching = raiden.action$.subscribe((action) => {
      if (!messageSend.request.is(action)) return
      const { msgId } = action.meta as { msgId: string }
      sentMs.set(msgId, [...(sentMs.get(msgId) ?? []), performance.now()])
    })
    const secret = `0x${'07'.repeat(32)}`
    const secrethash = `0x${createHash('sha256').update(Buffer.alloc(32, 7)).digest('hex')}`
    void raiden.transfer(world.token, partner.address, '1', { paymentId: '1', secret, secrethash })
    const timesOfOne = () => [...sentMs.values()].find((times) => times.length >= 3)
    await until('it is sent three times', async () => timesOfOne() !== undefined)
    watching.unsubscribe()
    const [first, second, third] = timesOfOne()!
    expect(second! - first!).toBeGreaterThanOrEqual(2_000)
    expect(third! - second!).toBeGreaterThanOrEqual(2_000)
    partner.signal('SIGCONT')
    const isPaid = async () => raiden.state.transfers[`sent:${secrethash}`]?.unlockProcessed !== undefined
    await until('it is answered', isPaid)
  }, 120_000)
})

type ToDeviceEvent = { getContent(): { body: string } }
type Matrix = { emit(name: string, event: ToDeviceEvent): boolean }

/** Keeps what the homeserver brings; `release` hands the transfers on in two events, the first of them with so many. */
async function holdMessages(raiden: MendedRaiden) {
  const { matrix$ } = (raiden as unknown as { deps: Deps }).deps
  const matrix = (await firstValueFrom(matrix$)) as unknown as Matrix
  const emit = matrix.emit.bind(matrix)
  const held: ToDeviceEvent[] = []
  matrix.emit = (name, event) => (name === 'toDeviceEvent' ? held.push(event) > 0 : emit(name, event))
  /** One line each, without repetitions, by nonce. */
  const transfers = () => {
    const lines = held.flatMap((event) => event.getContent().body.split('\n'))
    const byNonce = lines
      .map((line) => ({ line, message: JSON.parse(line) as { type: string; nonce: string } }))
      .filter(({ message }) => message.type === 'LockedTransfer')
      .map(({ line, message }) => [Number(message.nonce), line] as const)
    return [...new Map(byNonce).entries()].sort(([a], [b]) => a - b).map(([, line]) => line)
  }
  const withBody = (event: ToDeviceEvent, body: string) =>
    Object.assign(Object.create(event) as ToDeviceEvent, {
      getContent: () => ({ ...event.getContent(), body }),
    })
  return {
    transfers,
    release(inFirst: number) {
      matrix.emit = emit
      const lines = transfers()
      for (const part of [lines.slice(0, inFirst), lines.slice(inFirst)])
        emit('toDeviceEvent', withBody(held[0]!, part.join('\n')))
    },
  }
}
