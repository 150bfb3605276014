/**
 * Raiden's REST API v1 (docs.raiden.network, rest_api.rst; Python node and light client), typed. Every call ends within its bound. Addresses go
 * out as EIP-55 and come back in lower case; amounts are bigint in the token's smallest unit. Refusals: see http.ts, and 'channel.shape'.
 */
import { Refusal } from '@consign/envelope'
import { getAddress, type Hex } from 'viem'
import { type HttpOptions, type Request, request } from './http.ts'
import {
  addressShape,
  type Channel,
  channelShape,
  channelsShape,
  madeShape,
  type Payment,
  type PendingTransfer,
  paymentsShape,
  pendingTransfersShape,
  shaped,
  statusShape,
  tokenNetworkShape,
  tokensShape,
} from './shapes.ts'

export type RaidenClientOptions = HttpOptions & {
  /** Of a question, ms; default 10 s. */
  timeoutMs?: number
  /** Of what waits for the chain (opening, depositing, withdrawing, closing), ms; default 2 min. */
  chainTimeoutMs?: number
}

export type ChannelOf = { token: Hex; partner: Hex }

/** `secret`: 32 bytes that only the payer knows; `secretHash`: their SHA-256. Bounds of a node: identifier < 2^64. */
export type PaymentRequest = {
  token: Hex
  target: Hex
  amount: bigint
  identifier?: bigint
  secret?: Hex
  secretHash?: Hex
  lockTimeout?: bigint
  /** how long to wait for the outcome, ms; afterwards it is unknown */
  timeoutMs: number
}

export type RaidenClient = ReturnType<typeof raidenClient>

const PAGE = 500
// × PAGE = 100,000 payments with one partner; a longer history is a reason to settle that channel.
const PAGES_MAX = 200

export function raidenClient(options: RaidenClientOptions) {
  const { timeoutMs = 10_000, chainTimeoutMs = 120_000 } = options
  const ask = (asked: Omit<Request, 'timeoutMs'> & { timeoutMs?: number }) =>
    request(options, { timeoutMs, ...asked })
  const get = async (path: string) => {
    try {
      return await ask({ path })
    } catch (error) {
      if (hasCode(error, 'channel.missing')) await requireReady(path)
      throw error
    }
  }
  const change = async ({ token, partner }: ChannelOf, body: Record<string, string>): Promise<Channel> => {
    const path = `/channels/${getAddress(token)}/${getAddress(partner)}`
    const answer = await ask({ method: 'PATCH', path, body, timeoutMs: chainTimeoutMs })
    return shaped(channelShape, answer, `PATCH ${path}`)
  }

  return {
    url: options.url,

    address: async (): Promise<Hex> => shaped(addressShape, await ask({ path: '/address' }), 'GET /address'),

    status,

    tokens: async () => shaped(tokensShape, await get('/tokens'), 'GET /tokens'),

    /** The token's network, which any node may make once. */
    async registerToken(token: Hex): Promise<Hex> {
      const path = `/tokens/${getAddress(token)}`
      const answer = await ask({ method: 'PUT', path, timeoutMs: chainTimeoutMs })
      return shaped(tokenNetworkShape, answer, `PUT ${path}`)
    },

    async channels(token?: Hex): Promise<Channel[]> {
      const path = token === undefined ? '/channels' : `/channels/${getAddress(token)}`
      return shaped(channelsShape, await get(path), `GET ${path}`)
    },

    /** Undefined when there is none. */
    async channel({ token, partner }: ChannelOf): Promise<Channel | undefined> {
      const path = `/channels/${getAddress(token)}/${getAddress(partner)}`
      try {
        return shaped(channelShape, await get(path), `GET ${path}`)
      } catch (error) {
        if (hasCode(error, 'channel.missing')) return undefined
        throw error
      }
    },

    /** Resolves when it is open on chain and has the deposit. `settleTimeout`: in the node's unit, blocks or seconds. */
    async open(
      of: ChannelOf & { totalDeposit: bigint; settleTimeout?: bigint | undefined },
    ): Promise<Channel> {
      const body = {
        token_address: getAddress(of.token),
        partner_address: getAddress(of.partner),
        total_deposit: String(of.totalDeposit),
        ...(of.settleTimeout === undefined ? {} : { settle_timeout: String(of.settleTimeout) }),
      }
      const answer = await ask({ method: 'PUT', path: '/channels', body, timeoutMs: chainTimeoutMs })
      return shaped(channelShape, answer, 'PUT /channels')
    },

    /** `total`: of all deposits since the channel was opened, so that a repetition deposits nothing. */
    deposit: (of: ChannelOf, total: bigint) => change(of, { total_deposit: String(total) }),

    withdraw: (of: ChannelOf, total: bigint) => change(of, { total_withdraw: String(total) }),

    close: (of: ChannelOf) => change(of, { state: 'closed' }),

    /**
     * Resolves when the payment is made. After a refusal with 'channel.unreachable', 'channel.fault' or 'channel.conflict' it may have been
     * made, or still be made: look it up.
     */
    async pay(payment: PaymentRequest): Promise<Payment> {
      const { token, target, amount, identifier, secret, secretHash, lockTimeout } = payment
      const path = `/payments/${getAddress(token)}/${getAddress(target)}`
      const body = {
        amount: String(amount),
        identifier: identifier?.toString(),
        secret,
        secret_hash: secretHash,
        lock_timeout: lockTimeout?.toString(),
      }
      const answer = await ask({ method: 'POST', path, body, timeoutMs: payment.timeoutMs })
      return shaped(madeShape, answer, `POST ${path}`)
    },

    /** Payments sent to and received from `partner`, at either end of whatever path; without it those with everyone, without both those of all tokens. */
    async payments(token?: Hex, partner?: Hex): Promise<Payment[]> {
      const path = `/payments${below(token, partner)}`
      const payments: Payment[] = []
      for (let page = 0; page < PAGES_MAX; page++) {
        const query = `${path}?limit=${PAGE}&offset=${page * PAGE}`
        const found = shaped(paymentsShape, await get(query), `GET ${path}`)
        payments.push(...found)
        // A node that knows no pages gives everything at once.
        if (found.length !== PAGE) return payments
      }
      throw new Refusal('channel.request', `GET ${path}: more than ${PAGES_MAX * PAGE} payments, not read`)
    },

    /** Of all tokens without one. */
    async pendingTransfers(token?: Hex): Promise<PendingTransfer[]> {
      const path = `/pending_transfers${below(token)}`
      return shaped(pendingTransfersShape, await get(path), `GET ${path}`)
    },
  }

  async function status() {
    return shaped(statusShape, await ask({ path: '/status' }), 'GET /status')
  }

  // The light client knows its resources only when it is synced: until then all of them are 404.
  async function requireReady(path: string): Promise<void> {
    const now = await status()
    if (now === 'ready') return
    throw new Refusal('channel.syncing', `Raiden node ${options.url}, GET ${path}: the node is ${now}`, {
      retry: true,
    })
  }
}

const below = (...addresses: (Hex | undefined)[]): string =>
  addresses.map((each) => (each === undefined ? '' : `/${getAddress(each)}`)).join('')

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Refusal && error.code === code
}
