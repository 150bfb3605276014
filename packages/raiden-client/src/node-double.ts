/**
 * A second Raiden node to write clients against: channels, deposits, payments, and what goes wrong as tests decide. It takes EIP-55 alone; a repeated
 * payment with the same identifier pays again once the first is over. How it says all that: node-words.ts.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getAddress, type Hex, isAddress } from 'viem'
import {
  type Answer,
  type ChannelState,
  type Dialect,
  type Noted,
  type Words,
  wordsOf,
} from './node-words.ts'

/**
 * What happens to a request: it is lost, or only its answer is; the node fails before or after it did it, is killed after it, or gets it
 * late, when nobody waits any more.
 */
export type Fault = 'lostRequest' | 'lostReply' | 'error' | 'errorAfter' | 'killed' | 'late'

export type NodeDouble = Awaited<ReturnType<typeof startNodeDouble>>

type Sent = Required<Pick<Noted, 'partner' | 'amount' | 'identifier' | 'secretHash'>>
type InFlight = { sent: Sent; done: Promise<Answer>; finish: (reason?: string) => void }
type Asked = { method: string; parts: string[]; url: URL; body: Record<string, string> }

/** `dialect`: python, if not given; `address`: of its wallet, which holds so many tokens. */
export async function startNodeDouble(options: {
  token: Hex
  walletTokens?: bigint
  address?: Hex
  dialect?: Dialect
}) {
  const { token, walletTokens = 0n, dialect = 'python' } = options
  const address = getAddress(options.address ?? `0x${'0e'.repeat(20)}`)
  const words: Words = wordsOf(dialect, address, token)
  const { refuse } = words
  const channels = new Map<Hex, ChannelState>()
  const inFlight = new Map<string, InFlight>()
  const node = {
    url: '',
    address,
    status: 'ready' as 'ready' | 'syncing',
    walletTokens,
    /** by partner, EIP-55 */
    channels,
    /** What it tells of payments; a test may add to it. */
    payments: [] as Noted[],
    /** What it says is pending beside its own payments. */
    pending: [] as Noted[],
    /** Payments stay pending until `release`. */
    holds: false,
    /** Why changes of channels are refused with 409, if they are. */
    conflict: undefined as string | undefined,
    /** Why the next payments to an address fail; undefined: they succeed. */
    failureOf: (_target: Hex): string | undefined => undefined,
    /** Asked for each request, by method and path. */
    faults: (_method: string, _path: string): Fault | undefined => undefined,
    /** Method and path of each, in order. */
    requests: [] as string[],
    release(reason?: string) {
      node.holds = false
      for (const { finish } of [...inFlight.values()]) finish(reason)
    },
    /** The sum that has arrived at an address. */
    received: (target: Hex) =>
      node.payments
        .filter((one) => one.did === 'sent' && one.partner === getAddress(target))
        .reduce((sum, { amount }) => sum + amount, 0n),
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

  function send(response: ServerResponse, answered: Answer): void {
    response.writeHead(answered.status, { 'content-type': 'application/json' }).end(words.written(answered))
  }

  // What is pending is in its database; whoever waited for the answer is not.
  function kill(): void {
    node.status = 'syncing'
    setTimeout(() => {
      node.status = 'ready'
    }, 20)
  }

  async function answer({ method, parts, url, body }: Asked): Promise<Answer> {
    const [resource, ...addresses] = parts
    if (resource === 'status') return { status: 200, body: { status: node.status } }
    if (node.status !== 'ready') return words.notReady()
    if (resource === 'address') return { status: 200, body: { our_address: address } }
    for (const one of addresses)
      if (!isAddress(one, { strict: true }) || getAddress(one) !== one)
        return refuse(404, 'Not a valid EIP55 encoded address.')
    const [of, partner] = addresses as Hex[]
    if (resource === 'tokens') return { status: 200, body: [getAddress(token)] }
    if (resource === 'payments' && method === 'POST') return pay(partner!, body)
    if (resource === 'payments') return list(partner, url.searchParams)
    if (resource === 'pending_transfers') return { status: 200, body: pending() }
    if (resource !== 'channels') return refuse(404, 'Undefined resource')
    if (method !== 'GET' && node.conflict !== undefined) return refuse(409, node.conflict)
    if (method === 'PUT') return open(body)
    if (method === 'PATCH') return change(partner!, body)
    return show(of, partner)
  }

  function open(body: Record<string, string>): Answer {
    for (const field of ['token_address', 'partner_address'])
      if (body[field] !== getAddress(body[field]!))
        return refuse(400, { [field]: ['Not a valid EIP55 encoded address'] })
    const partner = body.partner_address as Hex
    if (channels.has(partner)) return refuse(409, 'Channel with given partner address already exists')
    const amount = BigInt(body.total_deposit ?? 0)
    if (amount > node.walletTokens) return refuse(402, 'Not enough balance to deposit.')
    const empty = { deposit: 0n, balance: 0n, locked: 0n, state: 'opened' }
    channels.set(partner, { identifier: channels.size + 1, ...empty })
    add(partner, amount)
    return { status: 201, body: channelOf(partner) }
  }

  function change(partner: Hex, { total_deposit: total, state }: Record<string, string>): Answer {
    const channel = channels.get(partner)
    if (channel === undefined) return refuse(409, 'Channel with given partner does not exist')
    if (channel.state !== 'opened') return refuse(409, 'Channel is not open')
    if (state === 'closed') {
      channel.state = state
      return { status: 200, body: channelOf(partner) }
    }
    const amount = BigInt(total ?? 0) - channel.deposit
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

  function show(of: Hex | undefined, partner: Hex | undefined): Answer {
    const isOurs = of === undefined || of === getAddress(token)
    if (partner === undefined) return { status: 200, body: isOurs ? [...channels.keys()].map(channelOf) : [] }
    if (!isOurs || !channels.has(partner)) return refuse(404, 'Channel does not exist')
    return { status: 200, body: channelOf(partner) }
  }

  function channelOf(partner: Hex) {
    return words.channel(partner, channels.get(partner)!)
  }

  async function pay(partner: Hex, body: Record<string, string>): Promise<Answer> {
    const amount = BigInt(body.amount!)
    const identifier = BigInt(body.identifier ?? 1)
    if (identifier <= 0n || identifier >= 2n ** 64n) return refuse(409, 'Payment identifier is too large')
    const secret = Buffer.from(body.secret!.slice(2), 'hex')
    const secretHash = `0x${createHash('sha256').update(secret).digest('hex')}` as Hex
    const key = `${partner}:${identifier}`
    const known = inFlight.get(key)
    if (known !== undefined)
      return known.sent.amount === amount
        ? known.done
        : refuse(409, 'Another payment with the same id is in flight')
    const sent = { partner, amount, identifier, secretHash }
    // Directly, or over whoever else can: this network is one where everybody can mediate.
    const channel = [channels.get(partner), ...channels.values()].find((one) => one && one.balance >= amount)
    if (channel === undefined) {
      node.payments.push({ did: 'failed', ...sent, reason: 'there is no route available' })
      return refuse(409, "Payment couldn't be completed because: there is no route available")
    }
    return start(sent, channel, key)
  }

  function start(sent: Sent, channel: ChannelState, key: string): Promise<Answer> {
    channel.balance -= sent.amount
    channel.locked += sent.amount
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const finish = (reason?: string) => {
      inFlight.delete(key)
      channel.locked -= sent.amount
      if (reason !== undefined) channel.balance += sent.amount
      node.payments.push(reason === undefined ? { did: 'sent', ...sent } : { did: 'failed', ...sent, reason })
      resolve(
        reason === undefined
          ? { status: 200, body: words.made({ did: 'sent', ...sent }) }
          : refuse(409, `Payment couldn't be completed because: ${reason}`),
      )
    }
    inFlight.set(key, { sent, done: promise, finish })
    if (!node.holds) setTimeout(() => finish(node.failureOf(sent.partner)), 2)
    return promise
  }

  function list(partner: Hex | undefined, query: URLSearchParams): Answer {
    const own = node.payments.filter((one) => partner === undefined || getAddress(one.partner) === partner)
    const from = Number(query.get('offset') ?? 0)
    const shown = own.slice(from, from + Number(query.get('limit') ?? own.length))
    return { status: 200, body: shown.map(words.payment) }
  }

  function pending(): unknown[] {
    const own = [...inFlight.values()].map(({ sent }) => ({ did: 'sent' as const, ...sent }))
    return words.pending([...own, ...node.pending])
  }
}
