import type { FastifyInstance } from 'fastify'
import { Raiden } from '../sdk/raiden-ts.ts'
import type { ApiContext } from './context.ts'

/** About what opening, closing and settling one channel costs, at 10 gwei. */
const GAS_RESERVE_WEI = 10n ** 16n

/** What the node is and how it is: /address, /version, /status, /settings, /contracts, /notifications, /shutdown. */
export function nodeRoutes(api: FastifyInstance, context: ApiContext): void {
  const { raiden, address } = context

  // Known from the keystore, so it answers while the rest of the network is away.
  api.get('/address', async () => ({ our_address: address }))

  api.get('/version', async () => ({ version: Raiden.version }))

  // The SDK reads the chain in one go: there is no number of blocks to count down.
  api.get('/status', async () => ({ ...context.status(), blocks_to_sync: '0' }))

  api.get('/settings', async () => ({ pathfinding_service_address: context.pfsUrl }))

  api.get('/contracts', async () => {
    const { contractsInfo } = raiden()
    return {
      contracts_version: Raiden.contractVersion,
      monitoring_service_address: contractsInfo.MonitoringService.address,
      one_to_n_address: contractsInfo.OneToN.address,
      secret_registry_address: contractsInfo.SecretRegistry.address,
      service_registry_address: contractsInfo.ServiceRegistry.address,
      token_network_registry_address: contractsInfo.TokenNetworkRegistry.address,
      user_deposit_address: contractsInfo.UserDeposit.address,
    }
  })

  api.get('/notifications', async () => {
    const balance = BigInt((await raiden().getBalance()).toString())
    if (balance >= GAS_RESERVE_WEI) return []
    const body = `The wallet holds ${balance} wei; below ${GAS_RESERVE_WEI} it may be unable to close and settle its channels.`
    return [{ id: 'missing_gas_reserve', summary: 'ETH balance too low', body, urgency: 'normal' }]
  })

  api.post('/shutdown', async (_request, reply) => {
    reply.raw.once('finish', () => context.shutdown())
    return { status: 'shutdown' }
  })
}
