/**
 * How a Raiden node answers over REST API v1: in the words of the Python node (raiden/api/rest.py, v1/encoding.py) or in those of TypeScript ones
 * (raiden/node). They differ in field names, types, what they tell of failed payments, and how they refuse.
 */
import { getAddress, type Hex } from 'viem'

export type Dialect = 'python' | 'typescript'
export type Answer = { status: number; body: unknown }

export type ChannelState = {
  identifier: number
  deposit: bigint
  balance: bigint
  locked: bigint
  state: string
}
/** Of this node: it sent, or failed to send, to `partner`, or received from it. */
export type Noted = {
  did: 'sent' | 'failed' | 'received'
  partner: Hex
  amount: bigint
  identifier?: bigint
  secretHash?: Hex
  reason?: string
}

const EVENTS = {
  sent: 'EventPaymentSentSuccess',
  failed: 'EventPaymentSentFailed',
  received: 'EventPaymentReceivedSuccess',
}
const SECRET_HASH: Hex = `0x${'5e'.repeat(32)}`
const LOGGED_AT = '2026-11-02T08:30:00.000'

export type Words = ReturnType<typeof wordsOf>

/** Of a node with the wallet `address`. */
export function wordsOf(dialect: Dialect, address: Hex, token: Hex) {
  const isPython = dialect === 'python'
  const own = getAddress(address)
  const network = { token_network_address: getAddress(`0x${'0d'.repeat(20)}`) }
  const refuse = (status: number, errors: unknown): Answer => ({
    status,
    body: isPython ? { errors } : String(errors),
  })
  return {
    refuse,
    notReady: (): Answer =>
      isPython ? refuse(503, 'Service unavailable, try again later') : refuse(404, 'Undefined resource'),

    /** What goes over the wire. */
    written: ({ body }: Answer): string =>
      !isPython && typeof body === 'string' ? body : JSON.stringify(body),

    channel: (partner: Hex, { identifier, deposit, balance, state }: ChannelState) => ({
      channel_identifier: isPython ? String(identifier) : identifier,
      ...network,
      ...(isPython ? { network_state: 'unknown' } : {}),
      ...{ partner_address: partner, token_address: getAddress(token), state },
      ...{ balance: String(balance), total_deposit: String(deposit), total_withdraw: '0' },
      ...{ settle_timeout: '60', reveal_timeout: '20' },
    }),

    made: ({ partner, amount, identifier, secretHash }: Noted) => ({
      ...{ initiator_address: own, target_address: getAddress(partner), token_address: getAddress(token) },
      ...{ amount: String(amount), identifier: String(identifier), secret_hash: secretHash },
    }),

    payment({ did, partner, amount, identifier = 7n, secretHash = SECRET_HASH, reason }: Noted) {
      const [from, to] = did === 'received' ? [partner, address] : [address, partner]
      const other = did === 'received' ? { initiator: getAddress(from) } : { target: getAddress(to) }
      const told = { event: EVENTS[did], token_address: getAddress(token), ...(reason ? { reason } : {}) }
      const sums = { amount: String(amount), identifier: String(identifier) }
      // The Python node names the other side alone, and of what failed neither sum nor identifier.
      if (isPython) return { ...told, ...(did === 'failed' ? {} : sums), ...other, log_time: LOGGED_AT }
      const ends = { initiator: getAddress(from), target: getAddress(to) }
      return { ...told, ...sums, ...ends, secret_hash: secretHash, log_time: `${LOGGED_AT}Z` }
    },

    pending(all: readonly Noted[]): unknown[] {
      const rows = all.map(({ did, partner, amount, identifier = 8n }) => ({
        initiator: getAddress(did === 'received' ? partner : address),
        target: getAddress(did === 'received' ? address : partner),
        role: did === 'received' ? (isPython ? 'target' : 'target,') : 'initiator',
        ...{ channel_identifier: '1', token_address: getAddress(token), ...network },
        ...{ transferred_amount: '0', locked_amount: String(amount) },
        payment_identifier: String(identifier),
      }))
      return isPython ? rows : [null, ...rows]
    },
  }
}
