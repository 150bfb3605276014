// Payments over real channels: once for each secret, many at the same time, refused where they cannot be, and ended in bounded time.
import { createHash, randomBytes } from 'node:crypto'
import type { Hex } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { type Answer, startWorld, type TestNode, until, type World } from './world.ts'

const secretOf = () => `0x${randomBytes(32).toString('hex')}`
const hashOf = (secret: string) =>
  `0x${createHash('sha256')
    .update(Buffer.from(secret.slice(2), 'hex'))
    .digest('hex')}`

describeRaiden('payments', () => {
  let world: World
  let payer: TestNode
  let middle: TestNode
  let end: TestNode

  beforeAll(async () => {
    world = await startWorld()
    payer = await world.startNode('payer')
    middle = await world.startNode('middle')
    end = await world.startNode('end')
    await world.open(payer, middle, 1_000_000)
    await world.open(middle, end, 10_000)
    await until(
      'both ends see their channel',
      async () => (await paidTo(end)) === 0 && (await paidTo(middle)) === 0,
    )
  }, 300_000)
  afterAll(() => world?.close())

  const paidTo = async (node: TestNode) => world.balance(node, node === end ? middle : payer)
  const untilPaid = (node: TestNode, total: number) =>
    until(`${node.name} has ${total}`, async () => (await paidTo(node)) === total)

  it('the same secret again is the same payment: its outcome, and money moves once', async () => {
    const secret = secretOf()
    const before = await paidTo(middle)
    const first = await world.pay(payer, middle, 100, { secret, identifier: '7' })
    expect(first).toMatchObject({
      status: 200,
      body: { secret, secret_hash: hashOf(secret), identifier: '7' },
    })
    expect(await world.pay(payer, middle, 100, { secret })).toEqual(first)
    expect(
      await world.pay(payer, middle, 100, { secret, secret_hash: hashOf(secret), identifier: '7' }),
    ).toEqual(first)
    await payer.restart()
    expect(await world.pay(payer, middle, 100, { secret })).toEqual(first)
    await untilPaid(middle, before + 100)
  })

  it('one secret in many requests at the same time is one payment', async () => {
    const secret = secretOf()
    const before = await paidTo(middle)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.pay(payer, middle, 10, { secret })),
    )
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(answers[0]!.status).toBe(200)
    await untilPaid(middle, before + 10)
  })

  it('a secret or an identifier of another payment is a conflict, and moves nothing', async () => {
    const secret = secretOf()
    await world.pay(payer, middle, 5, { secret, identifier: '77' })
    const before = await world.balance(payer, middle)
    const conflict = { status: 409, body: { code: 'raiden.payment_conflict' } }
    expect(await world.pay(payer, middle, 6, { secret })).toMatchObject(conflict)
    expect(await world.pay(payer, end, 5, { secret })).toMatchObject(conflict)
    expect(await world.pay(payer, middle, 6, { identifier: '77' })).toMatchObject(conflict)
    expect(await world.pay(payer, middle, 5, { secret: secretOf(), identifier: '77' })).toMatchObject(
      conflict,
    )
    expect(await world.pay(payer, middle, 5, { secret, identifier: '78' })).toMatchObject(conflict)
    expect(await world.balance(payer, middle)).toBe(before)
  })

  it('an identifier names its payment where no secret does', async () => {
    const first = await world.pay(payer, middle, 3, { identifier: '1234' })
    expect(await world.pay(payer, middle, 3, { identifier: '1234' })).toEqual(first)
  })

  it('a mediated payment arrives', async () => {
    const before = await paidTo(end)
    const { body } = await world.pay(payer, end, 50)
    expect(body).toMatchObject({ target_address: end.address, amount: '50' })
    await untilPaid(end, before + 50)
    const [event] = (await end.call('GET', `/payments/${world.token}/${payer.address}`)).body
    expect(event).toMatchObject({ event: 'EventPaymentReceivedSuccess', secret_hash: body.secret_hash })
  })

  it('24 payments at the same time all end, and so does one after them', async () => {
    const before = await paidTo(middle)
    const answers = await Promise.all(Array.from({ length: 24 }, () => world.pay(payer, middle, 1)))
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200))
    expect((await world.pay(payer, middle, 1)).status).toBe(200)
    await untilPaid(middle, before + 25)
  }, 180_000)

  // Without the mend of transferGenerateAndSignEnvelopeMessageEpic the partner refuses a transfer, and the channel is stuck.
  it('payments at the same time never spend more than the channel holds, and the channel goes on', async () => {
    const capacity = await world.balance(middle, end)
    const amount = Math.floor(capacity * 0.4)
    const before = await paidTo(end)
    // All have their path before the first is signed.
    world.pfs.hold()
    const paying = Promise.all(Array.from({ length: 6 }, () => world.pay(middle, end, amount)))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    world.pfs.release()
    const answers = await paying
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([402, 409]).toContain(status)
      expect(body.errors).toEqual(expect.any(String))
    }
    expect((await world.pay(middle, end, 1)).status).toBe(200)
    await untilPaid(end, before + 2 * amount + 1)
    expect((await world.pay(end, middle, 1)).status).toBe(200)
  }, 180_000)

  it('refuses amounts that are none, and secrets that do not fit, before anything moves', async () => {
    const before = await world.balance(payer, middle)
    const pay = (amount: unknown, more: object = {}): Promise<Answer> =>
      payer.call('POST', `/payments/${world.token}/${middle.address}`, { amount, ...more })
    for (const amount of ['0', '-5', 0, -5, String(2n ** 256n), `1${'0'.repeat(100)}`]) {
      const { status, body } = await pay(amount)
      expect([amount, status]).toEqual([amount, 409])
      expect(body.errors).toMatch(/^Amount/)
    }
    for (const amount of ['1.5', 1.5, '1e3', '', ' 1', null, true, {}, [], ['1'], 1e100])
      expect([amount, (await pay(amount)).status]).toEqual([amount, 400])
    for (const identifier of ['0', '-1', String(2n ** 64n)])
      expect((await pay('1', { identifier })).status).toBe(409)
    for (const secret of ['0x', 'ab'.repeat(32), `0x${'zz'.repeat(32)}`, `0x${'ab'.repeat(33)}`, 7])
      expect((await pay('1', { secret })).status).toBe(400)
    const secret = secretOf()
    expect((await pay('1', { secret, secret_hash: hashOf(secretOf()) })).status).toBe(409)
    expect((await pay('1', { secret_hash: hashOf(secret) })).status).toBe(409)
    expect((await pay('1', { lock_timeout: '1' })).status).toBe(409)
    expect((await pay('1', { lock_timeout: '3600' })).status).toBe(409)
    expect((await pay('1', { paths: 'x' })).status).toBe(400)
    expect(await world.balance(payer, middle)).toBe(before)
    expect((await payer.call('GET', '/status')).body.status).toBe('ready')
  })

  it('refuses bodies that are no JSON, no object or too large, other origins and other names', async () => {
    const path = `/payments/${world.token}/${middle.address}`
    for (const body of ['', '{', 'null', '"x"', '[]', '{}'])
      expect((await payer.call('POST', path, body)).status).toBe(400)
    expect((await payer.call('POST', path, '{"amount":"1"}', { 'content-type': 'text/plain' })).status).toBe(
      400,
    )
    expect((await payer.call('POST', path, { amount: '1', x: 'x'.repeat(70_000) })).status).toBe(413)
    const foreign = { status: 403, body: { code: 'raiden.origin' } }
    for (const origin of ['http://evil.example', 'null', payer.url])
      expect(await payer.call('POST', path, { amount: '1' }, { origin })).toMatchObject(foreign)
  })

  it('a static path is taken', async () => {
    const paths = [{ route: [payer.address, middle.address, end.address] }]
    const metadata = async (node: TestNode) =>
      (await fetch(`${world.network.url}/api/v1/address/${node.address}/metadata`)).json()
    const address_metadata = { [middle.address]: await metadata(middle), [end.address]: await metadata(end) }
    expect((await world.pay(payer, end, 2, { paths: [{ ...paths[0], address_metadata }] })).status).toBe(200)
    expect(
      (await world.pay(payer, end, 2, { paths: [{ route: [middle.address, end.address] }] })).status,
    ).toBe(409)
  })

  it('a payment to a node that is down fails with a reason, and works with the same secret when it is up', async () => {
    await untilQuiet()
    const before = await paidTo(end)
    await end.kill()
    const metadata = `${world.network.url}/api/v1/address/${end.address}/metadata`
    await until('the path-finding service notices', async () => (await fetch(metadata)).status === 404)
    const secret = secretOf()
    const { status, body } = await world.pay(payer, end, 4, { secret })
    expect(status).toBe(409)
    expect(body).toMatchObject({
      errors: expect.stringMatching(/online|offline/),
      secret_hash: hashOf(secret),
    })
    await end.start()
    await until('it is seen again', async () => (await world.pay(payer, end, 4, { secret })).status === 200)
    await untilPaid(end, before + 4)
  }, 120_000)

  it('a payment whose target dies under way ends by its lock, says so, and gives the money back', async () => {
    const before = await world.balance(payer, middle)
    middle.signal('SIGSTOP')
    const secret = secretOf()
    const paying = world.pay(payer, middle, 9, { secret })
    await underWay(payer)
    await middle.kill()
    const answer = await paying
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'raiden.xfer_expired', secret_hash: hashOf(secret) },
    })
    // The secret was used for a lock: the failure is the payment's outcome for good.
    expect(await world.pay(payer, middle, 9, { secret })).toEqual(answer)
    const events = (await payer.call('GET', `/payments/${world.token}/${middle.address}`)).body
    expect(events.at(-1)).toMatchObject({ event: 'EventPaymentSentFailed', code: 'raiden.xfer_expired' })
    await middle.start()
    await until('the lock is gone', async () => (await world.balance(payer, middle)) === before, 120_000)
    await until('payments work again', async () => (await world.pay(payer, middle, 1)).status === 200)
  }, 240_000)

  // Without the mend of transferAutoExpireEpic it is called expired, and whoever pays again pays twice.
  it('a payment that its target took on chain while the payer was away has succeeded', async () => {
    const before = await paidTo(middle)
    const secret = secretOf()
    middle.signal('SIGSTOP')
    const paying = world.pay(payer, middle, 8, { secret })
    await underWay(payer)
    payer.signal('SIGSTOP')
    middle.signal('SIGCONT')
    const takenS = await takenOnChain(hashOf(secret))
    // The lock's time is a reveal timeout after it was taken; afterwards the payer finds lock and news together.
    await until('the lock is over', async () => (await world.chainTimeS()) > takenS + 25)
    payer.signal('SIGCONT')
    expect((await paying).status).toBe(200)
    await until('payments work again', async () => (await world.pay(payer, middle, 1)).status === 200)
    await untilPaid(middle, before + 9)
  }, 240_000)

  it('a node that ends by SIGTERM lets a payment under way end', async () => {
    const secret = secretOf()
    middle.signal('SIGSTOP')
    const paying = world.pay(payer, middle, 2, { secret })
    await underWay(payer)
    const code = payer.stop()
    middle.signal('SIGCONT')
    expect((await paying).status).toBe(200)
    expect(await code).toBe(0)
    await payer.start()
    expect((await world.pay(payer, middle, 2, { secret })).status).toBe(200)
  }, 120_000)

  it('a payment under way when its node is killed ends after the restart, once', async () => {
    const before = await paidTo(middle)
    const secret = secretOf()
    middle.signal('SIGSTOP')
    const paying = world.pay(payer, middle, 6, { secret }).catch(() => undefined)
    await underWay(payer)
    await payer.kill()
    middle.signal('SIGCONT')
    await paying
    await payer.start()
    // The lock runs for 40 s: either it is paid by then, or it has failed and is gone.
    const { status } = await world.pay(payer, middle, 6, { secret })
    expect([200, 409]).toContain(status)
    await until('payments work again', async () => (await world.pay(payer, middle, 1)).status === 200)
    await untilPaid(middle, before + (status === 200 ? 6 : 0) + 1)
  }, 240_000)

  const untilQuiet = async () => {
    for (const node of [payer, middle, end])
      await until(`${node.name} has nothing under way`, async () => {
        return (await node.call('GET', '/pending_transfers')).body.length === 0
      })
  }

  /** Resolves to the time at which the secret was registered. */
  async function takenOnChain(secretHash: string): Promise<number> {
    let takenS = 0
    const isTaken = async () => {
      takenS = await world.secretRegisteredS(secretHash as Hex)
      return takenS > 0
    }
    await until('the target registers the secret', isTaken)
    return takenS
  }

  const underWay = (node: TestNode) =>
    until(
      'a payment is under way',
      async () => (await node.call('GET', '/pending_transfers')).body.length > 0,
    )
})
