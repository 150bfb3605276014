/**
 * A Raiden node for who operates one: REST API v1 in the words of the Python node (raiden/api/rest.py) or of TypeScript ones (raiden/node). It
 * keeps channels and takes deposits; payments are what a test puts there.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getAddress, type Hex } from 'viem'

export type Dialect = 'python' | 'typescript'
/** Of this node: it sent, or failed to send, to `partner`, or received from it. */
export type Noted = { did: 'sent' | 'failed' | 'received'; partner: Hex; amount: bigint; reason?: string }

type ChannelState = { identifier: number; deposit: bigint; balance: bigint; state: string }
type Answer = { status: number; body: unknown }
type Asked = { method: string; parts: string[]; body: Record<string, string> }

const EVENTS = {
  sent: 'EventPaymentSentSuccess',
  failed: 'EventPaymentSentFailed',
  received: 'EventPaymentReceivedSuccess',
}
const SECRET_HASH = `0x${'5e'.repeat(32)}`

export type RaidenNode = Awaited<ReturnType<typeof startRaidenNode>>

export async function startRaidenNode(dialect: Dialect, address: Hex, token: Hex, walletTokens: bigint) {
  const channels = new Map<Hex, ChannelState>()
  const node = {
    url: '',
    status: 'ready' as 'ready' | 'syncing',
    walletTokens,
    /** Why changes are refused with 409, if they are. */
    conflict: undefined as string | undefined,
    channels,
    payments: [] as Noted[],
    pending: [] as Noted[],
    /** What changed the node, in order: "PUT /channels". */
    changes: [] as string[],
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
    const path = new URL(request.url ?? '/', 'http://node').pathname.replace('/api/v1', '')
    let text = ''
    for await (const chunk of request) text += chunk
    const method = request.method ?? 'GET'
    if (method !== 'GET') node.changes.push(`${method} ${path}`)
    const parts = path.split('/').slice(1)
    const { status, body } = answer({ method, parts, body: text === '' ? {} : JSON.parse(text) })
    const plain = dialect === 'typescript' && typeof body === 'string'
    response.writeHead(status).end(plain ? body : JSON.stringify(body))
  }

  function answer({ method, parts: [resource, of, partner], body }: Asked): Answer {
    if (resource === 'status') return { status: 200, body: { status: node.status } }
    if (node.status !== 'ready') return notReady()
    if (resource === 'address') return { status: 200, body: { our_address: getAddress(address) } }
    if (resource === 'tokens') return { status: 200, body: [getAddress(token)] }
    if (resource === 'payments') return { status: 200, body: node.payments.map(paymentOf) }
    if (resource === 'pending_transfers') return { status: 200, body: pending() }
    if (resource !== 'channels') return refuse(404, 'Undefined resource')
    if (method !== 'GET' && node.conflict !== undefined) return refuse(409, node.conflict)
    if (method === 'PUT') return open(body.partner_address as Hex, BigInt(body.total_deposit ?? 0))
    if (method === 'PATCH') return change(partner as Hex, body)
    if (partner === undefined)
      return {
        status: 200,
        body: of === undefined || of === getAddress(token) ? [...channels.keys()].map(channelOf) : [],
      }
    return channels.has(partner as Hex)
      ? { status: 200, body: channelOf(partner as Hex) }
      : refuse(404, 'Channel does not exist')
  }

  function notReady(): Answer {
    return dialect === 'python' ? refuse(503, 'Node is still syncing') : refuse(404, 'Undefined resource')
  }

  function refuse(status: number, reason: string): Answer {
    return { status, body: dialect === 'python' ? { errors: reason } : reason }
  }

  function open(partner: Hex, total: bigint): Answer {
    if (channels.has(partner)) return refuse(409, 'Channel with given partner address already exists')
    if (total > node.walletTokens) return refuse(402, 'Not enough balance to deposit.')
    channels.set(partner, { identifier: channels.size + 1, deposit: 0n, balance: 0n, state: 'opened' })
    return { status: 201, body: deposit(partner, total) }
  }

  function change(partner: Hex, { total_deposit: total, state }: Record<string, string>): Answer {
    const channel = channels.get(partner)
    if (channel?.state !== 'opened') return refuse(409, 'Channel is not open')
    if (state === 'closed') {
      channel.state = state
      return { status: 200, body: channelOf(partner) }
    }
    if (BigInt(total ?? 0) - channel.deposit > node.walletTokens)
      return refuse(402, 'Not enough balance to deposit.')
    return { status: 200, body: deposit(partner, BigInt(total ?? 0)) }
  }

  function deposit(partner: Hex, total: bigint): unknown {
    const channel = channels.get(partner) as ChannelState
    const added = total - channel.deposit
    channel.deposit += added
    channel.balance += added
    node.walletTokens -= added
    return channelOf(partner)
  }

  function channelOf(partner: Hex) {
    const { identifier, deposit: total, balance, state } = channels.get(partner) as ChannelState
    return {
      channel_identifier: dialect === 'python' ? String(identifier) : identifier,
      token_network_address: getAddress(`0x${'0d'.repeat(20)}`),
      ...{ partner_address: partner, token_address: getAddress(token), state },
      ...{ balance: String(balance), total_deposit: String(total), total_withdraw: '0' },
      ...{ settle_timeout: '60', reveal_timeout: '20' },
    }
  }

  function paymentOf({ did, partner, amount, reason }: Noted) {
    const ends = did === 'received' ? { initiator: getAddress(partner) } : { target: getAddress(partner) }
    const own = did === 'received' ? { target: getAddress(address) } : { initiator: getAddress(address) }
    const told = { event: EVENTS[did], token_address: getAddress(token), ...(reason ? { reason } : {}) }
    const sums = { amount: String(amount), identifier: '7' }
    if (dialect === 'typescript')
      return {
        ...told,
        ...sums,
        ...ends,
        ...own,
        secret_hash: SECRET_HASH,
        log_time: '2026-11-02T08:30:00.000Z',
      }
    return { ...told, ...(did === 'failed' ? {} : sums), ...ends, log_time: '2026-11-02T08:30:00.000' }
  }

  function pending(): unknown[] {
    const rows = node.pending.map(({ did, partner, amount }) => ({
      initiator: getAddress(did === 'received' ? partner : address),
      target: getAddress(did === 'received' ? address : partner),
      role: did === 'received' ? (dialect === 'python' ? 'target' : 'target,') : 'initiator',
      ...{ channel_identifier: '1', token_address: getAddress(token), transferred_amount: '0' },
      ...{ locked_amount: String(amount), payment_identifier: '8' },
    }))
    return dialect === 'python' ? rows : [null, ...rows]
  }
}
