// Payments with a kill -9 among them, seeded: the same seed kills at the same places.
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { type TestNode, until, type World } from './world.ts'

/** A kill comes this long after the payments began: before the first lock, between any two messages, after the last. */
const KILL_AFTER_MS_MAX = 600
const PAYMENTS = 8

export const seed = process.env.CONSIGN_SEED ?? 'raiden kills'
/** 0 to 1, the same for the same seed and place. */
export const chance = (...place: (string | number)[]) =>
  createHash('sha256')
    .update([seed, ...place].join('|'))
    .digest()
    .readUInt32BE() /
  2 ** 32

type Parties = { sender: TestNode; receiver: TestNode; killed: TestNode }

/** Several payments at the same time, a kill among them and a restart; notes what was asked for by secret hash. */
export async function payAndKill(
  world: World,
  place: string,
  { sender, receiver, killed }: Parties,
  amount: number,
  asked: Map<string, number>,
): Promise<void> {
  const secrets = Array.from({ length: PAYMENTS }, (_, i) => secretOf(`${place} ${i}`))
  for (const secret of secrets) asked.set(hashOf(secret), amount)
  const paying = Promise.all(
    secrets.map((secret) => world.pay(sender, receiver, amount, { secret }).catch(() => 0)),
  )
  await new Promise((resolve) => setTimeout(resolve, chance(place, 'when') * KILL_AFTER_MS_MAX))
  await killed.restart()
  await paying
}

/** The first may still find the partner away; one that hangs shows what both have in their channels. */
export async function untilPays(world: World, where: string, from: TestNode, to: TestNode): Promise<void> {
  let last: unknown
  const pays = async () => {
    const answer = await world.pay(from, to, 1)
    last = answer.body
    return answer.status === 200
  }
  await until(where, pays, 180_000).catch(async (error) => {
    const sides = await Promise.all([from, to].map((node) => node.call('GET', '/channels')))
    throw new Error(`${error.message}, ${from.name} to ${to.name}: ${JSON.stringify([last, sides])}`)
  })
}

const events = async (node: TestNode) => (await node.call('GET', '/payments')).body as Event[]

export async function isQuiet(...nodes: TestNode[]): Promise<boolean> {
  const pending = await Promise.all(nodes.map((node) => node.call('GET', '/pending_transfers')))
  return pending.every(({ body }) => body.length === 0)
}

export async function total(node: TestNode, way: 'Sent' | 'Received'): Promise<number> {
  return (await events(node))
    .filter(({ event }) => event === `EventPayment${way}Success`)
    .reduce((sum, { amount }) => sum + Number(amount), 0)
}

/** Each payment asked for has ended; with success once at most, and then with its amount. */
export async function expectOncePerSecret(node: TestNode, payments: Map<string, number>): Promise<void> {
  const ended = await events(node)
  for (const [hash, amount] of payments) {
    const successes = ended.filter(
      ({ secret_hash, event }) => secret_hash === hash && event === 'EventPaymentSentSuccess',
    )
    expect(successes.length).toBeLessThanOrEqual(1)
    if (successes[0]) expect(Number(successes[0].amount)).toBe(amount)
  }
}

type Event = { event: string; amount: string; secret_hash: string }

function secretOf(place: string): string {
  return `0x${createHash('sha256').update(`${seed} ${place}`).digest('hex')}`
}

function hashOf(secret: string): string {
  return `0x${createHash('sha256')
    .update(Buffer.from(secret.slice(2), 'hex'))
    .digest('hex')}`
}
