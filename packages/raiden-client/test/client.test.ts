// Against HTTP servers on the loopback: one that answers as the Python node does, and one that says whatever a test wants.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Refusal } from '@consign/envelope'
import { afterEach, describe, expect, it } from 'vitest'
import { ensureChannel, raidenClient } from '../src/index.ts'
import { type NodeDouble, startNodeDouble } from '../src/testing.ts'

const TOKEN = '0xea674fdde714fd979de3edf0f56aa9716b898ec8'
const PARTNER = '0x61c808d82a3ac53231750dadc13c777b59310bd9'
const SECRET = `0x${'07'.repeat(32)}` as const
const SECRET_HASH = `0x${createHash('sha256').update(Buffer.alloc(32, 7)).digest('hex')}`
const of = { token: TOKEN, partner: PARTNER } as const
const payment = {
  token: TOKEN,
  target: PARTNER,
  amount: 30n,
  identifier: 9n,
  secret: SECRET,
  timeoutMs: 5000,
} as const

const closing: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

async function pythonNode(walletTokens = 1000n): Promise<NodeDouble> {
  const node = await startNodeDouble({ token: TOKEN, walletTokens })
  closing.push(node.close)
  return node
}

async function answering(status: number, body: string, delayMs = 0): Promise<string> {
  const server = createServer((request, response) => {
    const isStatus = request.url?.endsWith('/status') === true
    setTimeout(() => {
      if (isStatus) response.writeHead(200).end('{"status":"syncing"}')
      else response.writeHead(status).end(body)
    }, delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const refusalOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ code, retry, message }: Refusal) => ({ code, retry, isOneLine: !message.includes('\n') }),
  )

describe('with a node that speaks as the Python node', () => {
  it('opens and tops up a channel, pays, and finds the payment', async () => {
    const node = await pythonNode()
    const client = raidenClient({ url: `${node.url}/api/v1/` })
    expect(await client.status()).toBe('ready')
    expect(await client.address()).toBe(node.address.toLowerCase())
    expect(await client.channel(of)).toBeUndefined()
    await ensureChannel(client, { ...of, balanceMin: 50n })
    expect(await client.pay(payment)).toMatchObject({ target: PARTNER, amount: 30n, secretHash: SECRET_HASH })
    expect(await client.payments(TOKEN, PARTNER)).toMatchObject([
      { outcome: 'sent', identifier: 9n, amount: 30n },
    ])
    expect(await client.payments(TOKEN)).toHaveLength(1)
    expect(await client.payments()).toHaveLength(1)
    await ensureChannel(client, { ...of, balanceMin: 60n })
    expect(await client.channels(TOKEN)).toMatchObject([
      { balance: 60n, totalDeposit: 90n, partner: PARTNER },
    ])
    expect(node.walletTokens).toBe(910n)
  })

  it('sees what is pending, until it is over', async () => {
    const node = await pythonNode()
    const client = raidenClient({ url: node.url })
    await ensureChannel(client, { ...of, balanceMin: 50n })
    node.holds = true
    expect(await refusalOf(client.pay({ ...payment, timeoutMs: 50 }))).toMatchObject({
      code: 'channel.unreachable',
    })
    expect(await client.pendingTransfers(TOKEN)).toMatchObject([
      { role: 'initiator', amount: 30n, identifier: 9n, target: PARTNER },
    ])
    expect(await client.pendingTransfers()).toHaveLength(1)
    node.release('lock expired')
    expect(await client.pendingTransfers(TOKEN)).toEqual([])
    expect(await client.payments(TOKEN, PARTNER)).toMatchObject([
      { outcome: 'failed', reason: 'lock expired' },
    ])
  })

  it('reads a history of more than a page', async () => {
    const node = await pythonNode()
    const failed = { did: 'failed', partner: PARTNER, amount: 1n, reason: 'no' } as const
    node.payments.push(...Array.from({ length: 1001 }, () => failed))
    expect(await raidenClient({ url: node.url }).payments(TOKEN, PARTNER)).toHaveLength(1001)
  })

  it('says what to do when tokens, a path, or the synchronised node are missing', async () => {
    const node = await pythonNode(10n)
    const client = raidenClient({ url: node.url })
    expect(await refusalOf(ensureChannel(client, { ...of, balanceMin: 50n }))).toEqual({
      code: 'channel.tokens',
      retry: true,
      isOneLine: true,
    })
    expect(await refusalOf(client.pay(payment))).toMatchObject({ code: 'channel.path', retry: true })
    node.status = 'syncing'
    expect(await refusalOf(client.channel(of))).toMatchObject({ code: 'channel.syncing', retry: true })
    expect(await client.status()).toBe('syncing')
  })
})

describe('an answer', () => {
  it.each([
    [500, 'boom\nand more', 'channel.fault', true],
    [502, '', 'channel.syncing', true],
    [402, 'Insufficient balance.', 'channel.tokens', true],
    [409, '{"message":"No valid routes found."}', 'channel.path', true],
    [409, 'The requested target is offline.', 'channel.path', true],
    [409, '{"errors":"Another payment with the same id is in flight"}', 'channel.conflict', false],
    [400, '{"errors":{"amount":["Not a number"]}}', 'channel.request', false],
    [200, '<html>', 'channel.shape', false],
    [200, '{}', 'channel.shape', false],
  ])('%i %s is %s', async (status, body, code, retry) => {
    const client = raidenClient({ url: await answering(status, body) })
    expect(await refusalOf(client.channels(TOKEN))).toEqual({ code, retry, isOneLine: true })
  })

  it('404 is no channel only of a node that is ready', async () => {
    const client = raidenClient({ url: await answering(404, 'Undefined resource') })
    expect(await refusalOf(client.channel(of))).toMatchObject({ code: 'channel.syncing' })
  })
})

describe('without an answer', () => {
  it('every call ends within its bound', async () => {
    const client = raidenClient({ url: await answering(200, '[]', 60_000), timeoutMs: 30 })
    expect(await refusalOf(client.channels())).toMatchObject({ code: 'channel.unreachable', retry: true })
  })

  it('it is said that the process stops, or that the node is away', async () => {
    const { url, close } = await startNodeDouble({ token: TOKEN })
    const stopped = raidenClient({ url, signal: AbortSignal.abort() })
    expect(await refusalOf(stopped.channels())).toMatchObject({ code: 'channel.unreachable' })
    await close()
    await expect(raidenClient({ url }).channels()).rejects.toThrow(/GET \/channels: ECONNREFUSED$/)
  })
})
