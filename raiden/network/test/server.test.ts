// The server as a process, spoken to over HTTP as a node does; no chain and no SDK.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Address, encodePacked, getAddress, type Hex, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { endProgram, NETWORK_PROGRAM, type Program, startProgram } from '../src/start.ts'
import { describeRaiden } from './where-raiden-is.ts'

const TOKEN_NETWORK = getAddress(`0x${'33'.repeat(20)}`)
const CHAIN_ID = 31337
const CAPABILITIES = 'mxc://raiden.network/cap?Receive=1&Mediate=1'

type Answer = { status: number; body: Record<string, unknown> }
type Node = Awaited<ReturnType<typeof joinNetwork>>

describeRaiden('homeserver and path-finding service', () => {
  let dir: string
  let program: Program
  let url: string
  const env = () => ({
    CHAIN_ID: String(CHAIN_ID),
    CONTRACTS_FILE: join(dir, 'contracts.json'),
    DATA_DIR: join(dir, 'data'),
  })

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'consign-network-'))
    writeFileSync(join(dir, 'contracts.json'), JSON.stringify(record()))
    program = await startProgram(NETWORK_PROGRAM, { ...env(), PORT: '0' })
    url = String(program.ready.url)
  })
  afterAll(async () => {
    await endProgram(program, 'SIGTERM')
    rmSync(dir, { recursive: true })
  })

  const node = () => joinNetwork(url)
  const paths = (from: Node, to: Node, value = '1') =>
    ask(url, 'POST', `/api/v1/${TOKEN_NETWORK}/paths`, { from: from.address, to: to.address, value })

  it('says on its first line that it is for development only, and where it listens', () => {
    expect(program.ready).toMatchObject({
      msg: 'ready',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
    })
    expect(program.ready.use).toContain('development only')
  })

  it('refuses who cannot sign as the wallet, who has no token, and what it does not serve', async () => {
    const wallet = privateKeyToAccount(generatePrivateKey())
    const login = (password: string) =>
      ask(url, 'POST', '/_matrix/client/r0/login', {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: wallet.address.toLowerCase() },
        password,
      })
    const foreign = await privateKeyToAccount(generatePrivateKey()).signMessage({
      message: new URL(url).host,
    })
    for (const password of [foreign, 'password', ''])
      expect(await login(password)).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } })
    expect(await ask(url, 'GET', '/_matrix/client/r0/sync')).toMatchObject({
      status: 401,
      body: { errcode: 'M_UNKNOWN_TOKEN' },
    })
    expect(await ask(url, 'GET', '/_matrix/client/r0/rooms')).toMatchObject({
      status: 404,
      body: { errcode: 'M_UNRECOGNIZED' },
    })
  })

  it('refuses what is no JSON, what is not as Matrix has it, and what is too large', async () => {
    const sender = await node()
    const send = (body: unknown) => sender.call('PUT', 'sendToDevice/m.room.message/1', body)
    expect(await send('no object')).toMatchObject({ status: 400 })
    expect(await send({ messages: [] })).toMatchObject({ status: 400, body: { errcode: 'M_BAD_JSON' } })
    const messages = { [sender.userId]: { '*': { body: 'x'.repeat(64 * 1024) } } }
    expect(await send({ messages })).toMatchObject({ status: 413, body: { errcode: 'M_TOO_LARGE' } })
  })

  it('brings a message to the node that waits for it', async () => {
    const [sender, recipient] = [await node(), await node()]
    const { body } = await recipient.call('GET', 'sync')
    const waiting = recipient.call('GET', `sync?since=${body.next_batch}&timeout=30000`)
    await sender.send(recipient, 'hello')
    expect(eventsOf(await waiting)).toEqual([
      { sender: sender.userId, type: 'm.room.message', content: { msgtype: 'm.text', body: 'hello' } },
    ])
  })

  it('tells where a node is only under its signed name, and only while it is there', async () => {
    const wallet = await node()
    const metadata = () => ask(url, 'GET', `/api/v1/address/${wallet.address}/metadata`)
    expect((await metadata()).status).toBe(404)
    await wallet.call('GET', 'sync')
    expect((await metadata()).status).toBe(404)
    await wallet.introduce()
    expect(await metadata()).toMatchObject({
      status: 200,
      body: { user_id: wallet.userId, capabilities: CAPABILITIES },
    })
    await wallet.call('PUT', `presence/${wallet.userId}/status`, { presence: 'offline' })
    expect((await metadata()).status).toBe(404)
  })

  it('finds paths by what nodes say of their own channels, and believes nobody about those of others', async () => {
    const [organisation, supplier, shipper] = [await node(), await node(), await node()]
    for (const present of [organisation, supplier, shipper]) {
      await present.introduce()
      await present.call('GET', 'sync')
    }
    await organisation.tellCapacity({ of: organisation, to: supplier, capacity: 100n })
    await shipper.tellCapacity({ of: supplier, to: shipper, capacity: 100n })
    expect(await paths(organisation, shipper)).toMatchObject({ status: 404, body: { error_code: 2201 } })
    await supplier.tellCapacity({ of: supplier, to: shipper, capacity: 60n })
    const found = await paths(organisation, shipper, '60')
    const path = [organisation, supplier, shipper].map(({ address }) => address)
    expect(found).toMatchObject({ status: 200, body: { result: [{ path, estimated_fee: 0 }] } })
    const [{ address_metadata }] = found.body.result as [{ address_metadata: object }]
    expect(Object.keys(address_metadata)).toEqual(path)
    expect((await paths(organisation, shipper, '61')).status).toBe(404)
  })

  it('killed and started again, it knows its tokens, names, messages and capacities', async () => {
    const [organisation, supplier] = [await node(), await node()]
    for (const present of [organisation, supplier]) {
      await present.introduce()
      await present.call('GET', 'sync')
    }
    await organisation.tellCapacity({ of: organisation, to: supplier, capacity: 100n })
    await organisation.send(supplier, 'before')
    await endProgram(program, 'SIGKILL')
    program = await startProgram(NETWORK_PROGRAM, { ...env(), PORT: new URL(url).port })
    expect((await paths(organisation, supplier)).status).toBe(200)
    const first = await supplier.call('GET', 'sync')
    expect(bodiesOf(first)).toEqual(['before'])
    await organisation.send(supplier, 'after')
    const second = await supplier.call('GET', `sync?since=${first.body.next_batch}&timeout=30000`)
    expect(bodiesOf(second)).toEqual(['after'])
  })

  it('ends when it is told to, with nodes waiting', async () => {
    const waiting = await node()
    const { body } = await waiting.call('GET', 'sync')
    const sync = waiting.call('GET', `sync?since=${body.next_batch}&timeout=30000`).catch(() => undefined)
    expect(await endProgram(program, 'SIGTERM')).toBe(0)
    await sync
    program = await startProgram(NETWORK_PROGRAM, { ...env(), PORT: new URL(url).port })
  })

  it('ends when the process that started it was killed', async () => {
    const command = '"$0" "$1" & echo $!; wait'
    const parent = spawn('sh', ['-c', command, process.execPath, NETWORK_PROGRAM], {
      env: { ...process.env, ...env(), DATA_DIR: join(dir, 'orphan'), PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
    const pid = Number((await lines.next()).value)
    while (!String((await lines.next()).value).includes('"ready"'));
    parent.kill('SIGKILL')
    const isThere = () => {
      try {
        return process.kill(pid, 0)
      } catch {
        return false
      }
    }
    await vi.waitFor(() => expect(isThere()).toBe(false), 60_000)
  }, 120_000)
})

/** Logs a fresh wallet in. */
async function joinNetwork(url: string) {
  const wallet = privateKeyToAccount(generatePrivateKey())
  const user = wallet.address.toLowerCase()
  const login = await ask(url, 'POST', '/_matrix/client/r0/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user },
    password: await wallet.signMessage({ message: new URL(url).host }),
  })
  const { user_id: userId, access_token: token } = login.body as { user_id: string; access_token: string }
  const call = (method: string, path: string, body?: unknown) =>
    ask(url, method, `/_matrix/client/r0/${path}`, body, { authorization: `Bearer ${token}` })
  let transactions = 0
  const sendTo = (recipient: string, device: string, body: string) =>
    call('PUT', `sendToDevice/m.room.message/${++transactions}`, {
      messages: { [recipient]: { [device]: { msgtype: 'm.text', body } } },
    })
  return {
    address: wallet.address,
    userId,
    call,
    send: (recipient: { userId: string }, text: string) => sendTo(recipient.userId, '*', text),
    async introduce() {
      const displayname = await wallet.signMessage({ message: userId })
      await call('PUT', `profile/${userId}/displayname`, { displayname })
      await call('PUT', `profile/${userId}/avatar_url`, { avatar_url: CAPABILITIES })
    },
    async tellCapacity({
      of,
      to,
      capacity,
    }: {
      of: { address: Address }
      to: { address: Address }
      capacity: bigint
    }) {
      const raw = encodePacked(
        [
          ...(['uint256', 'address', 'uint256', 'address', 'address', 'uint64', 'uint64'] as const),
          ...(['uint256', 'uint256', 'uint256'] as const),
        ],
        [BigInt(CHAIN_ID), TOKEN_NETWORK, 1n, of.address, to.address, 0n, 0n, capacity, 0n, 20n],
      )
      const update = {
        type: 'PFSCapacityUpdate',
        canonical_identifier: {
          chain_identifier: String(CHAIN_ID),
          token_network_address: TOKEN_NETWORK,
          channel_identifier: '1',
        },
        updating_participant: of.address,
        other_participant: to.address,
        updating_nonce: '0',
        other_nonce: '0',
        updating_capacity: String(capacity),
        other_capacity: '0',
        reveal_timeout: '20',
        signature: await wallet.signMessage({ message: { raw } }),
      }
      await sendTo('@service:elsewhere', 'PATH_FINDING', JSON.stringify(update))
    },
  }
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function eventsOf({ body }: Answer): { content: { body: string } }[] {
  return (body.to_device as { events: { content: { body: string } }[] }).events
}

function bodiesOf(answer: Answer): string[] {
  return eventsOf(answer).map(({ content }) => content.body)
}

function record(): object {
  const deployed = (index: number) => ({ address: toHex(index, { size: 20 }) as Hex, block_number: 1 })
  return {
    chainId: CHAIN_ID,
    settleTimeoutS: 60,
    contracts: {
      TokenNetworkRegistry: deployed(1),
      ServiceRegistry: deployed(2),
      UserDeposit: deployed(3),
      SecretRegistry: deployed(4),
      MonitoringService: deployed(5),
      OneToN: deployed(6),
    },
    serviceToken: deployed(7).address,
    tokenNetworks: { [deployed(8).address]: TOKEN_NETWORK },
  }
}
