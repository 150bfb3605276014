import type { FastifyInstance } from 'fastify'
import { channelsOf, onChain } from '../sdk/channels.ts'
import { channelObject, closeChannel } from './channel-routes.ts'
import type { ApiContext } from './context.ts'
import { parsePathAddress } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

type Params = { token: string }

/** Joined token networks as a whole: GET /connections, and DELETE, which closes every channel of one. */
export function connectionRoutes(api: FastifyInstance, { raiden }: ApiContext): void {
  api.get('/connections', async () => {
    const connections: Record<string, { sum_deposits: string; channels: string }> = {}
    for (const { token, ownDeposit } of channelsOf(raiden()).filter(({ state }) => state === 'open')) {
      const { sum_deposits = '0', channels = '0' } = connections[token] ?? {}
      connections[token] = {
        sum_deposits: String(BigInt(sum_deposits) + BigInt(ownDeposit.toString())),
        channels: String(Number(channels) + 1),
      }
    }
    return connections
  })

  // An older Raiden chose partners by itself when asked to join; neither the SDK nor the current documentation has that.
  api.put<{ Params: Params }>('/connections/:token', async ({ params }) => {
    parsePathAddress(params.token)
    throw new ApiRefusal(
      501,
      'raiden.no_connection_manager',
      'This node does not choose partners by itself; open channels with PUT /channels.',
    )
  })

  api.delete<{ Params: Params }>('/connections/:token', async ({ params }) => {
    const node = raiden()
    const token = parsePathAddress(params.token)
    await onChain(node.monitorToken(token)).catch((error: { code?: string }) => {
      if (error.code !== 'RDN_UNKNOWN_TOKEN_NETWORK') throw error
      throw new ApiRefusal(404, 'raiden.unknown_token', `No token network registered for token "${token}"`)
    })
    const open = channelsOf(node).filter((one) => one.token === token && one.state === 'open')
    // One after the other: each is a transaction of the same wallet.
    const closed = []
    for (const channel of open) closed.push(channelObject(node, await closeChannel(node, channel)))
    return closed
  })
}
