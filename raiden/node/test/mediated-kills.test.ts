// kill -9 of payer, mediator and target while mediated payments run, seeded: afterwards payments work and no token is lost or made.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { expectOncePerSecret, isQuiet, payAndKill, seed, total, untilPays } from './killing.ts'
import { startWorld, type TestNode, until, type World } from './world.ts'

const KILLS = process.env.CONSIGN_DEEP ? 30 : 3

describeRaiden('kill -9 under mediated payments', () => {
  let world: World
  let payer: TestNode
  let middle: TestNode
  let target: TestNode

  beforeAll(async () => {
    world = await startWorld()
    payer = await world.startNode('payer')
    middle = await world.startNode('middle')
    target = await world.startNode('target')
    await world.open(payer, middle, 100_000)
    await world.open(middle, target, 100_000)
    await untilPays(world, 'at first', payer, target)
  }, 300_000)
  afterAll(() => world?.close())

  it(
    `${KILLS} kills: the target has what was paid, the mediator what it had (seed: ${seed})`,
    async () => {
      const asked = new Map<string, number>()
      const nodes = [payer, middle, target]
      for (let kill = 0; kill < KILLS; kill++) {
        // Each of them in turn, so that few kills reach all three.
        const killed = nodes[kill % nodes.length]!
        const parties = { sender: payer, receiver: target, killed }
        await payAndKill(world, `mediated ${kill}`, parties, 1 + kill, asked)
        await untilPays(world, `kill ${kill} of ${killed.name}`, payer, target)
      }
      await until('nothing is under way', () => isQuiet(...nodes), 180_000)
      const sent = await total(payer, 'Sent')
      await until('all sides agree', async () => {
        const inFirst = [await world.balance(payer, middle), await world.balance(middle, payer)]
        const inSecond = [await world.balance(middle, target), await world.balance(target, middle)]
        return `${[inFirst, inSecond]}` === `${[100_000 - sent, sent, 100_000 - sent, sent]}`
      })
      expect(await total(target, 'Received')).toBe(sent)
      await expectOncePerSecret(payer, asked)
    },
    60_000 + KILLS * 120_000,
  )
})
