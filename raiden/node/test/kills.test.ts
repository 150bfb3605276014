// kill -9 of sender and receiver while payments run, seeded: afterwards every channel works in both directions and no token is lost or made.
// Without the mend of matrixMessageSendEpic about one kill in seven leaves a channel stuck for ever.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { startWorld, type TestNode, until, type World } from './world.ts'

const KILLS = process.env.CONSIGN_DEEP ? 60 : 4
/** A kill comes this long after the payments began: before the first lock, between any two messages, after the last. */
const KILL_AFTER_MS_MAX = 600
const PAYMENTS = 8

const seed = process.env.CONSIGN_SEED ?? 'raiden kills'
/** 0 to 1, the same for the same seed and place. */
const chance = (...place: (string | number)[]) =>
  createHash('sha256')
    .update([seed, ...place].join('|'))
    .digest()
    .readUInt32BE() /
  2 ** 32

describeRaiden('kill -9 at any moment', () => {
  let world: World
  let one: TestNode
  let other: TestNode

  beforeAll(async () => {
    world = await startWorld()
    one = await world.startNode('one')
    other = await world.startNode('other')
    await world.open(one, other, 100_000)
    expect((await world.pay(one, other, 10_000)).status).toBe(200)
  }, 300_000)
  afterAll(() => world?.close())

  it(
    `${KILLS} kills wedge no channel, lose no token, and pay nothing twice (seed: ${seed})`,
    async () => {
      /** Secret hash to amount, of payments that were asked for; from `one` to `other`, or back. */
      const asked = { forth: new Map<string, number>(), back: new Map<string, number>() }
      for (let kill = 0; kill < KILLS; kill++) {
        const isForth = chance(kill, 'way') < 0.5
        const [sender, receiver] = isForth ? [one, other] : [other, one]
        const killed = chance(kill, 'who') < 0.5 ? sender : receiver
        const secrets = Array.from({ length: PAYMENTS }, (_, i) => secretOf(`${kill} ${i}`))
        for (const secret of secrets) asked[isForth ? 'forth' : 'back'].set(hashOf(secret), 1 + kill)
        const paying = Promise.all(
          secrets.map((secret) => world.pay(sender, receiver, 1 + kill, { secret }).catch(() => 0)),
        )
        await new Promise((resolve) => setTimeout(resolve, chance(kill, 'when') * KILL_AFTER_MS_MAX))
        await killed.restart()
        await paying
        const where = `kill ${kill} of ${killed === sender ? 'sender' : 'receiver'}`
        await untilPays(where, one, other)
        await untilPays(where, other, one)
      }
      await until('nothing is under way', () => isQuiet(), 180_000)
      await until('both sides agree', async () => {
        const [left, right] = [await world.balance(one, other), await world.balance(other, one)]
        return left + right === 100_000
      })
      const [sentByOne, receivedByOther] = [await total(one, 'Sent'), await total(other, 'Received')]
      const [sentByOther, receivedByOne] = [await total(other, 'Sent'), await total(one, 'Received')]
      expect([receivedByOther, receivedByOne]).toEqual([sentByOne, sentByOther])
      expect(await world.balance(one, other)).toBe(100_000 - sentByOne + receivedByOne)
      for (const [node, payments] of [[one, asked.forth] as const, [other, asked.back] as const])
        await expectOncePerSecret(node, payments)
    },
    60_000 + KILLS * 60_000,
  )

  /** The first may still find the partner away; one that hangs shows what the channels of both sides hold. */
  async function untilPays(where: string, from: TestNode, to: TestNode): Promise<void> {
    let last: unknown
    const pays = async () => {
      const answer = await world.pay(from, to, 1)
      last = answer.body
      return answer.status === 200
    }
    await until(where, pays, 180_000).catch(async (error) => {
      const sides = await Promise.all([world.channel(one, other), world.channel(other, one)])
      throw new Error(`${error.message}, ${from.name} to ${to.name}: ${JSON.stringify([last, sides])}`)
    })
  }

  const events = async (node: TestNode) => (await node.call('GET', '/payments')).body as Event[]
  const isQuiet = async () =>
    (await Promise.all([one, other].map((node) => node.call('GET', '/pending_transfers')))).every(
      ({ body }) => body.length === 0,
    )
  const total = async (node: TestNode, way: 'Sent' | 'Received') =>
    (await events(node))
      .filter(({ event }) => event === `EventPayment${way}Success`)
      .reduce((sum, { amount }) => sum + Number(amount), 0)

  /** Each payment asked for has ended; with success once at most, and then with its amount. */
  async function expectOncePerSecret(node: TestNode, payments: Map<string, number>): Promise<void> {
    const ended = await events(node)
    for (const [hash, amount] of payments) {
      const successes = ended.filter(
        ({ secret_hash, event }) => secret_hash === hash && event === 'EventPaymentSentSuccess',
      )
      expect(successes.length).toBeLessThanOrEqual(1)
      if (successes[0]) expect(Number(successes[0].amount)).toBe(amount)
    }
  }
})

type Event = { event: string; amount: string; secret_hash: string }

function secretOf(place: string): string {
  return `0x${createHash('sha256').update(`${seed} ${place}`).digest('hex')}`
}

function hashOf(secret: string): string {
  return `0x${createHash('sha256')
    .update(Buffer.from(secret.slice(2), 'hex'))
    .digest('hex')}`
}
