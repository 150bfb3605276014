import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { channelsOf, onChain } from '../sdk/channels.ts'
import type { ApiContext } from './context.ts'
import { addressField, integerField, parseBody, parsePathAddress, UINT256_MAX } from './fields.ts'
import { ApiRefusal } from './refusal.ts'

const minting = z.strictObject({ to: addressField, value: integerField })

type Params = { token: string }

/** Registered tokens, their networks, and minting of test tokens: /tokens, /_testing/tokens/:token/mint. */
export function tokenRoutes(api: FastifyInstance, { raiden }: ApiContext): void {
  /** The token network; monitored from then on. */
  const networkOf = async (token: string): Promise<string> => {
    const node = raiden()
    try {
      return await onChain(node.monitorToken(token))
    } catch (error) {
      if ((error as { code?: string }).code !== 'RDN_UNKNOWN_TOKEN_NETWORK') throw error
      throw new ApiRefusal(404, 'raiden.unknown_token', `No token network registered for token "${token}"`)
    }
  }

  api.get('/tokens', async () => onChain(raiden().getTokenList(true)))

  api.get<{ Params: Params }>('/tokens/:token', async ({ params }, reply) => {
    const network = await networkOf(parsePathAddress(params.token))
    return reply.type('application/json').send(JSON.stringify(network))
  })

  api.get<{ Params: Params }>('/tokens/:token/partners', async ({ params }) => {
    const token = parsePathAddress(params.token)
    await networkOf(token)
    return channelsOf(raiden())
      .filter((channel) => channel.token === token)
      .map(({ partner }) => ({ partner_address: partner, channel: `/api/v1/channels/${token}/${partner}` }))
  })

  api.put<{ Params: Params }>('/tokens/:token', async ({ params }, reply) => {
    const token = parsePathAddress(params.token)
    const network = await onChain(raiden().registerToken(token))
    return reply.code(201).send({ token_network_address: network })
  })

  api.post<{ Params: Params }>('/_testing/tokens/:token/mint', async ({ params, body }) => {
    const token = parsePathAddress(params.token)
    const { to, value } = parseBody(minting, body)
    if (value < 1n || value > UINT256_MAX)
      throw new ApiRefusal(400, 'raiden.malformed', 'The request is malformed.', {
        errors: { value: ['Must be between 1 and 2^256 - 1.'] },
      })
    return { transaction_hash: await onChain(raiden().mint(token, String(value), { to })) }
  })
}
