// The life of a channel on a chain with a block every three seconds: opened, topped up, withdrawn from, closed together and alone, settled.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { startWorld, type TestNode, until, type World } from './world.ts'

const DEPOSIT = 1_000_000_000
const SETTLE_TIMEOUT_S = 45

describeRaiden('channels', () => {
  let world: World
  let one: TestNode
  let other: TestNode
  const pathTo = (node: TestNode) => `/channels/${world.token}/${node.address}`
  const tokensOf = async (node: TestNode) => Number(await world.tokensOf(node))

  beforeAll(async () => {
    world = await startWorld({ settleTimeoutS: SETTLE_TIMEOUT_S })
    one = await world.startNode('one')
    other = await world.startNode('other')
    await world.slowDown(3)
  }, 300_000)
  afterAll(() => world?.close())

  it('opens with a deposit, and both sides see it', async () => {
    await world.open(one, other, 1_000)
    expect((await world.channel(one, other)).body).toMatchObject({ total_deposit: '1000', state: 'opened' })
    await until(
      'the partner sees it',
      async () => (await world.channel(other, one)).body.total_deposit === '0',
    )
  }, 120_000)

  it('the same deposit asked for many times at the same time is made once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => one.call('PATCH', pathTo(other), { total_deposit: '1500' })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await world.channel(one, other)).body.total_deposit).toBe('1500')
    expect(await tokensOf(one)).toBe(DEPOSIT - 1_500)
  }, 120_000)

  it('both sides deposit, pay and withdraw', async () => {
    expect((await other.call('PATCH', pathTo(one), { total_deposit: '500' })).status).toBe(200)
    await until('it is seen', async () => (await world.pay(other, one, 300)).status === 200)
    expect((await world.pay(one, other, 100)).status).toBe(200)
    await until('it is received', async () => (await world.balance(other, one)) === 300)
    expect(await one.call('PATCH', pathTo(other), { total_withdraw: '200' })).toMatchObject({
      status: 200,
      body: { total_withdraw: '200', balance: '1500' },
    })
    expect(await tokensOf(one)).toBe(DEPOSIT - 1_500 + 200)
    const tooMuch = await one.call('PATCH', pathTo(other), { total_withdraw: '5000' })
    expect(tooMuch).toMatchObject({ status: 409, body: { code: 'raiden.withdraw' } })
  }, 180_000)

  it('without the partner a deposit is made and a withdrawal is refused; with it again the withdrawal is made', async () => {
    await other.kill()
    const path = pathTo(other)
    expect((await one.call('PATCH', path, { total_deposit: '1600' })).status).toBe(200)
    const before = await tokensOf(one)
    expect(await one.call('PATCH', path, { total_withdraw: '250' })).toMatchObject({
      status: 409,
      body: { code: 'raiden.cnl_withdraw_expired' },
    })
    expect((await world.channel(one, other)).body).toMatchObject({ total_withdraw: '200', state: 'opened' })
    expect(await tokensOf(one)).toBe(before)
    await other.start()
    await until(
      'it is made',
      async () => (await one.call('PATCH', path, { total_withdraw: '250' })).status === 200,
    )
    expect(await tokensOf(one)).toBe(before + 50)
    expect((await world.pay(one, other, 1)).status).toBe(200)
    expect((await world.pay(other, one, 1)).status).toBe(200)
  }, 300_000)

  it('killed in the middle of a deposit and of a withdrawal, a node ends both when it is asked again, once', async () => {
    const { total_deposit, total_withdraw } = (await world.channel(one, other)).body
    const before = await tokensOf(one)
    const changes = [
      { total_deposit: String(Number(total_deposit) + 100) },
      { total_withdraw: String(Number(total_withdraw) + 30) },
    ]
    for (const change of changes) {
      const asking = one.call('PATCH', pathTo(other), change).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await one.restart()
      await asking
      const isMade = async () => (await one.call('PATCH', pathTo(other), change)).status === 200
      await until(`${JSON.stringify(change)} is made`, isMade, 180_000)
    }
    expect(await tokensOf(one)).toBe(before - 100 + 30)
    await until('payments work', async () => (await world.pay(one, other, 1)).status === 200)
    expect((await world.pay(other, one, 1)).status).toBe(200)
  }, 480_000)

  it('closes together with the partner: settled at once, each with what it holds', async () => {
    expect(await one.call('PATCH', pathTo(other), { state: 'closed' })).toMatchObject({
      status: 200,
      body: { state: 'settled', balance: '0' },
    })
    await until('the money is back', async () => (await tokensOf(one)) === DEPOSIT + 200)
    expect(await tokensOf(other)).toBe(DEPOSIT - 200)
    await until(
      'the partner has no channel any more',
      async () => (await other.call('GET', '/channels')).body.length === 0,
    )
    expect((await one.call('PATCH', pathTo(other), { state: 'closed' })).status).toBe(409)
  }, 120_000)

  it('closes alone when the partner is away, settles by itself, and the one who was away gets what it was paid', async () => {
    await world.open(one, other, 5_000)
    expect((await world.pay(one, other, 700)).status).toBe(200)
    await until('it is received', async () => (await world.balance(other, one)) === 700)
    await other.kill()
    expect(await one.call('PATCH', pathTo(other), { state: 'closed' })).toMatchObject({
      status: 200,
      body: { state: 'closed' },
    })
    expect((await one.call('PATCH', pathTo(other), { state: 'closed' })).status).toBe(409)
    expect((await one.call('PATCH', pathTo(other), { total_deposit: '6000' })).status).toBe(409)
    expect((await world.pay(one, other, 1)).status).toBe(409)
    // Back within the settle timeout: it shows the chain its newest balance proof.
    await other.start()
    expect(await one.call('PATCH', pathTo(other), { state: 'settled' })).toMatchObject({
      status: 200,
      body: { state: 'settled' },
    })
    await until('both have their money', async () => {
      const [left, right] = [await tokensOf(one), await tokensOf(other)]
      return left === DEPOSIT + 200 - 700 && right === DEPOSIT - 200 + 700
    })
  }, 300_000)

  it('opens again after that, and pays', async () => {
    await until(
      'both have seen the end',
      async () => (await other.call('GET', '/channels')).body.length === 0,
    )
    await world.open(other, one, 50)
    expect((await world.pay(other, one, 7)).status).toBe(200)
  }, 120_000)
})
