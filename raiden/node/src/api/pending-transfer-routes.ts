import type { FastifyInstance } from 'fastify'
import { channelWith } from '../sdk/channels.ts'
import { raidenTransfer, type TransferState } from '../sdk/raiden-ts.ts'
import type { ApiContext } from './context.ts'
import { parsePathAddress } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

type Params = { token: string; partner: string }

/** GET /pending_transfers[/:token[/:partner]]: transfers with something left to do, ours and those that we mediate. */
export function pendingTransferRoutes(api: FastifyInstance, { raiden, address }: ApiContext): void {
  const pending = (filter: { token?: string; partner?: string }) =>
    Object.values(raiden().state.transfers).flatMap((transfer) => {
      const { token, partner, completed } = raidenTransfer(transfer)
      const isAsked = (filter.token ?? token) === token && (filter.partner ?? partner) === partner
      return completed || !isAsked ? [] : pendingObject(transfer, address)
    })

  api.get('/pending_transfers', async () => pending({}))

  api.get<{ Params: Params }>('/pending_transfers/:token', async ({ params }) => {
    const token = parsePathAddress(params.token)
    if (!raiden().state.tokens[token])
      throw new ApiRefusal(404, 'raiden.unknown_token', `Token ${token} is not known.`)
    return pending({ token })
  })

  api.get<{ Params: Params }>('/pending_transfers/:token/:partner', async ({ params }) => {
    const token = parsePathAddress(params.token)
    const partner = parsePathAddress(params.partner)
    if (!channelWith(raiden(), token, partner))
      throw new ApiRefusal(
        404,
        'raiden.no_channel',
        `Channel with partner ${partner} for token ${token} not found.`,
      )
    return pending({ token, partner })
  })
}

function pendingObject(transfer: TransferState, address: string) {
  const { direction, initiator, target, channelId, paymentId, token, tokenNetwork, secrethash } =
    raidenTransfer(transfer)
  const isMediated = initiator !== address && target !== address
  // A mediated payment is two transfers; it is listed once, by the one that we owe.
  if (isMediated && direction === 'received') return []
  const { lock, transferred_amount } = transfer.transfer
  return [
    {
      channel_identifier: channelId.toString(),
      initiator,
      locked_amount: lock.amount.toString(),
      payment_identifier: paymentId.toString(),
      role: isMediated ? 'mediator' : direction === 'sent' ? 'initiator' : 'target',
      secret_hash: secrethash,
      target,
      token_address: token,
      token_network_address: tokenNetwork,
      transferred_amount: transferred_amount.toString(),
    },
  ]
}
