/**
 * A second Raiden node to write clients against: it answers as the Python node does (raiden/api/rest.py, v1/encoding.py): its field names, its
 * status codes, EIP-55 only, a repeated payment with the same identifier that pays again once the first is over. Tests decide what goes wrong.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getAddress, type Hex, isAddress } from 'viem'

type ChannelState = { identifier: number; deposit: bigint; balance: bigint; locked: bigint; state: string }
type Sent = { target: Hex; amount: bigint; identifier: bigint; secretHash: Hex }
type Event = Partial<Sent> & { event: string; target: Hex; reason?: string }
type Answer = { status: number; body: unknown }

/**
 * What happens to a request: it is lost, or only its answer is; the node fails before or after it did it, is killed after it, or gets it
 * late, when nobody waits any more.
 */
export type Fault = 'lostRequest' | 'lostReply' | 'error' | 'errorAfter' | 'killed' | 'late'

export type PythonNode = Awaited<ReturnType<typeof startPythonNode>>

const refuse = (status: number, errors: unknown): Answer => ({ status, body: { errors } })

export async function startPythonNode(token: Hex, walletTokens = 0n) {
  const address = getAddress(`0x${'0e'.repeat(20)}`)
  const channels = new Map<Hex, ChannelState>()
  const events: Event[] = []
  const inFlight = new Map<string, { sent: Sent; done: Promise<Answer>; finish: (reason?: string) => void }>()
  const node = {
    url: '',
    address,
    status: 'ready' as 'ready' | 'syncing',
    walletTokens,
    channels,
    events,
    /** Payments stay pending until `release`. */
    holds: false,
    /** Why the next payments to an address fail; undefined: they succeed. */
    failureOf: (_target: Hex): string | undefined => undefined,
    /** Asked for each request, by method and path. */
    faults: (_method: string, _path: string): Fault | undefined => undefined,
    requests: [] as string[],
    release(reason?: string) {
      node.holds = false
      for (const { finish } of [...inFlight.values()]) finish(reason)
    },
    /** The sum that has arrived at an address. */
    received: (target: Hex) =>
      events
        .filter((one) => one.event === 'EventPaymentSentSuccess' && one.target === getAddress(target))
        .reduce((sum, { amount = 0n }) => sum + amount, 0n),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }

  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return node

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://node')
    const path = url.pathname.replace('/api/v1', '')
    let text = ''
    for await (const chunk of request) text += chunk
    const method = request.method ?? 'GET'
    node.requests.push(`${method} ${path}`)
    const fault = node.faults(method, path)
    if (fault === 'lostRequest') return void response.destroy()
    if (fault === 'error') return send(response, refuse(500, 'Internal server error'))
    if (fault === 'late') {
      response.destroy()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const asked = { method, parts: path.split('/').slice(1), url, body: text === '' ? {} : JSON.parse(text) }
    const answering = answer(asked)
    if (fault === 'killed') kill()
    const answered = await answering
    if (fault === 'lostReply' || fault === 'late' || fault === 'killed') return void response.destroy()
    send(response, fault === 'errorAfter' ? refuse(500, 'Internal server error') : answered)
  }

  // What is pending is in its database; whoever waited for the answer is not.
  function kill(): void {
    node.status = 'syncing'
    setTimeout(() => {
      node.status = 'ready'
    }, 20)
  }

  type Asked = { method: string; parts: string[]; url: URL; body: Record<string, string> }

  async function answer({ method, parts, url, body }: Asked): Promise<Answer> {
    const [resource, ...addresses] = parts
    if (resource === 'address') return { status: 200, body: { our_address: address } }
    if (resource === 'status') return { status: 200, body: { status: node.status } }
    if (node.status !== 'ready') return refuse(503, 'Service unavailable, try again later')
    for (const one of addresses)
      if (!isAddress(one, { strict: true }) || getAddress(one) !== one)
        return refuse(404, 'Not a valid EIP55 encoded address.')
    const [, partner] = addresses as Hex[]
    if (resource === 'tokens') return { status: 200, body: [getAddress(token)] }
    if (resource === 'channels' && method === 'PUT') return open(body)
    if (resource === 'channels' && method === 'PATCH') return deposit(partner!, body)
    if (resource === 'channels') return show(partner)
    if (resource === 'payments' && method === 'POST') return pay(partner!, body)
    if (resource === 'payments') return list(partner, url.searchParams)
    if (resource === 'pending_transfers') return { status: 200, body: pending() }
    return refuse(404, 'Not found')
  }

  function open(body: Record<string, string>): Answer {
    for (const field of ['token_address', 'partner_address'])
      if (body[field] !== getAddress(body[field]!))
        return refuse(400, { [field]: ['Not a valid EIP55 encoded address'] })
    const partner = body.partner_address as Hex
    if (channels.has(partner)) return refuse(409, 'Channel with given partner address already exists')
    const amount = BigInt(body.total_deposit ?? 0)
    if (amount > node.walletTokens) return refuse(402, 'Not enough balance to deposit.')
    channels.set(partner, {
      identifier: channels.size + 1,
      deposit: 0n,
      balance: 0n,
      locked: 0n,
      state: 'opened',
    })
    add(partner, amount)
    return { status: 201, body: channelOf(partner) }
  }

  function deposit(partner: Hex, body: Record<string, string>): Answer {
    const channel = channels.get(partner)
    if (channel === undefined) return refuse(409, 'Channel with given partner does not exist')
    const amount = BigInt(body.total_deposit ?? 0) - channel.deposit
    if (amount < 0n) return refuse(409, 'Deposit lower than the on-chain balance of the channel')
    if (amount > node.walletTokens) return refuse(402, 'Not enough balance to deposit.')
    add(partner, amount)
    return { status: 200, body: channelOf(partner) }
  }

  function add(partner: Hex, amount: bigint): void {
    const channel = channels.get(partner)!
    channel.deposit += amount
    channel.balance += amount
    node.walletTokens -= amount
  }

  function show(partner: Hex | undefined): Answer {
    if (partner === undefined) return { status: 200, body: [...channels.keys()].map(channelOf) }
    if (!channels.has(partner)) return refuse(404, 'Channel does not exist')
    return { status: 200, body: channelOf(partner) }
  }

  function channelOf(partner: Hex) {
    const { identifier, deposit: total, balance, state } = channels.get(partner)!
    return {
      channel_identifier: String(identifier),
      token_network_address: getAddress(`0x${'0d'.repeat(20)}`),
      network_state: 'unknown',
      partner_address: partner,
      token_address: getAddress(token),
      balance: String(balance),
      total_deposit: String(total),
      total_withdraw: '0',
      state,
      settle_timeout: '500',
      reveal_timeout: '50',
    }
  }

  async function pay(target: Hex, body: Record<string, string>): Promise<Answer> {
    const amount = BigInt(body.amount!)
    const identifier = BigInt(body.identifier ?? 1)
    if (identifier <= 0n || identifier >= 2n ** 64n) return refuse(409, 'Payment identifier is too large')
    const secretHash = `0x${createHash('sha256')
      .update(Buffer.from(body.secret!.slice(2), 'hex'))
      .digest('hex')}` as Hex
    const key = `${target}:${identifier}`
    const known = inFlight.get(key)
    if (known !== undefined)
      return known.sent.amount === amount
        ? known.done
        : refuse(409, 'Another payment with the same id is in flight')
    // Directly, or over whoever else can: this network is one where everybody can mediate.
    const channel = [channels.get(target), ...channels.values()].find((one) => one && one.balance >= amount)
    if (channel === undefined) {
      events.push({ event: 'EventPaymentSentFailed', target, reason: 'there is no route available' })
      return refuse(409, "Payment couldn't be completed because: there is no route available")
    }
    return start({ target, amount, identifier, secretHash }, channel, key)
  }

  function start(sent: Sent, channel: ChannelState, key: string): Promise<Answer> {
    channel.balance -= sent.amount
    channel.locked += sent.amount
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const finish = (reason?: string) => {
      inFlight.delete(key)
      channel.locked -= sent.amount
      if (reason !== undefined) channel.balance += sent.amount
      const { target } = sent
      events.push(
        reason === undefined
          ? { event: 'EventPaymentSentSuccess', ...sent }
          : { event: 'EventPaymentSentFailed', target, reason },
      )
      resolve(
        reason === undefined
          ? { status: 200, body: madeOf(sent) }
          : refuse(409, `Payment couldn't be completed because: ${reason}`),
      )
    }
    inFlight.set(key, { sent, done: promise, finish })
    if (!node.holds) setTimeout(() => finish(node.failureOf(sent.target)), 2)
    return promise
  }

  function madeOf({ target, amount, identifier, secretHash }: Sent) {
    return {
      initiator_address: address,
      target_address: target,
      token_address: getAddress(token),
      amount: String(amount),
      identifier: String(identifier),
      secret_hash: secretHash,
    }
  }

  function list(target: Hex | undefined, query: URLSearchParams): Answer {
    const own = events.filter((one) => target === undefined || one.target === target)
    const from = Number(query.get('offset') ?? 0)
    const shown = own.slice(from, from + Number(query.get('limit') ?? own.length)).map((one) => ({
      event: one.event,
      ...(one.event === 'EventPaymentSentFailed'
        ? { reason: one.reason }
        : { amount: String(one.amount), identifier: String(one.identifier) }),
      target: one.target,
      log_time: '2026-01-01T00:00:00.000',
      token_address: getAddress(token),
    }))
    return { status: 200, body: shown }
  }

  function pending() {
    return [...inFlight.values()].map(({ sent }) => ({
      channel_identifier: '1',
      initiator: address,
      locked_amount: String(sent.amount),
      payment_identifier: String(sent.identifier),
      role: 'initiator',
      target: sent.target,
      token_address: getAddress(token),
      token_network_address: getAddress(`0x${'0d'.repeat(20)}`),
      transferred_amount: '0',
    }))
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
