// What a node depends on goes away and comes back: while it starts, while it runs. It waits, says what is missing, and goes on.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeRaiden } from '../../network/test/where-raiden-is.ts'
import { NODE_PROGRAM, startWorld, type TestNode, until, type World } from './world.ts'

describeRaiden('outages', () => {
  let world: World
  let payer: TestNode
  let payee: TestNode

  beforeAll(async () => {
    world = await startWorld()
    payer = await world.startNode('payer')
    payee = await world.startNode('payee')
    await world.open(payer, payee, 10_000)
  }, 300_000)
  afterAll(() => world?.close())

  const statusOf = async (node: TestNode) => (await node.call('GET', '/status')).body
  const untilReady = (node: TestNode) =>
    until(`${node.name} is ready`, async () => (await statusOf(node)).status === 'ready', 120_000)
  const untilPays = () =>
    until('payments work', async () => (await world.pay(payer, payee, 1)).status === 200, 120_000)

  it('the homeserver goes and comes back: the status says so, a payment fails or waits, then all goes on', async () => {
    await world.network.kill()
    await until('it is noticed', async () => (await statusOf(payer)).missing.length > 0)
    expect(await statusOf(payer)).toMatchObject({
      status: 'unavailable',
      missing: expect.arrayContaining(['homeserver does not answer', 'pfs does not answer']),
    })
    expect((await payer.call('GET', '/address')).status).toBe(200)
    const { status, body } = await world.pay(payer, payee, 5)
    expect([409, 503]).toContain(status)
    expect(body.errors).toEqual(expect.any(String))
    await world.network.restart()
    await untilReady(payer)
    await untilPays()
  }, 300_000)

  it('the homeserver goes while payments are under way and comes back: each ends, and what is paid has arrived', async () => {
    const before = await world.balance(payee, payer)
    const paying = Promise.all(Array.from({ length: 8 }, () => world.pay(payer, payee, 10)))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await world.network.kill()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await world.network.restart()
    const paid = (await paying).filter(({ status }) => status === 200).length
    const isQuiet = async () => (await payer.call('GET', '/pending_transfers')).body.length === 0
    await until('nothing is under way', isQuiet, 120_000)
    const hasArrived = async () => (await world.balance(payee, payer)) === before + 10 * paid
    await until('what was paid has arrived', hasArrived, 120_000)
    await untilPays()
  }, 300_000)

  it('started without a homeserver it waits for it, and answers 503 until then', async () => {
    await payee.stop()
    await world.network.kill()
    await payee.start('listening')
    await until('it says what is missing', async () => (await statusOf(payee)).missing.length > 0)
    expect((await payee.call('GET', '/address')).body).toEqual({ our_address: payee.address })
    expect(await payee.call('GET', '/channels')).toMatchObject({
      status: 503,
      body: { code: 'raiden.unavailable' },
    })
    expect((await world.pay(payee, payer, 1)).status).toBe(503)
    await world.network.restart()
    await untilReady(payee)
    await untilPays()
  }, 300_000)

  it('a homeserver that has forgotten every session is logged in to again', async () => {
    await world.network.kill()
    rmSync(join(world.chain.networkOptions.dir, 'network'), { recursive: true })
    await world.network.restart()
    await untilPays()
  }, 300_000)

  it('the Ethereum node stops answering and goes on: the status says so, and payments go on', async () => {
    world.rpc.close()
    await until('it is noticed', async () => (await statusOf(payer)).missing.includes('rpc does not answer'))
    await world.rpc.open()
    await untilReady(payer)
    await untilPays()
    expect(
      (await payer.call('PATCH', `/channels/${world.token}/${payee.address}`, { total_deposit: '11000' }))
        .status,
    ).toBe(200)
  }, 300_000)

  it('started without an Ethereum node it waits and says so', async () => {
    await payee.stop()
    world.rpc.close()
    await payee.start('listening')
    await until('it says what is missing', async () =>
      (await statusOf(payee)).missing.includes('rpc does not answer'),
    )
    await world.rpc.open()
    await untilReady(payee)
    await untilPays()
  }, 300_000)

  it('metrics tell of channels, balances and payments', async () => {
    await untilReady(payer)
    const text = await (await fetch(`${payer.url}/metrics`)).text()
    const value = (name: string) => Number(new RegExp(`^${name}.* (\\S+)$`, 'm').exec(text)?.[1])
    expect(value('consign_raiden_ready')).toBe(1)
    expect(value('consign_raiden_channels\\{state="open"')).toBe(1)
    const partner = `token="${world.token}",partner="${payee.address}"`
    expect(value(`consign_raiden_channel_balance_tokens\\{${partner},side="own"`)).toBe(
      await world.balance(payer, payee),
    )
    expect(value('consign_raiden_payments_pending')).toBe(0)
    expect(value('consign_raiden_payments_total\\{direction="sent",outcome="succeeded"')).toBeGreaterThan(0)
    expect(text).toMatch(
      /consign_raiden_payments_total\{direction="sent",outcome="failed",reason="raiden\.[a-z_0-9]+"/,
    )
  })

  it('a second process of the same wallet ends with one line, and the first goes on', async () => {
    const second = runOnce({ ...payer.env, DATA_DIR: join(payer.dir, 'elsewhere') })
    expect(second).toEqual({
      code: 2,
      complaint: `raiden.wallet_in_use: Another process runs a Raiden node with wallet ${payer.address} on chain ${world.chain.chainId}: end it first.\n`,
    })
    expect((await world.pay(payer, payee, 1)).status).toBe(200)
    // The lock is the kernel's: gone with the process, however it ended.
    await payer.restart()
    await untilPays()
  }, 120_000)

  it('a password file that others can read, a wrong password and contracts of another chain end it with one line', () => {
    const env = payee.env
    chmodSync(env.PASSWORD_FILE!, 0o640)
    expect(runOnce(env)).toMatchObject({
      code: 2,
      complaint: expect.stringMatching(/^raiden\.secret_file: .*chmod 600.*\n$/),
    })
    chmodSync(env.PASSWORD_FILE!, 0o600)
    expect(runOnce({ ...env, PASSWORD_FILE: env.KEYSTORE_FILE! })).toMatchObject({
      code: 2,
      complaint: expect.stringMatching(/^raiden\.password: .*\n$/),
    })
    expect(runOnce({ ...env, CHAIN_ID: '5' })).toMatchObject({
      code: 2,
      complaint: expect.stringMatching(/^raiden\.contracts_file: .*\n$/),
    })
    expect(runOnce({ ...env, CHAIN_ID: 'x', RPC_URL: '' })).toMatchObject({ code: 2 })
  })

  function runOnce(env: Record<string, string>): { code: number | null; complaint: string } {
    const { status, stderr } = spawnSync(process.execPath, [NODE_PROGRAM], {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    })
    return { code: status, complaint: stderr }
  }
})
