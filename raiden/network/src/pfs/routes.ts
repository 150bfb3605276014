/**
 * The part of the path-finding service's API that raiden-ts 3.1 uses: what the service is, whether an address can be reached, paths. It asks no price.
 * https://raiden-network-specification.readthedocs.io/en/latest/pathfinding_service.html
 */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Address, getAddress, isAddress } from 'viem'
import { z } from 'zod'
import type { RaidenDeployment } from '../deployment/record.ts'
import type { Accounts } from '../matrix/accounts.ts'
import type { Presence } from '../matrix/presence.ts'
import type { Capacities } from './capacities.ts'
import { findPath } from './paths.ts'

export type PathFinding = {
  deployment: RaidenDeployment
  accounts: Accounts
  presence: Presence
  capacities: Capacities
  /** Of the homeserver that the nodes use. */
  matrixUrl: () => string
}

// Nobody is paid; the SDK wants an address to send capacities to.
const PAYMENT_ADDRESS: Address = '0x0000000000000000000000000000000000000001'

// Codes of Raiden's own service, pathfinding_service/exceptions.py.
const INVALID_REQUEST = 2000
const UNSUPPORTED_TOKEN_NETWORK = 2004
const NO_ROUTE = 2201
// Ours: the original answers 404 without a code of its own.
const ADDRESS_OFFLINE = 2200

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }))
  .transform((value) => getAddress(value))
const amount = z.union([z.string().regex(/^\d{1,78}$/), z.int().nonnegative()]).transform(BigInt)
const questionSchema = z.object({ from: address, to: address, value: amount })

export function servePaths(server: FastifyInstance, service: PathFinding): void {
  const { deployment, matrixUrl } = service
  server.get('/api/v1/info', async () => ({
    price_info: 0,
    network_info: {
      chain_id: deployment.chainId,
      token_network_registry_address: deployment.contracts.TokenNetworkRegistry.address,
      confirmed_block: { number: deployment.contracts.TokenNetworkRegistry.block_number },
    },
    payment_address: PAYMENT_ADDRESS,
    matrix_server: matrixUrl(),
    version: '1',
    operator: 'consign',
    message: 'for development only',
  }))
  server.get<{ Params: { address: string } }>('/api/v1/address/:address/metadata', async (request, reply) => {
    const known = isAddress(request.params.address, { strict: false })
      ? metadataOf(service, getAddress(request.params.address))
      : undefined
    return known ?? failure(reply, 404, ADDRESS_OFFLINE, 'the node of this address is not online')
  })
  server.post<{ Params: { tokenNetwork: string } }>('/api/v1/:tokenNetwork/paths', async (request, reply) => {
    const network = Object.values(deployment.tokenNetworks).find(
      (known) => known.toLowerCase() === request.params.tokenNetwork.toLowerCase(),
    )
    if (network === undefined)
      return failure(reply, 400, UNSUPPORTED_TOKEN_NETWORK, 'this service does not serve the token network')
    const question = questionSchema.safeParse(request.body)
    if (!question.success)
      return failure(reply, 400, INVALID_REQUEST, 'ask with from, to (addresses) and value (an amount)')
    return (
      answer(service, network, question.data) ?? failure(reply, 404, NO_ROUTE, 'no route between the nodes')
    )
  })
}

function answer(
  service: PathFinding,
  network: Address,
  { from, to, value }: z.output<typeof questionSchema>,
): object | undefined {
  const path = findPath(service.capacities.edges(network), {
    from,
    to,
    amount: value,
    isOnline: (node) => metadataOf(service, node) !== undefined,
  })
  if (path === undefined || path.length < 2) return undefined
  const address_metadata = Object.fromEntries(path.map((node) => [node, metadataOf(service, node)]))
  return { result: [{ path, estimated_fee: 0, address_metadata }], feedback_token: randomUUID() }
}

/** What a peer needs to talk to a node; undefined unless it is online under a signed name. */
function metadataOf({ accounts, presence }: PathFinding, node: Address): object | undefined {
  const lower = node.toLowerCase() as Address
  const account = accounts.find(lower)
  if (account === undefined || account.displayname === '' || !presence.isOnline(lower)) return undefined
  return {
    user_id: accounts.userId(lower),
    displayname: account.displayname,
    capabilities: account.avatarUrl,
  }
}

function failure(reply: FastifyReply, status: number, error_code: number, errors: string): object {
  reply.code(status)
  return { errors, error_code, error_details: {} }
}
